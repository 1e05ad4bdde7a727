"""`python -m nonadia` is the command line."""

from .runs.cli import main

if __name__ == "__main__":
    main()
