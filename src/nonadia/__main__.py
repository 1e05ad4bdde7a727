"""The command `nonadia`, also `python -m nonadia`: listens for Ctrl-C before the first import that takes time."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. An interruption is one line and exit status 1 at any moment."""
    from .runs import stop

    try:
        stop.listen()
        from .runs.cli import main as command

        command()
    except KeyboardInterrupt:
        print("interrupted; nothing was computed yet", file=sys.stderr)
        sys.exit(1)
    except Exception:
        if not stop.requested():
            raise
        print("interrupted; nothing was computed yet", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
