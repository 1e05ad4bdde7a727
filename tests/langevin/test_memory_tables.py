"""Memory that depends on x: splines and their stated error, functions, asymptotes, the datasets of `memory_kernels`."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from nonadia.langevin.field import CallableField
from nonadia.langevin.memory.memory_field import from_kernels, memory_field

from .test_memory import KT, MASS, harmonic, tensor_kernels


def bump(x: NDArray) -> NDArray:
    """Amplitudes (N, 2) that depend on x."""
    return np.stack([1 + 0.5 * np.sin(x[:, 0]), 2 * np.exp(-((x[:, 0] - 0.3) ** 2))], axis=1)


@pytest.mark.parametrize("form", ["passive", "reciprocal", "general"])
def test_tables_over_x_state_their_error(form: str) -> None:
    """A table is between its points what it is at them, within the error stated; more points, less error."""
    rates, time, x = np.array([0.5, 3.0]), np.linspace(0, 5, 20), np.linspace(-1.97, 1.91, 57)[:, None]
    wanted = bump(x) @ np.exp(-np.outer(rates, time))
    stated = []
    for points in (9, 33):
        grid = np.linspace(-2, 2, points)
        field = memory_field(harmonic(), rates, bump(grid[:, None]), KT * bump(grid[:, None]), grid={"x": grid}, form=form)
        friction, noise = field.kernels(x, time)
        errors = [np.abs(friction[..., 0, 0] - wanted).max(), np.abs(noise[..., 0, 0] / KT - wanted).max()]
        assert errors[0] < field.errors["friction_kernel"] and errors[1] < field.errors["noise_kernel"] / KT
        stated.append(field.errors["noise_kernel"])
    assert stated[1] < 0.05 * stated[0] < 0.05
    assert np.isnan(field.extended(np.array([[2.1]]))[0]).any()
    assert [float(b[0]) for b in field.bounds] == [-2.0, 2.0]


def test_functions_of_x_and_tables_agree() -> None:
    rates, grid, x = np.array([0.5, 3.0]), np.linspace(-2, 2, 41), np.linspace(-1.9, 1.9, 7)[:, None]
    direct = memory_field(harmonic(), rates, bump, temperature=KT)
    table = memory_field(harmonic(), rates, bump, temperature=KT, grid={"x": grid})
    for a, b in zip(direct.extended(x), table.extended(x), strict=True):
        assert np.abs(a - b).max() < 1e-4
    assert np.allclose(direct.local(x)[0][:, 0, 0], bump(x) @ (1 / rates), rtol=1e-12)


def test_a_coupling_that_changes_sign_is_smooth() -> None:
    """γ ∝ x²: the coupling √γ goes through zero with a sign, so that a coarse table gives γ exactly."""
    grid = np.linspace(-1, 1, 8)
    for form in ("passive", "general"):
        field = memory_field(harmonic(), [1.0], 4 * grid[:, None] ** 2, temperature=KT, grid={"x": grid}, form=form)
        x = np.linspace(-0.9, 0.9, 50)[:, None]
        for kernel, unit in zip(field.kernels(x, [0.0]), (1.0, KT), strict=True):
            assert np.abs(kernel[:, 0, 0, 0] - 4 * unit * x[:, 0] ** 2).max() < 1e-9


def test_asymptotes_of_a_table() -> None:
    grid, outside = np.linspace(-1, 1, 9), np.array([[-1.5], [1.5], [np.nan]])
    amplitudes = (2 + grid)[:, None]
    for form in ("passive", "general"):
        field = memory_field(
            harmonic(), [1.0], amplitudes, temperature=KT, grid={"x": grid}, form=form,
            asymptote={"x": {"lower": "constant", "upper": "free"}},
        )  # fmt: skip
        friction, noise = (a[:, 0, 0] for a in field.local(outside))
        assert friction[:2] == pytest.approx([1.0, 0.0], abs=1e-12)
        assert noise[:2] == pytest.approx([KT, 0.0], abs=1e-12)
        assert np.isnan(friction[2])
        assert [float(b[0]) for b in field.bounds] == [-np.inf, np.inf]
    with pytest.raises(ValueError, match="lower and upper may be free, constant, linear"):
        memory_field(
            harmonic(), [1.0], amplitudes, temperature=KT, grid={"x": grid}, asymptote={"x": {"lower": "flat"}}
        )


def test_two_coordinates_on_a_grid() -> None:
    """Matrix amplitudes on a product grid, complex rates, D not proportional to γ."""
    x, y = np.linspace(-1, 1, 11), np.linspace(0, 2, 12)
    rates, friction, noise = tensor_kernels()
    scale = 1 + 0.3 * np.sin(x)[:, None] * np.cos(y)
    base = CallableField(["x", "y"], [1.0, 2.0], lambda q: -q)
    shape = scale[..., None, None, None]
    field = memory_field(base, rates, shape * friction, shape * noise, grid={"y": y, "x": x})
    at, time = np.array([[0.33, 1.21], [-0.87, 0.3]]), np.array([0.0, 0.7, 3.0])
    factor = 1 + 0.3 * np.sin(at[:, 0]) * np.cos(at[:, 1])
    for kernel, amplitudes in zip(field.kernels(at, time), (friction, noise), strict=True):
        wanted = factor[:, None, None, None] * np.einsum("kt,kij->tij", np.exp(-np.outer(rates, time)), amplitudes).real
        assert np.abs(kernel - wanted).max() < 1e-5
    drift, spread = field.extended(at)
    assert drift.shape == (2, 8, 8) and np.linalg.eigvalsh(spread).min() > -1e-12


def test_fields_reach_other_processes() -> None:
    grid = np.linspace(-2, 2, 9)
    base = CallableField(["x"], MASS, 0.0)
    field = memory_field(base, [0.5, 3.0], bump(grid[:, None]), temperature=KT, grid={"x": grid})
    again, x = pickle.loads(pickle.dumps(field)), np.array([[0.123]])
    for a, b in zip(field.extended(x), again.extended(x), strict=True):
        assert np.array_equal(a, b)


def dataset(rates: NDArray, friction: NDArray, noise: NDArray, x: NDArray | None = None, **attributes: Any) -> xr.Dataset:
    lead = () if x is None else ("x",)
    pair = (*lead, "exponent", "mode", "mode_")
    variables = {
        "rate": ((*lead, "exponent"), rates),
        "friction_amplitude": (pair, friction[..., None, None]),
        "noise_amplitude": (pair, noise[..., None, None]),
    }
    coordinates: dict[str, Any] = {"mode": ["x"], "mode_": ["x"]}
    return xr.Dataset(variables, coords=coordinates if x is None else coordinates | {"x": x}, attrs=attributes)


def test_a_dataset_with_drifting_rates() -> None:
    """γ = e^{-(1 + x/10)t}(1 + x²/10), D = γ k_BT + ½ e^{-4t}: kernels between the points, within the stated errors."""
    x = np.linspace(-1, 1, 21)
    rates = np.stack([1 + x / 10, 4 + 0 * x], axis=1).astype(complex)
    friction = np.stack([1 + x**2 / 10, 0 * x], axis=1).astype(complex)
    noise = np.stack([KT * (1 + x**2 / 10), 0.5 + 0 * x], axis=1).astype(complex)
    field = from_kernels(harmonic(), dataset(rates, friction, noise, x, tolerance=1e-3))
    time, at = np.linspace(0, 8, 30), np.linspace(-0.97, 0.93, 11)
    found = field.kernels(at[:, None], time)
    first = np.exp(-np.outer(1 + at / 10, time)) * (1 + at**2 / 10)[:, None]
    errors = np.abs(found[0][..., 0, 0] - first).max(), np.abs(found[1][..., 0, 0] - KT * first - 0.5 * np.exp(-4 * time)).max()
    assert errors[0] < field.errors["friction_kernel"] < 3e-3
    assert errors[1] < field.errors["noise_kernel"] < 5e-3
    integrals = field.markov().local(x[:, None])
    assert np.abs(integrals[0][:, 0, 0] - (friction / rates).sum(axis=1).real).max() < 1e-6
    assert field.aux <= 6


def test_a_dataset_at_equilibrium_becomes_passive() -> None:
    rates = np.array([1.0, 0.3 + 1j, 0.3 - 1j])
    friction = np.array([1.0, 0.25, 0.25]) + 0j
    leads = {"temperature": f"[{KT}, {KT}]", "chemical_potential": "[0, 0]", "tolerance": 1e-3}
    field = from_kernels(harmonic(), dataset(rates, friction, KT * friction, **leads))
    assert "passive" in field.messages[0] and f"k_BT = {KT}" in field.messages[0]
    assert field.aux == 3
    hot = from_kernels(harmonic(), dataset(rates, friction, 1.1 * KT * friction, **leads))
    assert "general" in hot.messages[0]


def test_kernels_of_a_junction() -> None:
    """The Markov limit is friction and noise of `electronic_forces`; γ(t), D(t) those of `memory_kernels`; quantum noise."""
    import nonadia as na

    model, x = na.examples.load("junction").model, np.array([-2.0, -1.0])
    forces = na.electronic_forces(model, x=x)
    kernels = na.memory_kernels(model, x=x, time=np.linspace(0, 2000, 101), tolerance=1e-2)
    base = CallableField(["x"], 6800.0, lambda x: -x)
    single = from_kernels(base, kernels.isel(x=0))
    assert "general" in single.messages[0]  # one geometry; D is not k_BT γ, as electrons are quantum
    field = from_kernels(base, kernels)
    assert "reciprocal" in field.messages[0]
    for found in (single, field):
        points = x[: 1 if found is single else 2]
        for which, (name, local) in enumerate(zip(("friction", "noise"), found.local(points[:, None]), strict=True)):
            wanted = forces[name].values[: points.size, 0, 0]
            assert np.abs(local[:, 0, 0] - wanted).max() < 2e-2 * np.abs(wanted).max()
            kernel = kernels[f"{name}_kernel"].values[: points.size]
            realised = found.kernels(points[:, None], kernels.time.values)[which]
            assert np.abs(realised - kernel).max() < 2e-2 * np.abs(kernel).max()


def test_tables_that_are_refused() -> None:
    base = harmonic()
    with pytest.raises(ValueError, match=r"select one value, kernels\.sel\(bias="):
        from_kernels(base, dataset(np.ones(1), np.ones(1), np.ones(1)).expand_dims(bias=[0.0, 1.0]))
    with pytest.raises(ValueError, match="start where there are no memory kernels"):
        grid = np.linspace(-1, 1, 5)
        memory_field(base, [1.0], np.ones((5, 1)), np.ones((5, 1)), grid={"x": grid}).start(np.array([[2.0]]), 1)
