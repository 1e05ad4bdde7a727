"""Away from equilibrium: ensembles end in the stationary solution of the Fokker-Planck equation, which shares no code with it.

A table whose friction is negative around the minimum (a vibration that feeds itself, as electrons can make it), and the shipped
junction at bias.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import nonadia as na
from nonadia.langevin.fokker_planck.solve import bin_probabilities, cumulative, fokker_planck
from nonadia.langevin.statistics import chi_squared_of_batches, kolmogorov_smirnov
from nonadia.langevin.tables.from_dataset import field_of

STRAIGHT = {"x": {"lower": "linear", "upper": "linear"}}


def compare(result: xr.Dataset, exact: xr.Dataset, accuracy: float) -> None:
    """Kinetic temperature, position and distributions of x and p; accuracy: that of 3 standard errors of the temperature."""
    assert exact.attrs["converged"] == 1 and result.attrs["steady_state"] == 1
    for name, reference in (("kinetic_temperature", exact["kinetic_temperature"]), ("position", exact["position"])):
        found, error = float(result[f"steady_{name}"][0]), float(result[f"error_steady_{name}"][0])
        assert abs(found - float(reference)) < 3 * error
        if name == "kinetic_temperature":
            assert 3 * error < accuracy * found
    since = int(np.searchsorted(result["time"], result.attrs["steady_since"]))
    for axis, name in (("x", "position"), ("p", "momentum")):
        samples = result[f"trajectory_{name}"].values[since:, :, 0]
        # the trajectories are independent
        assert kolmogorov_smirnov(samples[-1], lambda v, axis=axis: cumulative(exact, v, axis)).p_value > 1e-3
        # all times: correlated within a batch of trajectories
        edges = np.quantile(samples, np.linspace(0.0, 1.0, 26)[1:-1])
        edges = np.concatenate([[-np.inf], edges, [np.inf]])
        counts = np.stack([np.histogram(part, edges)[0] for part in np.array_split(samples, 100, axis=1)])
        assert chi_squared_of_batches(counts, bin_probabilities(exact, edges, axis)).p_value > 1e-3


def self_excited() -> xr.Dataset:
    """γ = -0.4 + 0.8 x², m = 1, U = x²/2 + 0.05 x⁴, D grows with x: a noisy limit cycle. A dataset of three columns."""
    x = np.linspace(-5.0, 5.0, 161)
    columns = {
        "mean_force": (("x", "mode"), np.zeros((x.size, 1))),
        "friction": (("x", "mode", "mode_"), (-0.4 + 0.8 * x**2)[:, None, None]),
        "noise": (("x", "mode", "mode_"), (0.05 + 0.03 * np.tanh(x))[:, None, None]),
        "bare_potential": (("x",), 0.5 * x**2 + 0.05 * x**4),
    }
    return xr.Dataset(columns, coords={"x": x, "mode": ["x"], "mode_": ["x"]})


def test_negative_friction_is_not_clipped_and_reaches_its_stationary_state() -> None:
    table = self_excited()
    exact = fokker_planck(field_of(table, mass=1.0), tolerance=1e-3)
    result = na.langevin(
        table, mass=1.0, trajectories=4000, duration=400.0, step=0.04, stored=121, keep=4000, seed=1,
        initial={"x": 0.1, "p": 0.0},
    )  # fmt: skip
    compare(result, exact, 0.01)
    assert float(exact["kinetic_temperature"]) > 0.5  # it starts at rest
    # a limit cycle, not a widened Gaussian: nobody at rest in the minimum
    middle = exact["density"].sel(x=0.0, p=0.0, method="nearest")
    assert float(middle) < 0.05 * float(exact["density"].max())
    last = np.hypot(result["trajectory_position"].values[-1, :, 0], result["trajectory_momentum"].values[-1, :, 0])
    assert np.mean(last < 0.5) < 0.01


def test_junction_at_bias_follows_the_fokker_planck_solution() -> None:
    model = na.examples.load("junction", overrides={"parameters.bias": "0.1 V"}).model
    forces = na.electronic_forces(model, x=np.linspace(-24.0, 17.0, 821), method="negf", tolerance=1e-4)
    exact = fokker_planck(field_of(forces, asymptote=STRAIGHT), tolerance=1e-3)
    result = na.langevin(
        forces, asymptote=STRAIGHT, trajectories=4096, duration=2e6, step=200.0, stored=81, keep=4096, seed=1,
        initial={"temperature": 9.5e-4, "x": -3.0},
    )  # fmt: skip
    compare(result, exact, 0.04)
    # hotter than 300 K
    assert float(exact["kinetic_temperature"]) > 1.05 * 9.5e-4
    # electrons come from the left lead, in the ensemble as in the stationary density
    found, error = result["steady_current"].values, result["error_steady_current"].values
    assert np.all(np.abs(found - exact["current"].values) < 3 * error) and found[0] > 10 * error[0]
