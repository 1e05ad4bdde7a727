"""`nonadia bench`: what was asked for, checked; the table as it grows; the exit status.

Status 0 if every case was computed and its occupation is right; a missed target of speed is said, and is no failure.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..bench import report, suite
from ..bench.cases import QUICK, select
from .errors import InputError

BENCHMARKS = ("heom",)
QUICK_LIMIT = 20.0  # seconds for QuTiP with --quick


def benchmark(
    name: str,
    output: Path | None,
    cases: Sequence[str] | None,
    quick: bool,
    peer: bool,
    peer_large: bool,
    time_limit: float | None,
) -> None:
    """Runs benchmark `name`; `cases`: names, each item may hold several with commas; time_limit: seconds, None for the default.

    Errors: InputError for an unknown benchmark or case, or a file that cannot be written; SystemExit(1) if a case failed or the
    run was interrupted.
    """
    if name not in BENCHMARKS:
        raise InputError([("nonadia bench", name, f"there is no such benchmark; there is: {', '.join(BENCHMARKS)}")])
    target = output or Path(f"bench-{name}.json")
    wanted = [word.strip() for item in cases or () for word in item.split(",") if word.strip()]
    try:
        chosen = select(wanted or (QUICK if quick else ()))
    except ValueError as error:
        raise InputError([("nonadia bench", "--cases", str(error))]) from None
    extent: dict[str, Any] = {"repeats": 0.5, "points": 5, "rounds": 1} if quick else {}
    limit = time_limit or (QUICK_LIMIT if quick else suite.Plan.time_limit)
    plan = suite.Plan(chosen, limit, peer, peer_large, **extent)
    done = 0

    def say(what: str, entry: dict[str, Any] | None) -> None:
        nonlocal done
        if entry is None:
            print(f"{what} ...", file=sys.stderr, flush=True)
        else:
            done += 1
            print(report.row(what, entry), flush=True)

    try:
        suite.save({"finished": False}, target)
    except OSError as error:
        raise InputError([(str(target), "-o", f"cannot be written ({error.strerror}); choose another place")]) from None
    print(report.LEGEND)
    print(report.HEADER)
    try:
        results = suite.run(plan, target, say)
    except KeyboardInterrupt:
        print(f"interrupted; {done} of {len(chosen)} cases are saved in {target}", file=sys.stderr)
        raise SystemExit(1) from None
    for line in report.closing(results):
        print(line)
    if results["conditions"]["qutip"] == "not installed":
        print('QuTiP is not installed: nothing to compare with; pip install "nonadia[bench]"')
    print(f"saved in {target}")
    wrong = suite.failures(results)
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        raise SystemExit(1)
