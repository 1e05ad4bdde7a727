"""The command `nonadia`, also `python -m nonadia`: listens for Ctrl-C before the first import that takes time."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line. An interruption is one line and exit status 1 at any moment."""
    from .runs import stop

    code: object = 1
    try:
        stop.listen()
        from .cli.app import main as command

        command()
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        if not (stop.requested() or isinstance(error, KeyboardInterrupt)):
            raise
        print("interrupted; nothing was computed yet", file=sys.stderr)
    if stop.requested():
        # Python ends with status 130 once an interrupt has passed through exec(), handled or not; and it would wait for workers
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code if isinstance(code, int) else 0)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
