"""Ensembles: the same bits however they are cut, moved and interrupted; exits; what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from nonadia.langevin import ensemble
from nonadia.langevin.api import langevin
from nonadia.langevin.field import CallableField, Uniform
from nonadia.langevin.general import NoiseError
from nonadia.langevin.task import LeftTable

K, M, KT = 0.01, 2000.0, 9.5e-4


class Harmonic:
    """U = kx²/2 with constant γ and D on a table of equal cells, so that the compiled engine serves it. Picklable."""

    names, masses, leads, time_dependent = ("x",), np.array([M]), (), False

    def __init__(self, friction: float = 2.0, limit: float = 6.0, compiled: bool = True) -> None:
        self.errors, self.messages = {"force": 0.0, "friction": 0.0, "noise": 0.0}, []
        self.friction, self.limit, self.compiled = friction, limit, compiled

    @property
    def bounds(self) -> tuple[NDArray, NDArray]:
        return np.array([-self.limit]), np.array([self.limit])

    def force(self, x: NDArray, t: float = 0.0) -> NDArray:
        return np.where(np.abs(x) <= self.limit, -K * x, np.nan)

    def local(self, x: NDArray, t: float = 0.0) -> tuple[NDArray, NDArray]:
        return np.full((len(x), 1, 1), self.friction), np.full((len(x), 1, 1), self.friction * KT)

    def potential(self, x: NDArray, t: float = 0.0) -> NDArray:
        return 0.5 * K * x[:, 0] ** 2

    def current(self, x: NDArray, t: float = 0.0) -> None:
        return None

    def uniform(self, t: float = 0.0) -> Uniform | None:
        if not self.compiled:
            return None
        cells, width = 10, 2 * self.limit / 10
        kick, bath = np.full((cells + 2, 4), np.nan), np.zeros((cells + 2, 8))
        left = -self.limit + width * np.arange(cells)
        kick[1:-1] = 0.0
        kick[1:-1, 0], kick[1:-1, 1] = -K * left, -K * width
        bath[:, 0], bath[:, 4] = self.friction, self.friction * KT
        return Uniform(-self.limit, 1.0 / width, cells, kick, bath)


START = {"temperature": KT, "x": 0.5}
SHORT: dict[str, Any] = {"duration": 3000.0, "step": 10.0, "stored": 11, "initial": START}


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    assert set(one.variables) == set(other.variables)
    for name in one.variables:
        if one[name].dtype.kind == "f":
            assert np.array_equal(one[name].values, other[name].values, equal_nan=True), name


@pytest.mark.parametrize("compiled", [True, False])
def test_bits_do_not_depend_on_workers(compiled: bool) -> None:
    """1, 2 and 7 threads, other processes, and other cuts of the ensemble."""
    field = Harmonic(compiled=compiled)
    runs = [langevin(field, trajectories=1001, workers=workers, **SHORT) for workers in (1, 2, 7)]
    with ProcessPoolExecutor(2) as pool:
        runs.append(langevin(field, trajectories=1001, workers=3, executor=pool, **SHORT))
    for run in runs[1:]:
        same(runs[0], run)
    other = langevin(field, trajectories=1001, seed=2, **SHORT)
    assert not np.array_equal(runs[0]["position"], other["position"])


def test_groups_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = langevin(Harmonic(), trajectories=1001, **SHORT)
    monkeypatch.setattr(ensemble, "GROUP", 24)
    same(whole, langevin(Harmonic(), trajectories=1001, **SHORT))


def test_compiled_and_general_engines_agree() -> None:
    """Two implementations on the same noise: equal but for rounding."""
    one, other = (langevin(Harmonic(compiled=flag), trajectories=200, keep=5, **SHORT) for flag in (True, False))
    for name in ("position", "momentum", "energy", "trajectory_position", "trajectory_momentum"):
        assert np.allclose(one[name], other[name], rtol=1e-9, atol=1e-11), name


class Memory:
    """A checkpoint in memory that stops the run after some rounds."""

    def __init__(self, rounds: int) -> None:
        self.rounds, self.held = rounds, None

    def read(self) -> dict[str, NDArray] | None:
        return self.held

    def offer(self, arrays: dict[str, NDArray]) -> None:
        self.write(arrays)
        self.rounds -= 1
        if self.rounds == 0:
            raise KeyboardInterrupt

    def write(self, arrays: dict[str, NDArray]) -> None:
        self.held = {name: array.copy() for name, array in arrays.items()}


@pytest.mark.parametrize("rounds", [1, 2, 7])
def test_interrupted_and_continued(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "ROUND", 0.0)  # one stored time a round
    whole = langevin(Harmonic(), trajectories=300, **SHORT)
    checkpoint = Memory(rounds)
    with pytest.raises(KeyboardInterrupt):
        langevin(Harmonic(), trajectories=300, checkpoint=checkpoint, **SHORT)
    assert checkpoint.held is not None and 0 <= int(checkpoint.held["0.index"]) < 10
    same(whole, langevin(Harmonic(), trajectories=300, checkpoint=checkpoint, workers=2, **SHORT))


@pytest.mark.parametrize("compiled", [True, False])
def test_exits(compiled: bool) -> None:
    """Free flight: who leaves, when and with which momentum is known."""

    class Free(Harmonic):
        def force(self, x: NDArray, t: float = 0.0) -> NDArray:
            return 0.0 * x

        def potential(self, x: NDArray, t: float = 0.0) -> NDArray:
            return 0.0 * x[:, 0]

        def uniform(self, t: float = 0.0) -> Uniform | None:
            found = super().uniform(t)
            return None if found is None else found._replace(kick=np.zeros_like(found.kick))

    field = Free(friction=0.0, compiled=compiled)
    momenta = np.linspace(-8.0, 8.0, 64)
    run = langevin(
        field, trajectories=64, duration=1000.0, step=7.0, stored=6, initial={"positions": np.zeros(64), "momenta": momenta},
        exits={"right": "x > 1.3", "left": ("x", -1, -0.8)},
    )  # fmt: skip
    arrival = np.where(momenta > 0, 1.3, 0.8) * M / np.abs(momenta)
    gone = arrival < 1000.0
    wanted = np.where(gone, np.where(momenta > 0, 0, 1), -1)
    assert np.array_equal(run["exit_index"], wanted) and gone.sum() > 20
    assert np.allclose(run["exit_time"].values[gone], arrival[gone], rtol=1e-9)
    assert np.isnan(run["exit_time"].values[~gone]).all()
    assert np.allclose(run["exit_momentum"].values[gone, 0], momenta[gone], rtol=1e-12)
    assert np.allclose(run["exit_position"].values[gone, 0], np.where(momenta > 0, 1.3, -0.8)[gone], rtol=1e-9)
    assert run["survivors"].values[-1] == 64 - gone.sum()
    assert np.allclose(run["exit_probability"], [(wanted == e).mean() for e in (0, 1, -1)])
    assert np.allclose(run["energy_loss"], 0.0, atol=1e-15)


def test_stops_when_the_error_is_reached() -> None:
    """Earlier than the duration, with the error asked for, and with the numbers of the longer run up to there."""
    wanted = {"kinetic_temperature": 0.03 * KT}
    options: dict[str, Any] = {"trajectories": 400, "duration": 1e5, "step": 20.0, "initial": START}
    run = langevin(Harmonic(friction=5.0), stop_error=wanted, **options)
    assert run.attrs["converged"] == 1 and run.attrs["duration"] < 0.9e5
    assert 0 < run["error_steady_kinetic_temperature"].item() <= wanted["kinetic_temperature"]
    whole = langevin(Harmonic(friction=5.0), **options)
    assert np.array_equal(run["position"], whole["position"][: run.sizes["time"]])
    never = langevin(Harmonic(friction=5.0), stop_error={"kinetic_temperature": 1e-6 * KT}, **(options | {"duration": 2e4}))
    assert never.attrs["converged"] == 0 and "not reached" in never.attrs["messages"]


def test_leaving_the_table_is_said() -> None:
    for compiled in (True, False):
        with pytest.raises(LeftTable, match=r"trajectory \d+ left the table behind x = -?0\.9.*from -1 to 1.*asymptote"):
            langevin(Harmonic(limit=1.0, compiled=compiled), trajectories=100, **SHORT)


def test_noise_that_cannot_be_is_said() -> None:
    field = CallableField(["x"], [M], lambda x: -K * x, 1.0, lambda x: -0.1 + 0.0 * x[:, 0])
    with pytest.raises(NoiseError, match="not positive semi-definite at x"):
        langevin(field, trajectories=10, **SHORT)


def test_a_long_step_is_not_called_converged() -> None:
    field = Harmonic(friction=5.0)
    options: dict[str, Any] = {"trajectories": 4000, "duration": 2e4, "stored": 21, "initial": START}
    coarse = langevin(field, step=250.0, **options)  # ωτ = 0.56
    assert coarse.attrs["converged"] == 0
    said = json.loads(coarse.attrs["messages"])[0]
    assert "error of the step" in said and "try step" in said
    # BAOAB's kinetic temperature of a harmonic oscillator is off by -(ωτ)²/4
    wanted = 0.25 * coarse.attrs["step"] ** 2 * K / M * KT
    assert coarse["step_error_kinetic_temperature"].item() == pytest.approx(wanted, rel=0.2)
    assert langevin(field, step=20.0, **options).attrs["converged"] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trajectories": 0}, "trajectories = 0"),
        ({"duration": -1.0}, "duration = -1"),
        ({"step": "fast"}, 'must be "auto"'),
        ({"scheme": "verlet"}, "use one of baoab"),
        ({"exits": {"out": "y > 3"}}, 'no coordinate "y"'),
        ({"exits": {"out": "x = 3"}}, "cannot be read"),
        ({"exits": {"out": "x > 0.1"}}, "start there"),
        ({"initial": {"x": 7.0}}, "start where there is no force"),
        ({"initial": {"temperature": 1e-3}}, 'no value for "x"'),
        ({"initial": {"boltzman": 1e-3}}, "not known"),
        ({"stop_error": {"temperature": 1.0}}, "kinetic_temperature"),
        ({"mass": 3.0}, "belongs to a dataset"),
        ({"seed": -1}, "seed = -1"),
        ({"keep": 99}, "only 10 trajectories"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_arguments_that_do_not_fit(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        langevin(Harmonic(), **({"trajectories": 10} | SHORT | change))


@pytest.mark.parametrize(
    ("function", "said"),
    [(lambda x: np.zeros((3, 3)), "has the shape"), (lambda x: x[:, :0], "has the shape")],
)
def test_functions_of_a_wrong_shape(function: Callable[[NDArray], NDArray], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        langevin(CallableField(["x", "y"], 1.0, function), trajectories=10, duration=1.0, initial={"x": 0.0, "y": 0.0})


def test_moments_of_an_oscillator() -> None:
    """Energy k_BT, variance k_BT/k, kinetic energy k_BT/2: in equilibrium from the start."""
    run = langevin(
        Harmonic(friction=5.0), trajectories=20_000, duration=2000.0, step=20.0, stored=11, initial={"boltzmann": KT}
    )
    for name, wanted in (("energy", KT), ("kinetic_energy", KT / 2), ("potential_energy", KT / 2)):
        assert np.all(np.abs(run[name] - wanted) < 4 * run[f"error_{name}"]), name
        assert np.all(run[f"error_{name}"] < 0.02 * wanted)
    for name, wanted in (("position_variance", KT / K), ("momentum_variance", M * KT)):
        assert np.all(np.abs(run[name] - wanted) < 4 * run[f"error_{name}"]), name
        assert np.all(run[f"error_{name}"] < 0.02 * wanted)


class Damped(Harmonic):
    """No force and no noise, so that p = p_0 - γ (x - x_0) exactly."""

    def __init__(self, compiled: bool) -> None:
        super().__init__(friction=2.0, compiled=compiled)

    def force(self, x: NDArray, t: float = 0.0) -> NDArray:
        return 0.0 * x

    def local(self, x: NDArray, t: float = 0.0) -> tuple[NDArray, NDArray]:
        friction, noise = super().local(x, t)
        return friction, 0.0 * noise

    def potential(self, x: NDArray, t: float = 0.0) -> NDArray:
        return 0.0 * x[:, 0]

    def uniform(self, t: float = 0.0) -> Uniform | None:
        found = super().uniform(t)
        if found is None:
            return None
        bath = found.bath.copy()
        bath[:, 4] = 0.0
        return found._replace(kick=np.zeros_like(found.kick), bath=bath)


@pytest.mark.parametrize("compiled", [True, False])
def test_energy_lost_on_the_way_out(compiled: bool) -> None:
    p0 = np.linspace(4.0, 8.0, 33)
    run = langevin(
        Damped(compiled), trajectories=33, duration=2000.0, step=2.0, stored=6, exits={"out": "x > 1"},
        initial={"positions": np.zeros(33), "momenta": p0},
    )  # fmt: skip
    wanted = p0 - 2.0
    assert np.allclose(run["exit_momentum"].values[:, 0], wanted, rtol=2e-3)
    lost = (p0**2 - wanted**2) / (2 * M)
    assert np.allclose(run["trajectory_energy_loss"], lost, rtol=1e-2) and lost.min() > 0
    assert run["energy_loss"].values[0] == pytest.approx(lost.mean(), rel=1e-2)


def test_momentum_at_an_exit_does_not_depend_on_the_step() -> None:
    """Where noise drives trajectories over a threshold, the momentum is that of the crossing, not of the end of the step."""
    field = CallableField(["x"], 1.0, lambda x: -0.05 * x, 0.5, 0.5, lambda x: 0.025 * x[:, 0] ** 2)
    found = [
        langevin(
            field, trajectories=30_000, duration=20.0, step=step, stored=3, exits={"out": "x > 1"}, seed=seed,
            initial={"temperature": 1.0, "x": -0.5},
        )
        for seed, step in ((1, 0.2), (2, 0.02))
    ]  # fmt: skip
    for name in ("exit_mean_momentum", "energy_loss", "exit_mean_time"):
        one, other = (float(run[name].values.ravel()[0]) for run in found)
        error = np.hypot(*(float(run[f"error_{name}"].values.ravel()[0]) for run in found))
        assert abs(one - other) < 4 * error and error < 0.02 * abs(other), name


def test_step_errors_of_exits() -> None:
    """A potential step met with far too long steps: the stated error is a third of the difference to the coarse ensemble."""
    field = CallableField(["x"], 1.0, lambda x: -np.tanh(8 * x), 0.2, 0.2, lambda x: np.log(np.cosh(8 * x[:, 0])) / 8)
    options: dict[str, Any] = {"trajectories": 4096, "duration": 24.0, "stored": 5, "initial": {"temperature": 1.0, "x": 0.0}}
    options["exits"] = {"out": "x > 1.5"}
    run, coarse = (langevin(field, step=step, **options) for step in (0.75, 1.5))
    assert run.attrs["step"] == 0.75 and run.attrs["converged"] == 0 and "at the exit out" in run.attrs["messages"]
    # the companion has the first 2048 trajectories of a finer noise: the same law as another coarse ensemble
    for name in ("exit_probability", "exit_mean_momentum", "energy_loss"):
        stated = float(run[f"step_error_{name}"].values.ravel()[0])
        unsure = float(run[f"error_step_error_{name}"].values.ravel()[0])
        difference = float(run[name].values.ravel()[0] - coarse[name].values.ravel()[0])
        error = np.hypot(*(float(r[f"error_{name}"].values.ravel()[0]) for r in (run, coarse)))
        assert abs(stated - abs(difference) / 3) < 4 * np.hypot(unsure, error / 3), name


def test_energy_at_an_exit_is_that_of_its_time() -> None:
    """U = x²/2 - t x with p large: the loss is the work of the drive until the exit."""
    field = CallableField(["x"], 1.0, lambda x, t: -x + t, 0.0, 0.0, lambda x, t: 0.5 * x[:, 0] ** 2 - t * x[:, 0])
    p0 = np.array([2.0, 3.0, 4.0, 6.0])
    run = langevin(
        field, trajectories=4, duration=4.0, step=0.001, stored=3, exits={"out": "x > 1"},
        initial={"positions": np.zeros(4), "momenta": p0},
    )  # fmt: skip
    for b in range(4):
        t = np.linspace(0.0, float(run["exit_time"][b]), 2001)
        x = t + (p0[b] - 1.0) * np.sin(t)  # ẍ = -x + t
        assert x[-1] == pytest.approx(1.0, abs=1e-4)
        # dE/dt = ∂U/∂t = -x
        assert float(run["trajectory_energy_loss"][b]) == pytest.approx(np.trapezoid(x, t), abs=2.5e-3)


def test_an_exit_just_inside_the_table_is_found() -> None:
    """Where half a step leads beyond both, the trajectory has left before it is lost."""
    for compiled in (True, False):
        run = langevin(
            Harmonic(limit=1.0, compiled=compiled), trajectories=64, duration=2000.0, step=200.0, stored=6,
            initial={"positions": np.full(64, 0.5), "momenta": np.full(64, 12.0)}, exits={"out": "x > 0.9999"},
        )  # fmt: skip
        assert np.all(run["exit_index"] == 0)


def test_a_companion_that_leaves_the_table_is_no_failure() -> None:
    """BAOAB of an oscillator is stable for ωτ < 2: with twice the step it is not, and only that is said."""
    run = langevin(
        Harmonic(friction=0.05, limit=3.0), trajectories=64, duration=6e4, step=1.2 / np.sqrt(K / M), stored=6, initial=START
    )
    assert run.attrs["converged"] == 0 and "with twice the step trajectory" in run.attrs["messages"]
    assert np.isfinite(run["energy"]).all() and np.isnan(run["step_error_energy"])
