"""The project's benchmarks: `nonadia bench heom`, against QuTiP and memory bandwidth, `wavepacket` and `langevin`.

    cases       the junctions that are timed, their oracles and their targets
    process     a measurement in its own process: one thread, limits of time and memory
    child       what such a process runs
    own         build, preconditioner, solve, memory and streaming of nonadia
    geometries  solves per geometry, and the first geometry of a grid against each further one
    peer        the same junction, exponents and tier in QuTiP (optional)
    suite       all of it in one run, saved as JSON after every case
    report      the table
    compared    a benchmark of cases against other packages: what wavepacket and langevin have in common
    wavepacket  the same for wave packets: steps against bare Fourier transforms, propagations against other packages, one
                factorization, memory; with wavepacket_cases, wavepacket_own, wavepacket_peer and wavepacket_report
    langevin    the same for ensembles of trajectories: rate with one and two threads, against a NumPy loop and ASE, memory;
                with langevin_cases, langevin_own, langevin_peer and langevin_report

May import: everything left of runs. Not needed by any computation.
"""
