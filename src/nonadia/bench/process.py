"""A measurement in its own process: one thread, a limit of time and one of memory, and its own peak of memory.

The child reads its task as one line of JSON and answers with lines of JSON, which are merged; what it said before it ran into a
limit counts. It ends with its parent: a thread in it waits for the end of its standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
INTERVAL = 0.05  # seconds between looks at a child


def run(task: dict[str, Any], time_limit: float, memory_limit: float) -> dict[str, Any]:
    """What the child said, with status "ok", "time limit", "memory limit" or "failed" (and `message`).

    time_limit in seconds, memory_limit in bytes of resident memory (where the system tells). phase_s: how long the phase that
    the child announced last had lasted when it ended; seen_bytes: the most resident memory that was seen from outside. An
    exception, Ctrl-C included, ends the child too.
    """
    environment = os.environ | dict.fromkeys(THREADS, "1")
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "nonadia.bench.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the parent, which decides
        )
        answers = _Answers(process)
        try:
            status, seen = _watch(process, task, time_limit, memory_limit)
        finally:
            process.kill()
            process.wait()
            answers.join()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
        result = {"status": status, **answers.merged, "seen_bytes": seen, "phase_s": answers.until - answers.since}
        if status == "failed":
            errors.seek(0)
            result["message"] = (errors.read().strip().splitlines() or [f"exit status {process.returncode}"])[-1]
        return result


def _watch(process: subprocess.Popen[str], task: dict[str, Any], time_limit: float, memory_limit: float) -> tuple[str, int]:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(task) + "\n")
        process.stdin.flush()
    until, seen = time.perf_counter() + time_limit, 0
    while True:
        try:
            return ("failed" if process.wait(INTERVAL) else "ok"), seen
        except subprocess.TimeoutExpired:
            seen = max(seen, resident_bytes(process.pid))
            if time.perf_counter() > until:
                return "time limit", seen
            if seen > memory_limit:
                return "memory limit", seen


class _Answers(threading.Thread):
    """Merges the lines that a child writes. since: when its present phase began; until: when its output ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self.merged: dict[str, Any] = {}
        self.since = self.until = time.perf_counter()
        self._process = process
        self.start()

    def run(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            if answer.get("phase") != self.merged.get("phase"):
                self.since = time.perf_counter()
            self.merged |= answer
        self.until = time.perf_counter()


def resident_bytes(process: int | str = "self") -> int:
    """Resident memory of a process; 0 where there is no /proc, or no such process any more."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def peak_bytes() -> int:
    """Largest resident memory of this program so far.

    From /proc where there is one: getrusage also counts what the parent held when it started this process.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
