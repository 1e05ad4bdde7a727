"""One measurement, in the process that `process.run` starts: python -m nonadia.bench.child < task.json"""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cases import Case
    from .langevin_cases import Case as EnsembleCase
    from .wavepacket_cases import Case as PacketCase


def case_of(task: dict[str, Any]) -> Case:
    """The junction in a task; its targets stay with the parent."""
    from .cases import Case

    values = {f.name: task["case"][f.name] for f in fields(Case) if f.name != "targets" and f.name in task["case"]}
    for name in ("levels", "vibration"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return Case(**values)


def packet_of(task: dict[str, Any]) -> PacketCase:
    """The wave packet in a task; its targets stay with the parent."""
    from .wavepacket_cases import Case

    return Case(**{name: value for name, value in task["case"].items() if name != "targets"})


def ensemble_of(task: dict[str, Any]) -> EnsembleCase:
    """The ensemble in a task; its targets stay with the parent."""
    from .langevin_cases import Case

    return Case(**{name: value for name, value in task["case"].items() if name != "targets"})


def main() -> None:
    """Runs the task {"kind": …} and writes its answers, one JSON object a line.

    Kinds: own, peer, geometries (of the hierarchy); packet, packet memory, packet peer (of wave packets); langevin,
    langevin memory, langevin peer (of ensembles).
    """
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
    elif task["kind"] == "packet":
        from . import wavepacket_own

        wavepacket_own.measure(packet_of(task), task["repeats"], emit)
        emit({"threads": _threads()})
    elif task["kind"] == "packet memory":
        from . import wavepacket_own

        wavepacket_own.measure_memory(packet_of(task), emit)
    elif task["kind"] == "packet peer":
        from . import wavepacket_peer

        wavepacket_peer.measure(task["peer"], packet_of(task), task["repeats"], emit)
    elif task["kind"] == "langevin":
        from . import langevin_own

        langevin_own.measure(ensemble_of(task), task["repeats"], emit)
    elif task["kind"] == "langevin memory":
        from . import langevin_own

        langevin_own.measure_memory(ensemble_of(task), emit)
    elif task["kind"] == "langevin peer":
        from . import langevin_peer

        langevin_peer.measure(task["peer"], ensemble_of(task), task["repeats"], emit)
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
