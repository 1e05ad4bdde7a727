"""The list of mutations stays in step with the source, and the tool tells killed, survived and broken apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutations.run import SOURCE, Mutation, dependents, mutations, run

ROOMS = (
    *("units", "expressions", "formula", "models", "baths", "negf", "heom", "dynamics", "friction", "langevin"),
    *("wavepacket", "factorization", "interop", "plot", "runs"),
)


def test_every_entry_can_be_tried() -> None:
    """`old` stands exactly once in its file, and the test that must fail exists."""
    every = mutations()
    assert [fault for mutation in every for fault in mutation.faults()] == []
    names = [mutation.id for mutation in every]
    assert len(set(names)) == len(names) >= 60
    assert {mutation.room for mutation in every} == set(ROOMS)


def test_faults_are_named() -> None:
    good = mutations()[0]
    for change, said in (
        ({"old": "no such text"}, "stands 0 times"),
        ({"file": "no_such_file.py"}, "no file"),
        ({"test": "tests/test_units.py::test_of_nothing"}, "no test"),
        ({"new": good.old}, "changes nothing"),
    ):
        faults = Mutation(**{**vars(good), **change}).faults()
        assert len(faults) == 1 and said in faults[0]


def test_what_numba_has_inlined_is_compiled_again() -> None:
    """lane_math is inlined by kernel and philox, which other files import."""
    found = {path.relative_to(SOURCE).as_posix() for path in dependents(SOURCE / "langevin/compiled/lane_math.py", SOURCE)}
    assert {f"langevin/compiled/{name}.py" for name in ("lane_math", "kernel", "philox", "fast")} <= found
    assert "units.py" not in found and "wavepacket/kernels.py" not in found


def test_killed_survived_and_broken(tmp_path: Path) -> None:
    """An entry of the list, a change that no test can see, and one that is no Python."""
    listed = next(m for m in mutations() if m.id == "units-wavenumber")
    words = Mutation("words", "units.py", '"""Units at the boundary', '"""Units at the border', "a comment", listed.test)
    syntax = Mutation("syntax", "units.py", "MEV = 1e-3 * EV", "MEV = 1e-3 * EV)", "the syntax", listed.test)
    found = run([listed, words, syntax], tmp_path, tell=False)
    assert [verdict.outcome for verdict in found] == ["killed", "survived", "broken"]
    copy = tmp_path / "worker-0" / "src" / "nonadia" / "units.py"
    assert copy.read_text(encoding="utf-8") == (SOURCE / "units.py").read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_mutation_is_killed(tmp_path: Path) -> None:
    """About a quarter of an hour on one core."""
    alive = [verdict for verdict in run(mutations(), tmp_path) if verdict.outcome != "killed"]
    assert alive == []
