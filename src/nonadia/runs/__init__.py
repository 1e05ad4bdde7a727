"""From an input file to a result file: schema, experiment, execution, result store, command line.

May import every other room; no room imports it. Kept free of imports so that `nonadia --help` is instant.
"""
