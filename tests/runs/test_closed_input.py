"""Inputs of closed systems: what is read, and that every fault becomes one line with its key and what would be right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nonadia as na
from nonadia.models import library
from nonadia.models.initial import Adiabatic, Amplitudes, Diabatic, Eigenstate, Gaussian, GroundStateOf, WaveFunction
from nonadia.runs.closed_experiment import ClosedExperiment
from nonadia.runs.errors import InputError
from nonadia.units import FS

from .closed_inputs import MARGINAL, MOLECULE, PLANE, REAL_SPACE, changed

CLOSED = [name for name in library.names() if "\n[leads" not in library.text(name)]


def load(data: dict[str, Any]) -> ClosedExperiment:
    experiment = na.load(data)
    assert isinstance(experiment, ClosedExperiment)
    return experiment


@pytest.mark.parametrize("base", [MOLECULE, PLANE, REAL_SPACE, MARGINAL], ids=["states", "plane", "real space", "marginal"])
def test_every_kind_is_read(base: dict[str, Any]) -> None:
    experiment = load(base)
    molecule = experiment.molecule
    assert molecule.shape == {"R": (2, 96), "x": (2, 32, 32), "X": (1, 64)}.get(
        molecule.names[0] if base is not REAL_SPACE else "", (64, 32)
    )
    assert experiment.surfaces == (0 if base is MARGINAL else 2)
    assert molecule.time_dependent == (base in (REAL_SPACE, MARGINAL))
    assert experiment.settings["model"]["functions_of_time"].keys() == ({"g", "v"} if base is MARGINAL else set())


def test_values_of_the_two_states() -> None:
    molecule = load(MOLECULE).molecule
    (R,) = molecule.mesh
    h = molecule.hamiltonian()
    assert np.allclose(h[0, 0], 0.1 * R**2) and np.allclose(h[1, 1], 0.1 * (R - 0.3) ** 2 + 0.02 * R)
    assert np.allclose(h[0, 1], 0.01) and molecule.masses == [2000]
    assert R[0] == -3 and len(R) == 96 and np.isclose(R[-1], 3 - 6 / 96)


def test_a_complex_matrix_is_hermitian() -> None:
    h = load(PLANE).molecule.hamiltonian()
    assert np.iscomplexobj(h) and np.allclose(h, np.conj(np.swapaxes(h, 0, 1))) and np.abs(h[0, 1]).max() > 0.01


def test_parameters_may_be_functions_of_time() -> None:
    molecule = load(MARGINAL).molecule
    t, w = 30.0, 0.01
    v = 2000 * 0.1 * w * np.cos(w * t)
    assert np.allclose(molecule.vector_value(t), v)
    (X,) = molecule.mesh
    assert np.allclose(molecule.scalar_value(t), 0.1 * (X - 0.1 * np.sin(w * t)) ** 2 - v**2 / 4000)
    field = molecule.vector_potential(t)
    assert field is not None and np.allclose(field.rate, -2000 * 0.1 * w**2 * np.sin(w * t))


def test_request_and_its_times() -> None:
    experiment = load(MOLECULE)
    assert experiment.propagation is not None and experiment.factorization is not None
    assert np.isclose(experiment.propagation.duration, 2 * FS)
    assert np.allclose(experiment.propagation.times, np.linspace(0, 2 * FS, 9))
    uneven = load(changed(MOLECULE, "propagation.store_every", "0.9*T")).propagation
    assert uneven is not None and np.allclose(uneven.times / (2 * FS), [0, 0.9, 1.0])
    assert experiment.factorization.tolerance == 1e-6 and experiment.factorization.density_floor == 1e-12
    assert (experiment.propagation.order, experiment.propagation.method) == (4, "split-operator")


INITIAL: list[tuple[dict[str, Any], Any, Any]] = [
    ({"nuclear": {"gaussian": {"center": 0.1, "width": 0.3, "momentum": 4}}}, Gaussian((0.1,), (0.3,), (4,)), Diabatic(1)),
    ({"nuclear": {"ground_state_of": 1}, "electronic": {"adiabatic": 2}}, GroundStateOf(1), Adiabatic(2)),
    ({"nuclear": {"state_of": {"surface": 2, "level": 3}}}, GroundStateOf(2, 3), Diabatic(1)),
]


@pytest.mark.parametrize(("table", "nuclear", "electronic"), INITIAL)
def test_initial_states(table: dict[str, Any], nuclear: Any, electronic: Any) -> None:
    initial = load(changed(MOLECULE, "initial", table)).initial
    assert initial.nuclear == nuclear and initial.electronic == electronic


def test_initial_states_given_as_functions() -> None:
    table = {"wavefunction": "exp(-(R - 0.2)**2/0.1 + 3*I*R)", "amplitudes": ["cos(R)", "I*sin(R)"]}
    initial = load(changed(MOLECULE, "initial", table)).initial
    assert isinstance(initial.nuclear, WaveFunction) and isinstance(initial.electronic, Amplitudes)
    assert load(changed(MOLECULE, "initial", {"eigenstate": 2})).initial.eigenstate == Eigenstate(2)


def test_nuclei_in_relative_coordinates() -> None:
    data = changed(PLANE, "nuclei", {
        "A": {"mass": "mA", "positions": {"X": "x*mB/(mA + mB)", "Y": "y*mB/(mA + mB)"}},
        "B": {"mass": "mB", "positions": {"X": "-x*mA/(mA + mB)", "Y": "-y*mA/(mA + mB)"}},
    })  # fmt: skip
    a, b = load(data).molecule.nuclei
    assert np.allclose(a.positions, [[0.6, 0], [0, 0.6]]) and np.allclose(b.positions, [[-0.4, 0], [0, -0.4]])
    assert (a.components, a.mass, b.mass) == (("X", "Y"), 2000, 3000)
    (whole,) = load(changed(PLANE, "nuclei", {"N": {"coordinates": ["x", "y"]}})).molecule.nuclei
    assert whole.components == ("x", "y") and len(whole.planes) == 1


GRID = {"grid": {"start": -12, "stop": 12, "points": 64}}
H = "electrons.hamiltonian"
FAULTS: list[tuple[dict[str, Any], str, Any, str, str]] = [
    (MOLECULE, H, [["k*R**2/2", "c*R"], ["c", "0"]], f"{H}[0][1]", "non-Hermitian: at R = -3 entry (1, 2) is -0.03"),
    (MOLECULE, H, [["k*R**2/2", "I*c"], ["I*c", "0"]], f"{H}[0][1]", "complex conjugate"),
    (MOLECULE, H, [["k*R*I", "0"], ["0", "0"]], f"{H}[0][0]", "non-Hermitian"),
    (MOLECULE, H, [["0", "0"]], H, "2 rows of 2 entries are needed"),
    (MOLECULE, H, [["1/(R - 1)", "0"], ["0", "0"]], f"{H}[0][0]", "at R = 1; it must be finite on the whole grid"),
    (MOLECULE, H, [["sqrt(R)", "0"], ["0", "0"]], f"{H}[0][0]", "at R = -3"),
    (MOLECULE, H, [["abs(R)**0.5", "0"], ["0", "0"]], f"{H}[0][0]", "its derivative with respect to R is not finite at R = 0"),
    (MOLECULE, H, [["k*z", "0"], ["0", "0"]], f"{H}[0][0]", 'undefined symbol "z"'),
    (MOLECULE, H, [["T", "0"], ["0", "0"]], f"{H}[0][0]", "is a time"),
    (MOLECULE, "electrons.surfaces", ["0", "1"], "electrons", "hamiltonian and surfaces are given"),
    (MOLECULE, "electrons", {"surfaces": ["0", "1"]}, "electrons.mixing_angle", "surfaces needs it"),
    (MOLECULE, "electrons", {"surfaces": ["0"], "mixing_angle": "0"}, "electrons.surfaces", "goes with two"),
    (MOLECULE, "electrons", {}, "electrons", "give hamiltonian"),
    (MOLECULE, "coordinates.R.grid.stop", -5, "coordinates.R.grid", "must be larger than start"),
    (MOLECULE, "coordinates.R.grid.points", 4, "coordinates.R.grid.points", "at least 8"),
    (MOLECULE, "coordinates.R.grid.stop", "3 fs", "coordinates.R.grid.stop", "is a time; a length"),
    (MOLECULE, "coordinates.R.mass", -1, "coordinates.R.mass", "positive is needed"),
    (MOLECULE, "coordinates.R.gird", {}, "coordinates.R.gird", 'did you mean "grid"'),
    (MOLECULE, "coordinates.density", MOLECULE["coordinates"]["R"], "coordinates.density", "use another name"),
    (MOLECULE, "coordinates.t", MOLECULE["coordinates"]["R"], "coordinates.t", "already means something"),
    (MOLECULE, "parameters.diff", 3, "parameters.diff", "already means something"),
    (MOLECULE, "initial.nuclear.gaussian.center", 7, "initial.nuclear.gaussian.center", "outside the grid -3 … 3"),
    (MOLECULE, "initial.nuclear.gaussian.width", 1.5, "initial.nuclear.gaussian.width", "too wide for the grid"),
    (MOLECULE, "initial.nuclear.gaussian.width", 0.0, "initial.nuclear.gaussian.width", "is zero"),
    (MOLECULE, "initial.nuclear.gaussian.momentum", 60, "initial.nuclear.gaussian.momentum", "at least 153 points are needed"),
    (MOLECULE, "initial.nuclear.gaussian.momentum", [1, 2], "initial.nuclear.gaussian.momentum", "2 values; one for each of R"),
    (MOLECULE, "initial.nuclear", {"ground_state_of": 3}, "initial.nuclear.ground_state_of", "there are 2 electronic states"),
    (MOLECULE, "initial.nuclear", {"ground_state_of": 1, "wavefunction": "1"}, "initial.nuclear", "give one of"),
    (MOLECULE, "initial.electronic", {"diabatic": 0}, "initial.electronic.diabatic", "must be a whole number"),
    (MOLECULE, "initial.electronic", {"adiabatic": 5}, "initial.electronic.adiabatic", "there are 2"),
    (MOLECULE, "initial.electronic", {"amplitudes": ["1"]}, "initial.electronic.amplitudes", "one for each of the 2 states"),
    (MOLECULE, "initial", {"wavefunction": "1"}, "initial.wavefunction", "reaches the edge of the grid of R"),
    (MOLECULE, "initial", {"wavefunction": "exp(-R**2*8 + 50*I*R)"}, "initial.wavefunction", "momenta beyond pi/step"),
    (MOLECULE, "initial", {"wavefunction": "0"}, "initial.wavefunction", "zero everywhere"),
    (MOLECULE, "initial", {}, "initial", "give one of nuclear"),
    (MOLECULE, "initial.eigenstate", 1, "initial", "nuclear and eigenstate are given"),
    (MOLECULE, "propagation.duration", "2 eV", "propagation.duration", "is an energy; a time"),
    (MOLECULE, "propagation.duration", -1, "propagation.duration", "is negative"),
    (MOLECULE, "propagation.store_every", "3 fs", "propagation.store_every", "longer than the duration"),
    (MOLECULE, "propagation.step", "3 fs", "propagation.step", "longer than the duration"),
    (MOLECULE, "propagation.order", 3, "propagation.order", "must be 2 or 4"),
    (MOLECULE, "propagation.method", "euler", "propagation.method", "is not possible"),
    (MOLECULE, "propagation.tolerance", 2, "propagation.tolerance", "too large"),
    (MOLECULE, "propagation.store_psi", "yes", "propagation.store_psi", "must be true or false"),
    (MOLECULE, "propagation", None, "factorization", "needs [propagation]"),
    (MOLECULE, "factorization.gauge", "coulomb", "factorization.gauge", "is not possible"),
    (MOLECULE, "factorization.refinement", 3, "factorization.refinement", "a power of two"),
    (MOLECULE, "factorization.refinement", "always", "factorization.refinement", '"auto"'),
    (MOLECULE, "factorization.fields", ["5 fs"], "factorization.fields[0]", "outside the run"),
    (MOLECULE, "factorization.fields", "some", "factorization.fields", 'must be "auto"'),
    (MOLECULE, "factorization.density_floor", 0, "factorization.density_floor", "is zero"),
    (MOLECULE, "trajectories", {}, "trajectories", "asks for none"),
    (MOLECULE, "adiabatic", {"surfaces": 3}, "adiabatic.surfaces", "there are 2"),
    (MOLECULE, "external", {"vector": {"S": "1"}}, "external.vector.S", "is no nuclear coordinate"),
    (MOLECULE, "absorber", {"potential": "-R**2"}, "absorber.potential", "is negative"),
    (MOLECULE, "absorber", {"potential": "sin(t)**2"}, "absorber.potential", "(time) is not allowed"),
    (MOLECULE, "leads", {}, "leads", "unknown key"),
    (MOLECULE, "sweep", {"q": [1]}, "sweep.q", "is not in [parameters]"),
    (PLANE, "factorization", {"gauge": "zero-vector-potential"}, "factorization.gauge", "exists for one coordinate only"),
    (PLANE, "initial.nuclear.gaussian.center", 0.1, "initial.nuclear.gaussian.center", "one for each of x, y"),
    (PLANE, "nuclei", {"A": {"coordinates": ["x", "z"]}}, "nuclei.A.coordinates", '"z" is no nuclear coordinate'),
    (PLANE, "nuclei", {"A": {"mass": 1}}, "nuclei.A", "give coordinates"),
    (PLANE, "nuclei", {"A": {"mass": 2, "positions": {"X": "x**2"}}}, "nuclei.A.positions.X", "not linear"),
    (PLANE, "nuclei", {"A": {"mass": 2, "positions": {"X": "x", "Y": "y"}}}, "coordinates.x.mass", "is 1200, but the nuclei A"),
    (PLANE, "nuclei", {"A": {"mass": 1200, "positions": {"X": "x", "Y": "y + x/2"}}}, "nuclei", "couple x and y"),
    (REAL_SPACE, "electrons.states", 2, "electrons.states", "electrons in real space have none"),
    (REAL_SPACE, "electrons.coordinates.R", GRID, "electrons.coordinates.R", "also a nuclear"),
    (REAL_SPACE, "parameters", {"r": 1}, "parameters.r", "also a coordinate"),
    (REAL_SPACE, "electrons.potential", "I*r", "electrons.potential", "non-Hermitian"),
    (REAL_SPACE, "electrons.potential", "1/r", "electrons.potential", "at r = 0, R = 1"),
    (REAL_SPACE, "electrons.potential", "sqrt(7 - t)", "electrons.potential", "t = 8.3"),
    (REAL_SPACE, "initial.electronic", {"diabatic": 1}, "initial.electronic.diabatic", "no basis states"),
    (MARGINAL, "potentials.vector.Y", "0", "potentials.vector.Y", "is no nuclear coordinate"),
    (MARGINAL, "potentials.scalar", "I*X", "potentials.scalar", "must be real"),
    (MARGINAL, "initial.electronic", {"diabatic": 1}, "initial.electronic", "has no electrons"),
    (MARGINAL, "initial", {"nuclear": {"ground_state_of": 1}}, "initial.nuclear.ground_state_of", "no electronic surfaces"),
    (MARGINAL, "factorization.gauge", "adiabatic-phase", "factorization.gauge", "needs electronic states"),
    (MARGINAL, "electrons", {}, "electrons", "unknown key"),
    (MARGINAL, "parameters.v", "diff(g, X)", "parameters.v", "X is a coordinate"),
]  # fmt: skip


def test_chebyshev_with_an_absorber() -> None:
    data = changed(MOLECULE, "absorber", {"potential": "0.01*R**2"})
    with pytest.raises(InputError, match="Hermitian"):
        na.load(changed(data, "propagation.method", "chebyshev"))


@pytest.mark.parametrize(("base", "key", "value", "where", "words"), FAULTS, ids=[f"{f[1]}: {f[4][:30]}" for f in FAULTS])
def test_one_fault_one_line(base: dict[str, Any], key: str, value: Any, where: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        na.load(changed(base, key, value))
    problems = caught.value.problems
    assert [found for _, found, _ in problems] == [where], problems
    assert words.replace('"', "") in problems[0][2].replace('"', ""), problems[0][2]
    assert len(caught.value.lines()) == 1


def test_all_faults_at_once() -> None:
    data = changed(changed(changed(MOLECULE, "propagation.order", 3), "coordinates.R.mass", "5 K"), "tile", "x")
    data["electrons"]["hamiltonian"][0][0] = "nothing"
    with pytest.raises(InputError) as caught:
        na.load(data)
    assert {key for _, key, _ in caught.value.problems} >= {"propagation.order", "coordinates.R.mass", "tile"}


def test_a_sweep_must_keep_the_grid() -> None:
    data = changed(changed(MOLECULE, "coordinates.R.grid.stop", "M/1000 + 1"), "sweep", {"M": [2000, 2500]})
    with pytest.raises(InputError, match=r"coordinates.R.grid: changes in the sweep"):
        na.load(data)
    with pytest.raises(InputError, match="stored times change"):
        na.load(changed(MOLECULE, "sweep", {"T": ["1 fs", "2 fs"]}))


@pytest.mark.parametrize("name", CLOSED)
def test_shipped_closed_systems_are_read(name: str) -> None:
    experiment = na.examples.load(name)
    assert isinstance(experiment, ClosedExperiment) and experiment.title and experiment.propagation is not None
    assert experiment.factorization is not None and len(experiment.propagation.times) > 10


def test_the_closed_systems_are_shipped() -> None:
    diatomics = {"diatomic", "diatomic-nonadiabatic", "diatomic-adiabatic", "diatomic-letter"}
    others = {"spiral", "jahn-teller", "rotating-diatomic", "shin-metiu", "h2plus", "conical-intersection", "free", "harmonic"}
    assert set(CLOSED) >= diatomics | others | {"tully-1", "tully-2", "tully-3"}


def test_surfaces_of_the_diatomics() -> None:
    """E2 - E1 has its least value, the gap, at R = 0.75 (systems.md, S2)."""
    for name, gap in (("diatomic-nonadiabatic", 0.02), ("diatomic", 0.03), ("diatomic-adiabatic", 0.1)):
        molecule = na.examples.load(name).model
        energies = np.linalg.eigvalsh(np.moveaxis(molecule.hamiltonian(), (0, 1), (-2, -1)))
        difference = energies[:, 1] - energies[:, 0]
        assert np.isclose(difference.min(), gap, atol=1e-5)
        assert np.isclose(molecule.mesh[0][difference.argmin()], 0.75, atol=0.01)
