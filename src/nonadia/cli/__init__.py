"""The command line: what is typed becomes calls of the other rooms, what they answer becomes lines and an exit status.

May import every other room; no room imports it. Kept free of imports so that `nonadia --help` is instant.
"""
