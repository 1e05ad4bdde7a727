"""Correlations in time: direct sums, known processes, errors that are errors."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from nonadia.langevin.correlation import mean_square_displacement, velocity_autocorrelation, velocity_correlation


def chains(seed: int, count: int, times: int, decay: float) -> NDArray:
    """Stationary v (T, n, 2), ⟨v_i(t) v_j(0)⟩ = decay^t δ_ij."""
    random = np.random.default_rng(seed)
    found = [random.standard_normal((count, 2))]
    for _ in range(times - 1):
        found.append(decay * found[-1] + np.sqrt(1 - decay**2) * random.standard_normal((count, 2)))
    return np.array(found)


def test_all_origins_is_the_sum_over_pairs_of_times() -> None:
    v = np.random.default_rng(0).standard_normal((7, 3, 2)) + 5.0
    lag, value, error = velocity_correlation(v * [2.0, 4.0], np.arange(7) * 0.5, [2.0, 4.0])
    _, moved, moved_error = mean_square_displacement(v, np.arange(7) * 0.5)
    for k in range(7):
        each = np.einsum("tni,tnj->tnij", v[k:], v[: 7 - k]).mean(axis=0)
        assert np.allclose(value[k], each.mean(axis=0), rtol=1e-12)
        assert np.allclose(error[k], each.std(axis=0, ddof=1) / np.sqrt(3), rtol=1e-10)
        square = ((v[k:] - v[: 7 - k]) ** 2).mean(axis=0)
        assert np.allclose(moved[k], square.mean(axis=0), atol=1e-12)
        assert np.allclose(moved_error[k], square.std(axis=0, ddof=1) / np.sqrt(3), atol=1e-12)
    assert np.array_equal(lag, np.arange(7) * 0.5)


@pytest.mark.parametrize("origins", ["first", "all"])
def test_a_known_process_within_its_errors(origins: str) -> None:
    """decay^t within four standard errors at every lag; deviations as large as the errors say."""
    _, value, error = velocity_correlation(chains(1, 800, 40, 0.9), np.arange(40.0), [1.0, 1.0], origins)
    pull = (value - 0.9 ** np.arange(40)[:, None, None] * np.eye(2)) / error
    assert np.abs(pull).max() < 4
    assert 0.3 < np.sqrt(np.mean(pull**2)) < 2


def test_errors_are_the_scatter_between_ensembles() -> None:
    """60 ensembles: their scatter is the error that each states, within 4/√(2·59)."""
    found = [velocity_correlation(chains(k, 50, 20, 0.8), np.arange(20.0), [1.0, 1.0])[1:] for k in range(60)]
    values, errors = (np.array(part) for part in zip(*found, strict=True))
    ratio = values.std(axis=0, ddof=1) / errors.mean(axis=0)
    assert np.abs(ratio - 1).max() < 4 / np.sqrt(2 * 59)


def result(left: bool) -> xr.Dataset:
    p = chains(3, 6, 9, 0.7)
    if left:
        p[5:, 2] = np.nan
    dims = ("time", "stored", "mode")
    made = xr.Dataset({"trajectory_momentum": (dims, p), "trajectory_position": (dims, np.cumsum(p, axis=0))})
    made = made.assign_coords(time=np.arange(9) * 2.0, mode=["x", "y"])
    made["mode"].attrs["mass"] = [2.0, 3.0]
    return made


def test_from_a_result_that_holds_trajectories() -> None:
    found = velocity_autocorrelation(result(left=True), origins="first")
    assert (found.attrs["trajectories"], found.attrs["left_out"]) == (5, 1)
    kept = np.delete(chains(3, 6, 9, 0.7), 2, axis=1)
    wanted = (kept[4, :, 0] / 2 * kept[0, :, 1] / 3).mean()
    assert float(found.velocity_autocorrelation.sel(mode="x", mode_="y", lag=8.0)) == pytest.approx(wanted)
    path = np.cumsum(kept, axis=0)[:, :, 1]
    assert float(found.mean_square_displacement.sel(mode="y", lag=8.0)) == pytest.approx(((path[4] - path[0]) ** 2).mean())
    assert all("units" in found[name].attrs for name in found.variables if name not in ("mode", "mode_"))


def test_what_is_refused() -> None:
    v = np.ones((4, 3, 1))
    with pytest.raises(ValueError, match="stored on request"):
        velocity_autocorrelation(xr.Dataset())
    with pytest.raises(ValueError, match="at least two"):
        velocity_correlation(v[:, :1], np.arange(4.0), 1.0)
    with pytest.raises(ValueError, match="equal intervals"):
        velocity_correlation(v, [0.0, 1.0, 2.0, 4.0], 1.0)
    with pytest.raises(ValueError, match="not finite"):
        velocity_correlation(v * np.nan, np.arange(4.0), 1.0)
    with pytest.raises(ValueError, match="origins"):
        velocity_correlation(v, np.arange(4.0), 1.0, "some")
    with pytest.raises(ValueError, match="must be"):
        velocity_correlation(v[:, :, 0], np.arange(4.0), 1.0)
