"""From an input file to a result file: schema, experiment, execution, result store.

May import the rooms of physics and plot. Free of imports, so that the command line loads fast.
"""
