"""`nonadia bench`: what was asked for, checked; the table as it grows; the exit status.

Status 0 if every case was computed and its results are right; a missed target of speed is said, and is no failure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nonadia.runs.errors import InputError

if TYPE_CHECKING:
    from nonadia.bench.compared import Comparison

BENCHMARKS = ("heom", "wavepacket", "langevin")
ALL = "all"
QUICK_LIMIT = 20.0  # seconds for another code at each case with --quick


@dataclass(frozen=True)
class Asked:
    """The words of the command line. time_limit: seconds for another code at each case."""

    cases: Sequence[str]
    quick: bool
    peer: bool
    peer_large: bool
    time_limit: float


@dataclass(frozen=True)
class Benchmark:
    """A benchmark ready to run: run(target, say) saves in target and returns the results."""

    cases: int
    head: str
    row: Callable[[str, dict[str, Any]], str]
    run: Callable[[Path, Callable[[str, dict[str, Any] | None], None]], dict[str, Any]]
    closing: Callable[[dict[str, Any]], list[str]]
    failures: Callable[[dict[str, Any]], list[str]]


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
    if name not in (*BENCHMARKS, ALL):
        raise InputError([("nonadia bench", name, f"there is no such benchmark; there are: {', '.join((*BENCHMARKS, ALL))}")])
    target = output or Path(f"bench-{name}.json")
    wanted = [word.strip() for item in cases or () for word in item.split(",") if word.strip()]
    asked = Asked(wanted, quick, peer, peer_large, time_limit or (QUICK_LIMIT if quick else 300.0))
    if name == ALL and wanted:
        raise InputError([("nonadia bench", "--cases", "cases belong to one benchmark; name it, or leave them out")])
    _, wrong = _all(target, asked) if name == ALL else _one(name, target, asked)
    print(f"saved in {target}")
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        raise SystemExit(1)


def _one(name: str, target: Path, asked: Asked) -> tuple[dict[str, Any], list[str]]:
    """The results of one benchmark, saved in `target`, and what is wrong with them."""
    from nonadia.bench.suite import save

    try:
        chosen = {"heom": _heom, "wavepacket": _wavepacket, "langevin": _langevin}[name](asked)
    except ValueError as error:
        raise InputError([("nonadia bench", "--cases", str(error))]) from None
    done = 0

    def say(what: str, entry: dict[str, Any] | None) -> None:
        nonlocal done
        if entry is None:
            print(f"{what} ...", file=sys.stderr, flush=True)
        else:
            done += 1
            print(chosen.row(what, entry), flush=True)

    try:
        save({"finished": False}, target)
    except OSError as error:
        raise InputError([(str(target), "-o", f"cannot be written ({error.strerror}); choose another place")]) from None
    print(chosen.head)
    try:
        results = chosen.run(target, say)
    except KeyboardInterrupt:
        print(f"interrupted; {done} of {chosen.cases} cases are saved in {target}", file=sys.stderr)
        raise SystemExit(1) from None
    for line in chosen.closing(results):
        print(line)
    return results, chosen.failures(results)


def _all(target: Path, asked: Asked) -> tuple[dict[str, Any], list[str]]:
    """Every benchmark: each in a file of its own beside `target`, all in `target`, their ratios as table and figure."""
    from nonadia.bench import ratios
    from nonadia.bench.suite import save
    from nonadia.plot.benchmark import draw_ratios

    everything: dict[str, Any] = {}
    wrong: list[str] = []
    for name in BENCHMARKS:
        print(f"# {name}", flush=True)
        everything[name], failures = _one(name, target.with_name(f"{target.stem}-{name}.json"), asked)
        wrong += [f"{name}: {line}" for line in failures]
        save({"benchmarks": everything}, target)
    found = ratios.ratios(everything)
    save({"benchmarks": everything, "ratios": [vars(ratio) for ratio in found]}, target)
    print("\n".join(ratios.table(found)))
    if found:
        machine = everything[BENCHMARKS[0]]["machine"]
        rows = [(f"{r.case}: {r.what}, {r.peer}", r.engine, r.value, r.lower_bound) for r in found]
        caption = f"{machine['processor']}, {everything[BENCHMARKS[0]]['started'][:10]}; one thread each"
        for path in draw_ratios(rows, caption, target.parent, target.stem):
            print(path)
    return everything, wrong


def _heom(asked: Asked) -> Benchmark:
    from nonadia.bench import report, suite
    from nonadia.bench.cases import QUICK, select

    chosen = select(asked.cases or (QUICK if asked.quick else ()))
    extent: dict[str, Any] = {"repeats": 0.5, "points": 5, "rounds": 1} if asked.quick else {}
    plan = suite.Plan(chosen, asked.time_limit, asked.peer, asked.peer_large, **extent)

    def closing(results: dict[str, Any]) -> list[str]:
        missing = results["conditions"]["qutip"] == "not installed"
        said = ['QuTiP is not installed: nothing to compare with; pip install "nonadia[bench]"'] if missing else []
        return report.closing(results) + said

    return Benchmark(
        cases=len(chosen),
        head=f"{report.LEGEND}\n{report.HEADER}",
        row=report.row,
        run=lambda target, say: suite.run(plan, target, say),
        closing=closing,
        failures=suite.failures,
    )


def _wavepacket(asked: Asked) -> Benchmark:
    from nonadia.bench import wavepacket_report
    from nonadia.bench.wavepacket import BENCHMARK
    from nonadia.bench.wavepacket_cases import CASES, QUICK_CASES, select

    return _compared(BENCHMARK, wavepacket_report, select(asked.cases, QUICK_CASES if asked.quick else CASES), asked)


def _langevin(asked: Asked) -> Benchmark:
    from nonadia.bench import langevin_report
    from nonadia.bench.langevin import BENCHMARK
    from nonadia.bench.langevin_cases import CASES, QUICK_CASES, select

    return _compared(BENCHMARK, langevin_report, select(asked.cases, QUICK_CASES if asked.quick else CASES), asked)


def _compared(benchmark: Comparison, report: Any, cases: Sequence[Any], asked: Asked) -> Benchmark:
    """report: the module with LEGEND, HEADER, row and closing."""
    from nonadia.bench.compared import Plan

    extent: dict[str, Any] = {"repeats": 0.5} if asked.quick else {}
    plan = Plan(cases, asked.time_limit, asked.peer, **extent)
    return Benchmark(
        cases=len(cases),
        head=f"{report.LEGEND}\n{report.HEADER}",
        row=report.row,
        run=lambda target, say: benchmark.run(plan, target, say),
        closing=report.closing,
        failures=benchmark.failures,
    )
