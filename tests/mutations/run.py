"""Mutations of signs and factors: each changes one place of the source, and a named test must then fail.

    python tests/mutations/run.py [--workers N] [--only ID …] [--folder DIR] [--json FILE] [--readme]

Every worker has a copy of src and tests in a folder of its own, so that the checkout is never touched. A test is run first on
the unchanged copy, where it must pass, then once for each of its mutations. Compiled code: numba does not see that a function
which another file inlines has changed, so a mutation is run without what was compiled of its file and of all that import it.

killed: the test failed; survived: it passed; broken: no test ran to a verdict (an import error, say), which proves nothing.
Exit status 0 only if every mutation was killed.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import importlib.util
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCE = ROOT / "src" / "nonadia"
LIMIT = 300.0  # seconds for one test, its compilation included


@dataclass(frozen=True)
class Mutation:
    """`old` stands once in src/nonadia/`file`; with `new` in its place `what` is wrong, and the test `test` fails."""

    id: str
    file: str
    old: str
    new: str
    what: str
    test: str

    @property
    def room(self) -> str:
        """First part of the module's name below nonadia."""
        return self.file.split("/")[0].removesuffix(".py")

    def faults(self) -> list[str]:
        """Why this entry cannot be used any more; none if it can."""
        path = SOURCE / self.file
        if not path.is_file():
            return [f"{self.id}: there is no file src/nonadia/{self.file}"]
        found = path.read_text(encoding="utf-8").count(self.old)
        wrong = [] if found == 1 else [f"{self.id}: `{self.old}` stands {found} times in {self.file}; it must stand there once"]
        if self.old == self.new:
            wrong.append(f"{self.id}: changes nothing")
        if not _has_test(self.test):
            wrong.append(f"{self.id}: there is no test {self.test}")
        return wrong


@dataclass(frozen=True)
class Verdict:
    """outcome: "killed", "survived" or "broken"; seconds of the test with the mutation; said: the last line of pytest."""

    id: str
    outcome: str
    seconds: float
    said: str


def mutations() -> list[Mutation]:
    """All entries of mutations.toml, in its order."""
    return [Mutation(**entry) for entry in tomllib.loads((HERE / "mutations.toml").read_text(encoding="utf-8"))["mutation"]]


@cache
def _tests_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def _has_test(node: str) -> bool:
    file, _, name = node.partition("::")
    return (ROOT / file).is_file() and name.partition("[")[0] in _tests_in(ROOT / file)


@cache
def _imported(source: Path) -> dict[Path, frozenset[Path]]:
    """The files of the package that each file imports."""
    return {path: frozenset(_imports(path, path.read_text(encoding="utf-8"))) for path in source.rglob("*.py")}


def dependents(file: Path, source: Path) -> set[Path]:
    """A file and all that import it, one way or another."""
    found = {file}
    while True:
        more = {path for path, used in _imported(source).items() if path not in found and used & found}
        if not more:
            return found
        found |= more


def _imports(path: Path, text: str) -> Iterator[Path]:
    """Files named in the relative imports of a file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1]
            whole = base.joinpath(*(node.module or "").split(".")) if node.module else base
            for name in (whole, *(whole / alias.name for alias in node.names)):
                yield name.with_suffix(".py") if name.with_suffix(".py").is_file() else name / "__init__.py"


class Copy:
    """Source and tests of one worker, with its own caches and its own process to run them (host.py)."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder.resolve(), folder.resolve() / "cache"
        self.cache.mkdir(parents=True, exist_ok=True)
        unwanted = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc")
        for name in ("src", "tests"):
            shutil.rmtree(folder / name, ignore_errors=True)
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        shutil.copy2(ROOT / "pyproject.toml", folder)
        own = {"PYTHONPATH": str(self.folder / "src"), "NUMBA_CACHE_DIR": str(self.cache), "OMP_NUM_THREADS": "1"}
        self._host = subprocess.Popen(
            [sys.executable, str(HERE / "host.py")],
            cwd=self.folder,
            env={**os.environ, **own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._host.stdout is not None
        place = self._host.stdout.readline().strip()
        if not Path(place).is_relative_to(self.folder / "src"):
            raise RuntimeError(f"nonadia is imported from {place or 'nowhere'}, not from the copy {self.folder}")

    def close(self) -> None:
        """Ends the process."""
        assert self._host.stdin is not None
        self._host.stdin.close()
        self._host.wait()

    def passes(self, test: str, bytecode: bool = True, **environment: str) -> tuple[str, str, float]:
        """("passed", "failed" or "broken", last line of pytest, seconds) of one test."""
        assert self._host.stdin is not None and self._host.stdout is not None
        started, log = time.perf_counter(), self.folder / "log.txt"
        options = ["-q", "-o", "addopts=", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=no", "--no-header"]
        job = {
            "arguments": [*options, test],
            "environment": {"NUMBA_CACHE_DIR": str(self.cache), **environment},
            "bytecode": bytecode,
            "log": str(log),
            "seconds": LIMIT,
        }
        self._host.stdin.write(json.dumps(job) + "\n")
        self._host.stdin.flush()
        code = int(self._host.stdout.readline())
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        last = lines[-1] if lines and code >= 0 else f"exit status {code}"
        outcome = {0: "passed", 1: "failed"}.get(code, "broken")
        if not re.search(rf"\d+ {outcome}", last) or re.search(r"\d+ error", last):
            outcome = "broken"  # skipped, or an error of a fixture or an import: no verdict
        return outcome, last, time.perf_counter() - started

    def judge(self, mutation: Mutation) -> Verdict:
        """The outcome of a mutation; the copy is as before afterwards."""
        path = self.folder / "src" / "nonadia" / mutation.file
        before, text = path.stat(), path.read_text(encoding="utf-8")
        environment: dict[str, str] = {}
        own = self.folder / "cache-of-one"
        stale = self._stale(path)
        if stale:
            shutil.copytree(self.cache, own, ignore=lambda folder, names: {n for n in names if Path(folder, n) in stale})
            environment["NUMBA_CACHE_DIR"] = str(own)
        try:
            path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
            # in case of an equal time stamp and size
            Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
            outcome, said, seconds = self.passes(mutation.test, bytecode=False, **environment)
        finally:
            path.write_text(text, encoding="utf-8")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            shutil.rmtree(own, ignore_errors=True)
        verdict = {"passed": "survived", "failed": "killed"}.get(outcome, "broken")
        return Verdict(mutation.id, verdict, round(seconds, 1), said)

    def _stale(self, path: Path) -> set[Path]:
        """What numba has compiled of a file and of those that import it; its names begin with that of the module."""
        if next(self.cache.rglob("*.nb?"), None) is None:
            return set()
        stems = {other.stem for other in dependents(path, self.folder / "src" / "nonadia")}
        return {entry for entry in self.cache.rglob("*.nb?") if entry.name.partition(".")[0] in stems}


def run(chosen: Sequence[Mutation], folder: Path, workers: int = 1, tell: bool = True) -> list[Verdict]:
    """Verdicts in the order of `chosen`."""
    groups: dict[str, list[Mutation]] = {}
    for mutation in chosen:
        groups.setdefault(mutation.test, []).append(mutation)
    copies: queue.Queue[Copy] = queue.Queue()
    for k in range(min(workers, len(groups))):
        copies.put(Copy(folder / f"worker-{k}"))
    found: dict[str, Verdict] = {}

    def judge(test: str) -> None:
        copy = copies.get()
        try:
            outcome, said, _ = copy.passes(test)
            for mutation in groups[test]:
                unchanged = Verdict(mutation.id, "broken", 0.0, f"{test} does not pass without a mutation: {said}")
                found[mutation.id] = verdict = copy.judge(mutation) if outcome == "passed" else unchanged
                if tell:
                    print(f"{verdict.outcome:9}{verdict.seconds:6.1f} s  {mutation.id:36}{mutation.test}", flush=True)
        finally:
            copies.put(copy)

    try:
        with ThreadPoolExecutor(max(1, copies.qsize())) as pool:
            list(pool.map(judge, groups))
    finally:
        while not copies.empty():
            copies.get().close()
    return [found[mutation.id] for mutation in chosen]


Record = dict[str, str | float]


def merged(path: Path | None, chosen: Sequence[Mutation], verdicts: Sequence[Verdict]) -> dict[str, Record]:
    """The records of a file, by id, with these verdicts in their place; records of mutations that have changed since go."""
    known = {m.id: m for m in mutations()}
    found: dict[str, Record] = {}
    if path is not None and path.is_file():
        for record in json.loads(path.read_text(encoding="utf-8")):
            same = record["id"] in known and asdict(known[record["id"]]).items() <= record.items()
            if same:
                found[record["id"]] = record
    day = datetime.date.today().isoformat()
    for mutation, verdict in zip(chosen, verdicts, strict=True):
        found[mutation.id] = {**asdict(mutation), **asdict(verdict), "date": day}
    return {name: found[name] for name in known if name in found}


def table(records: Sequence[Record]) -> str:
    """The results as Markdown, one table a room."""
    lines: list[str] = []
    room = ""
    for r in records:
        text = {name: str(value).replace("|", "\\|") for name, value in r.items()}
        if text["file"].split("/")[0].removesuffix(".py") != room:
            room = text["file"].split("/")[0].removesuffix(".py")
            heading = "| id | what the changed place says | the test that fails | outcome | date |"
            lines += ["", f"### {room}", "", heading, "|---|---|---|---|---|"]
        test = text["test"].removeprefix("tests/")
        lines.append(f"| `{r['id']}` | {text['what']} | `{test}` | {r['outcome']} | {r['date']} |")
    return "\n".join(lines).strip() + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; see the module."""
    parser = argparse.ArgumentParser(description="Mutations of signs and factors: each must make a named test fail.")
    parser.add_argument("--workers", type=int, default=1, help="copies that work side by side")
    parser.add_argument("--only", nargs="+", metavar="ID", help="these mutations, or all whose id begins so")
    parser.add_argument("--folder", type=Path, help="where the copies are made and kept, with what was compiled")
    parser.add_argument("--json", type=Path, help="put the verdicts into this file, beside those that it holds")
    parser.add_argument("--readme", action="store_true", help="put all that the JSON file then holds into README.md")
    given = parser.parse_args(arguments)
    every = mutations()
    wrong = [fault for mutation in every for fault in mutation.faults()]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 2
    chosen = [m for m in every if given.only is None or any(m.id.startswith(text) for text in given.only)]
    if not chosen:
        parser.error(f"no mutation is called {', '.join(given.only)}")
    with tempfile.TemporaryDirectory(prefix="mutations-") as own:
        verdicts = run(chosen, given.folder or Path(own), max(1, given.workers))
    records = merged(given.json, chosen, verdicts)
    if given.json:
        given.json.write_text(json.dumps(list(records.values()), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if given.readme:
        page = HERE / "README.md"
        head = page.read_text(encoding="utf-8").partition("## Results")[0]
        killed = sum(record["outcome"] == "killed" for record in records.values())
        said = f"{killed} of {len(every)} mutations killed; written by `run.py --readme`."
        page.write_text(f"{head}## Results\n\n{said}\n\n{table(list(records.values()))}", encoding="utf-8")
    alive = [v for v in verdicts if v.outcome != "killed"]
    print(f"{len(verdicts) - len(alive)} of {len(verdicts)} killed")
    for v in alive:
        print(f"{v.outcome}: {v.id}: {v.said}")
    return int(bool(alive))


if __name__ == "__main__":
    sys.exit(main())
