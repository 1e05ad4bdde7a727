"""One measurement, in the process that `process.run` starts: python -m nonadia.bench.child < task.json"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import fields
from typing import Any

from .cases import Case


def case_of(task: dict[str, Any]) -> Case:
    """The case in a task; its targets stay with the parent."""
    values = {f.name: task["case"][f.name] for f in fields(Case) if f.name != "targets" and f.name in task["case"]}
    for name in ("levels", "vibration"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return Case(**values)


def main() -> None:
    """Runs the task {"kind": "own" | "peer" | "geometries", …} and writes its answers, one JSON object a line."""
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def emit(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    if task["kind"] == "own":
        from . import own

        own.measure(case_of(task), task["repeats"], emit)
        emit({"threads": _threads()})
    elif task["kind"] == "peer":
        from . import peer

        peer.measure(case_of(task), task["repeats"], emit)
    else:
        from . import geometries

        geometries.measure(task["points"], task["rounds"], emit)


def _threads() -> dict[str, int]:
    """How many threads the compiled kernels may use, and every variable that limits a library's threads."""
    import numba

    from .process import THREADS

    return {"numba": int(numba.get_num_threads())} | {name: int(os.environ[name]) for name in THREADS if name in os.environ}


def _end_with_parent() -> None:
    os.read(0, 1)  # returns only when the parent closes its end, or dies
    os._exit(1)


if __name__ == "__main__":
    main()
