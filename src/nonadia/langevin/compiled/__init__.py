"""Trajectories of one coordinate as fast as the processor allows, and the noise of all engines.

    philox  noise keyed by (seed, trajectory, step);  fast: the interface, kernel: letters of a scheme for a block
    lanes   eight numbers at a time (lane_math: exp, log, sincos; lane_memory: tables)
"""
