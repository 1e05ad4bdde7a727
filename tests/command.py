"""The command line as tests use it: in this process, with its output and exit status."""

from __future__ import annotations

import contextlib
import io
import signal
import subprocess
import sys
from pathlib import Path

from nonadia.cli.app import main


def nonadia(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What `nonadia WORDS` does in `folder`; in this process, where imports are already paid for."""
    out, err, argv = io.StringIO(), io.StringIO(), sys.argv
    handler = signal.getsignal(signal.SIGTERM)
    sys.argv = ["nonadia", *words]
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.argv = argv
        signal.signal(signal.SIGTERM, handler)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def assert_refused(done: subprocess.CompletedProcess[str], *words: str, lines: int = 1) -> None:
    """Exit status 2, `lines` lines on stderr that hold all of `words`, and no traceback."""
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == lines, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
