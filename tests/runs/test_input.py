"""Bad input: every fault is one line with file and key, all faults at once, nothing else ever escapes."""

from __future__ import annotations

import copy
import pickle
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nonadia.models import library
from nonadia.runs.errors import InputError
from nonadia.runs.experiment import load

BASE = """
title = "two sites"
system = "junction"
[parameters]
Omega = "10 meV"
lam = "20 meV"
t = 0.001
bias = "0.2 V"
[coordinates.x]
mass = "1/Omega"
unit = "1"
[coordinates.R]
mass = "2 u"
unit = "angstrom"
[molecule]
potential = "Omega*x**2/2 + 0.01*R**2"
[molecule.levels]
a = "0.1 eV"
b = "lam*x"
[molecule.hoppings]
"a,b" = "0.002*exp(-R)"
[molecule.interactions]
"a,b" = "0.5 eV"
[molecule.vibrations.v]
frequency = "0.2 eV"
states = 6
couplings = { a = "0.1 eV", "a,b" = "0.01 eV" }
[leads.L]
chemical_potential = "bias/2"
temperature = "300 K"
bandwidth = "5 eV"
couplings = { a = "50 meV" }
profile = "1/(1 + exp(x))"
[leads.R]
chemical_potential = "-bias/2"
temperature = "300 K"
bandwidth = "5 eV"
couplings = { b = "50 meV" }
[forces]
x = { start = -1, stop = 1, points = 5 }
R = ["0 angstrom", "0.5 angstrom"]
[sweep]
bias = ["0 V", "0.2 V"]
"""
# "t" is not a possible name; the base input itself uses it nowhere else
BASE = BASE.replace("t = 0.001\n", "")

REMOVE = object()


def changed(key: str, value: Any) -> dict[str, Any]:
    """The base input with one dotted key (quotes as in TOML) set or removed."""
    data = tomllib.loads(BASE)
    node: Any = tomllib.loads(f"{key} = 0")
    table: Any = data
    while True:
        name, node = next(iter(node.items()))
        if node == 0:
            break
        table = table.setdefault(name, {})
    if value is REMOVE:
        del table[name]
    else:
        table[name] = value
    return data


def faults(source: Any, **options: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(source, **options)
    return caught.value.lines()


def test_base_is_sound() -> None:
    experiment = load(tomllib.loads(BASE))
    assert experiment.model.n_levels == 2 and experiment.forces is not None


# key to change, its value, key that is reported, words of the message
BAD: list[tuple[str, Any, str, str]] = [
    # unknown keys
    ("leads.L.temprature", "300 K", "leads.L.temprature", 'unknown key; did you mean "temperature"'),
    ("molecule.hopings", {}, "molecule.hopings", 'did you mean "hoppings"'),
    ("paramters", {}, "paramters", 'did you mean "parameters"'),
    ("coordinates.x.grid", {}, "coordinates.x.grid", "unknown key; known here: mass, unit"),
    ("molecule.vibrations.v.omega", 1, "molecule.vibrations.v.omega", "known here: frequency, states"),
    ("forces.methd", "heom", "forces.methd", 'did you mean "method"'),
    ("forces.z", [0], "forces.z", "unknown key"),
    ("forces.x.pionts", 3, "forces.x.pionts", 'did you mean "points"'),
    ("sweep.biass", [0], "sweep.biass", 'did you mean "bias"'),
    ("electrons", {}, "electrons", "unknown key"),
    # types and ranges
    ("title", 3, "title", "text in quotes"),
    ("system", "juntion", "system", 'did you mean "junction"'),
    ("system", "molekule", "system", "did you mean \"molecule\""),
    ("system", 3, "system", "must be"),
    ("langevin", {"trajectories": 10}, "langevin.duration", "is missing; give how long"),
    ("leads.L.temperature", [300], "leads.L.temperature", "must be a number"),
    ("leads.L.temperature", True, "leads.L.temperature", "must be a number"),
    ("leads.L", 3, "leads.L", "must be a table"),
    ("parameters", 3, "parameters", "must be a table"),
    ("coordinates", [], "coordinates", "must be a table"),
    ("coordinates.x", "1 u", "coordinates.x", "must be a table"),
    ("molecule.vibrations.v.states", 0, "molecule.vibrations.v.states", "1 or larger"),
    ("molecule.vibrations.v.states", 2.5, "molecule.vibrations.v.states", "whole number"),
    ("coordinates.x.unit", "bhor", "coordinates.x.unit", 'did you mean "bohr"'),
    ("forces.tiers", 0, "forces.tiers", "1 or larger"),
    ("forces.poles", "8", "forces.poles", "whole number"),
    ("forces.tolerance", 0, "forces.tolerance", "positive"),
    ("forces.tolerance", 2.0, "forces.tolerance", "too large"),
    ("forces.tolerance", "1 meV", "forces.tolerance", "is an energy"),
    ("forces.tolerance_mode", "local", "forces.tolerance_mode", '"global" or "pointwise"'),
    ("forces.method", "HEOM", "forces.method", '"heom"'),
    ("forces.method", "negf", "forces.method", "without interactions"),
    ("forces.decomposition", "matsubara", "forces.decomposition", '"pade" or "aaa"'),
    # missing
    ("leads.L.temperature", REMOVE, "leads.L.temperature", "is missing"),
    ("leads.L.couplings", REMOVE, "leads.L.couplings", "is missing"),
    ("leads", REMOVE, "leads", "is missing"),
    ("leads", {}, "leads", "no leads"),
    ("molecule", REMOVE, "molecule", "is missing"),
    ("molecule.levels", REMOVE, "molecule.levels", "is missing"),
    ("molecule.levels", {}, "molecule.levels", "no levels"),
    ("coordinates.R.mass", REMOVE, "coordinates.R.mass", "is missing"),
    ("leads.L.bandwidth", REMOVE, "leads.L", "no level width"),
    ("leads.L.couplings", {}, "leads.L.couplings", "no couplings"),
    ("forces.x", REMOVE, "forces.x", 'no values for coordinate "x"'),
    ("forces.x.points", REMOVE, "forces.x.points", "is missing"),
    # units
    ("leads.L.temperature", "30 fs", "leads.L.temperature", '"30 fs" is a time; a temperature'),
    ("leads.L.chemical_potential", "300 K", "leads.L.chemical_potential", "is a temperature; an energy"),
    ("leads.L.bandwidth", "5 ev", "leads.L.bandwidth", 'did you mean "5 eV"'),
    ("coordinates.R.mass", "2 eV", "coordinates.R.mass", "is an energy; a mass"),
    ("molecule.levels.a", "1 fs", "molecule.levels.a", "is a time; an energy"),
    ("molecule.potential", "1 bohr", "molecule.potential", "is a length; an energy"),
    ("leads.L.profile", "1 eV", "leads.L.profile", "is an energy; a plain number"),
    ("forces.R", ["1 eV"], "forces.R[0]", "is an energy; a length"),
    ("forces.x", ["1 bohr"], "forces.x[0]", "is a length; a plain number"),
    ("parameters.lam", "20 mev", "parameters.lam", 'did you mean "20 meV"'),
    ("sweep.bias", ["0 V", "3 fs"], "sweep.bias[1]", '"3 fs" is a time, but bias is a voltage'),
    ("molecule.levels.a", "0,02 eV", "molecule.levels.a", 'decimals are written with a point: "0.02 eV"'),
    ("parameters.lam", "0,02 eV", "parameters.lam", 'decimals are written with a point: "0.02 eV"'),
    ("molecule.levels.a", "1,5*lam", "molecule.levels.a", 'decimals are written with a point: "1.5*lam"'),
    ("molecule.levels.a", "lam*007", "molecule.levels.a", "a whole number begins with 0"),
    ("molecule.levels.a", "lam + 3*wrong", "molecule.levels.a", "names defined here: Omega, R, bias, lam, x"),
    ("leads.L.profile", "abs(x)", "leads.L.profile", "derivative with respect to x does not exist at x = 0"),
    # expressions
    ("molecule.levels.b", "lamb*x", "molecule.levels.b", 'undefined symbol "lamb"; did you mean "lam"'),
    ("molecule.levels.b", "lam*x +", "molecule.levels.b", "cannot read"),
    ("molecule.levels.b", "lam*t", "molecule.levels.b", "time"),
    ("molecule.levels.b", "open('x')", "molecule.levels.b", "unknown function"),
    ("leads.L.profile", "tanhh(x)", "leads.L.profile", 'did you mean "tanh"'),
    ("parameters.lam", "2*mu", "parameters.lam", 'undefined symbol "mu"'),
    ("parameters.lam", "2*x", "parameters.lam", "is a coordinate"),
    ("parameters.lam", "2*lam", "parameters.lam", "depends on itself"),
    ("parameters.lam", "I", "parameters.lam", "complex"),
    ("parameters.sin", 1, "parameters.sin", "another name"),
    ("parameters.x", 1, "parameters.x", "also a coordinate"),
    ('parameters."a b"', 1, 'parameters."a b"', "not a name"),
    ("leads.L.temperature", "x", "leads.L.temperature", '"x" is a coordinate'),
    ("leads.L.couplings.a", "0.001*x", "leads.L.couplings.a", "profile"),
    # what cannot be
    ("leads.L.temperature", "-300 K", "leads.L.temperature", '"-300 K" is negative'),
    ("leads.L.temperature", 0, "leads.L.temperature", "is zero"),
    ("leads.L.bandwidth", "-5 eV", "leads.L.bandwidth", "is negative"),
    ("coordinates.R.mass", "-2 u", "coordinates.R.mass", "is negative"),
    ("molecule.vibrations.v.frequency", -0.1, "molecule.vibrations.v.frequency", "is negative"),
    ("leads.L.couplings.a", "-50 meV", "leads.L.couplings", "negative eigenvalue -0.00183747"),
    ("leads.L.couplings.a", "I*0.001", "leads.L.couplings.a", "non-Hermitian"),
    ('leads.L.couplings."a,b"', "50 meV", "leads.L.couplings", "negative eigenvalue"),
    ("molecule.levels.a", "I*x", "molecule.levels.a", "non-Hermitian"),
    ('molecule.hoppings."b,a"', "0.002*exp(R)", 'molecule.hoppings."b,a"', "non-Hermitian coupling"),
    ('molecule.interactions."a,b"', "I*0.01", 'molecule.interactions."a,b"', "must be real"),
    ('molecule.interactions."b,a"', 0.1, 'molecule.interactions."b,a"', "disagrees"),
    ('molecule.hoppings."a,c"', 1, 'molecule.hoppings."a,c"', 'level "c" is not defined'),
    ('molecule.hoppings."a,a"', 1, 'molecule.hoppings."a,a"', "molecule.levels"),
    ("molecule.hoppings.a", 1, "molecule.hoppings.a", "pair"),
    ('molecule.hoppings."a,b,c"', 1, 'molecule.hoppings."a,b,c"', "pair"),
    ("leads.R.couplings.c", 1, "leads.R.couplings.c", 'level "c" is not defined'),
    ("molecule.vibrations.v.couplings.d", 1, "molecule.vibrations.v.couplings.d", "not defined"),
    ("molecule.levels.dark", 0, "molecule.levels.dark", "reaches no lead"),
    ("coordinates.tiers", {"mass": 1}, "coordinates.tiers", "another name"),
    ("leads.L.lorentzians", [{"width": 1}], "leads.L", "only one of them"),
    ("leads.L", {"temperature": 1, "couplings": {"a": 1}, "lorentzians": []}, "leads.L.lorentzians", "empty"),
    # grids
    ("forces.x", {"start": 1, "stop": 0, "points": 3}, "forces.x", "must be larger"),
    ("forces.x", [1, 0], "forces.x", "must increase"),
    ("forces.x", [], "forces.x", "list of values"),
    ("forces.x", ["a"], "forces.x[0]", "undefined symbol"),
    ("forces.x", 3, "forces.x", "list of values"),
    ("forces.points", [[0, 0]], "forces.points", "give only one"),
    ("forces", {"points": [[0, 0], [1]]}, "forces.points[1]", "one for each of x, R"),
    ("forces", {"points": []}, "forces.points", "no points"),
    ("forces.x.points", 10**9, "forces.x.points", "coarser"),
    ("forces.x.points", 1e9, "forces.x.points", "must be written without point or exponent: 1000000000"),
    ("forces.x.points", 2.5, "forces.x.points", "2.5 must be a whole number, 1 or larger"),
    ("sweep.bias", [], "sweep.bias", "no values"),
    ("sweep.Omega", ["10 meV", "-10 meV"], "coordinates.x.mass", "negative"),
    # values on the grid
    ("molecule.levels.b", "lam*log(x)", "molecule.levels.b", "nan at x = -1, R = 0"),
    ("leads.L.profile", "1/R", "leads.L.profile", "inf at x = -1, R = 0"),
    ("molecule.potential", "sqrt(R)", "molecule.potential", "derivative with respect to R is inf"),
    ("molecule.levels.b", "exp(1e4*(x + 2))", "molecule.levels.b", "inf"),
]


def named(value: Any) -> str:
    return "removed" if value is REMOVE else str(value)[:30]


@pytest.mark.parametrize(("key", "value", "where", "words"), BAD, ids=named)
def test_one_fault_one_line(key: str, value: Any, where: str, words: str) -> None:
    data = changed(key, value)
    before = copy.deepcopy(data)
    lines = faults(data)
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"<dict>: {where}: ")
    assert words in lines[0]
    assert "\n" not in lines[0]
    assert data == before  # the caller's data is left alone


def test_misspelled_key_in_place_of_a_needed_one() -> None:
    """The missing key and all that would depend on it is not reported on top."""
    for right, wrong in (
        ("temperature = ", "temprature = "),
        ("bandwidth = ", "bandwith = "),
        ("[parameters]", "[paramters]"),
        ("[molecule.levels]", "[molecule.levls]"),
        ("[forces]", "[force]"),
    ):
        lines = faults(tomllib.loads(BASE.replace(right, wrong, 1)))
        assert len(lines) == 1 and "did you mean" in lines[0], lines


def test_all_faults_at_once(tmp_path: Path) -> None:
    text = BASE.replace('"300 K"', '"-300 K"', 1).replace("lam*x", "lamb*x").replace("[sweep]", "[sweeps]")
    text = text.replace('mass = "2 u"', 'mass = "2 fs"').replace("points = 5", "points = 0")
    file = tmp_path / "five.toml"
    file.write_text(text, encoding="utf-8")
    lines = faults(file)
    keys = ["sweeps", "forces.x.points", "coordinates.R.mass", "molecule.levels.b", "leads.L.temperature"]
    assert sorted(line.split(": ")[1] for line in lines) == sorted(keys)
    assert all(line.startswith(f"{file}: ") for line in lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = \n", "line 1, column"),
        ("[a]\nb = 1\nb = 2\n", "line 3"),
        ("a = 30 meV\n", "line 1, column 8: not valid TOML"),
        ('title = "x\n', "line 1"),
        ("[coordinates.x\n", "line 1"),
    ],
)
def test_toml_syntax(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "syntax.toml"
    file.write_text(text, encoding="utf-8")
    (line,) = faults(str(file))
    assert words in line and line.startswith(str(file)) and "quotes around text" in line


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (line,) = faults(tmp_path / "no.toml")
    assert line.startswith(f"{tmp_path / 'no.toml'}: file not found; ") and "shipped examples: " in line
    (line,) = faults("junctoin")
    assert 'did you mean "junction"' in line and "donor-acceptor" in line
    (line,) = faults(tmp_path)
    assert "cannot be read" in line
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    (line,) = faults(binary)
    assert "UTF-8" in line


def test_bad_overrides() -> None:
    (line,) = faults("junction", overrides={"parameters.bais": "0.4 V"})
    assert line.startswith("junction.toml: parameters.bais: ") and 'did you mean "bias"' in line
    (line,) = faults("junction", overrides={"not a key": 1})
    assert "is not a key" in line
    (line,) = faults("junction", overrides={"title.sub": 1})
    assert '"title" is not a table' in line
    (line,) = faults("junction", overrides={"leads.L.temperature": "1 fs"})
    assert line.startswith("junction.toml: leads.L.temperature: ") and "is a time" in line


def test_error_is_light_and_pickles() -> None:
    error = InputError([("a.toml", "k", "two\nlines"), ("a.toml", "", "no key")])
    assert error.lines() == ["a.toml: k: two lines", "a.toml: no key"]
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_shipped_inputs_are_sound() -> None:
    for name in library.names():
        assert not re.search(r"/work|/tmp", library.text(name))
        load(name)


FIELDS = [
    "molecule.potential",
    "molecule.levels.b",
    'molecule.hoppings."a,b"',
    'molecule.interactions."a,b"',
    "molecule.vibrations.v.frequency",
    "molecule.vibrations.v.couplings.a",
    "leads.L.chemical_potential",
    "leads.L.temperature",
    "leads.L.profile",
    "leads.L.couplings.a",
    "parameters.lam",
    "coordinates.x.mass",
]
SNIPPETS = ["x", "R", "lam", "(", ")", "+", "-", "*", "/", "**", "1", "0", "2.5", "exp(", "log(", "I", "abs("]
SNIPPETS += [" eV", " K", " fs", "sqrt(", "1e300", "q", ",", "\n", "'", "erf("]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(FIELDS),
    st.lists(st.sampled_from(SNIPPETS), max_size=8).map("".join) | st.text(max_size=20),
)
def test_no_text_in_a_field_escapes(key: str, text: str) -> None:
    """Any text in any expression field is either a model or an InputError."""
    try:
        load(changed(key, text))
    except InputError as error:
        assert error.lines() and all(line.startswith("<dict>: ") for line in error.lines())


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = ["title", "system", "parameters", "coordinates", "coordinates.x", "molecule", "molecule.levels"]
PLACES += ["molecule.hoppings", "molecule.vibrations", "molecule.vibrations.v", "leads", "leads.L", "forces"]
PLACES += ["leads.L.couplings", "leads.L.lorentzians", "leads.L.level_width", "forces.x", "forces.points"]
PLACES += ["sweep", "sweep.bias", "forces.x.start", "leads.L.center", "molecule.vibrations.v.couplings"]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), JUNK)
def test_no_junk_in_a_table_escapes(key: str, junk: Any) -> None:
    try:
        load(changed(key, junk))
    except InputError as error:
        assert error.lines()
