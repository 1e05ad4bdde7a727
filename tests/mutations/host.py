"""A process that has imported the libraries once and runs tests in children of its own: most of a short test is imports.

Reads one job a line (JSON: arguments of pytest, environment, whether to write bytecode, file for the output, seconds), answers
each with a line: the exit status, or -1 where the child was killed after so many seconds. It never imports the package itself.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import time
from typing import Any

LIBRARIES = (
    "pytest", "numpy.testing", "scipy.linalg", "scipy.optimize", "scipy.interpolate", "scipy.sparse.linalg", "scipy.integrate",
    "scipy.special", "scipy.ndimage", "scipy.stats", "scipy.fft", "sympy", "xarray", "numba",
)  # fmt: skip


def child(job: dict[str, Any]) -> None:
    """Runs the tests of a job; never returns."""
    os.setpgid(0, 0)
    log = os.open(job["log"], os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(job["environment"])
    sys.dont_write_bytecode = not job["bytecode"]
    import numba
    import pytest

    numba.config.reload_config()  # the folder of its cache
    code = int(pytest.main(job["arguments"]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def finished(number: int, seconds: float) -> int:
    """Exit status of a child; -1 where it had to be killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(number, signal.SIGKILL)
    os.waitpid(number, 0)
    return -1


def main() -> None:
    """Until the end of the input."""
    for name in LIBRARIES:
        importlib.import_module(name)
    import numba

    numba.njit(lambda x: x + 1.0)(1.0)  # the compiler's own start
    found = importlib.util.find_spec("nonadia")
    print(found.origin if found else "", flush=True)  # where children will import it from
    for line in sys.stdin:
        job = json.loads(line)
        number = os.fork()
        if number == 0:
            child(job)
        print(finished(number, job["seconds"]), flush=True)


if __name__ == "__main__":
    main()
