"""Sampled kernels as sums of exponentials: exact sums are found, others to the tolerance, bad ones refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from nonadia.interop import kernel_exponents


def dataset(time: np.ndarray, friction: np.ndarray, noise: np.ndarray) -> xr.Dataset:
    """(x, time) arrays of one coordinate."""
    dims = ("x", "time", "mode", "mode_")
    return xr.Dataset(
        {"friction_kernel": (dims, friction[..., None, None]), "noise_kernel": (dims, noise[..., None, None])},
        coords={"x": np.arange(len(friction)) * 1.0, "time": time, "mode": ["x"], "mode_": ["x"]},
    )


def rebuilt(data: xr.Dataset, name: str, time: np.ndarray) -> np.ndarray:
    waves = np.exp(-np.multiply.outer(time, data["rate"].values))  # (t, x, k)
    return np.einsum("txk,xk->xt", waves, data[f"{name}_amplitude"].values[..., 0, 0]).real


def test_an_exact_sum_is_found() -> None:
    """Three exponents, of which one pair is complex: the rates to 1e-8, at x with fewer of them filled up with zeros."""
    time = np.linspace(0.0, 40.0, 401)
    pair, single = 0.2 + 1.3j, 0.5
    friction = np.stack([np.real((1.0 - 0.4j) * np.exp(-pair * time)) + 0.3 * np.exp(-single * time), np.exp(-single * time)])
    noise = np.stack([np.real((0.2 + 0.1j) * np.exp(-pair * time)) - 0.1 * np.exp(-single * time), 2 * np.exp(-single * time)])
    found = kernel_exponents(dataset(time, friction, noise), tolerance=1e-8)
    assert found["exponent_count"].values.tolist() == [3, 1]
    assert np.allclose(found["rate"][0], [pair.conjugate(), pair, single], rtol=1e-8)
    assert np.all(found["friction_amplitude"][1, 1:] == 0)
    for name, exact in (("friction", friction), ("noise", noise)):
        assert np.allclose(rebuilt(found, name, time), exact, atol=1e-8)
    assert found.attrs["exponential_error"] <= 1e-8


def test_uneven_times_and_a_kernel_that_is_no_sum() -> None:
    """A Gaussian has no exponents: so many as the tolerance needs, less for a wider tolerance; between the times too."""
    time = np.sort(np.concatenate([np.linspace(0.0, 6.0, 60), np.geomspace(1e-3, 6.0, 60)[:-1]]))
    shape = np.exp(-(time**2))[None]
    counts = []
    for tolerance in (1e-2, 1e-4):
        found = kernel_exponents(dataset(time, 0.3 * shape, 0.01 * shape), tolerance=tolerance)
        between = np.linspace(0.0, 6.0, 777)
        assert np.abs(rebuilt(found, "friction", between)[0] - 0.3 * np.exp(-(between**2))).max() < 1.5 * tolerance * 0.3
        assert np.all(found["rate"].values.real > 0)
        counts.append(int(found["exponent_count"][0]))
    assert counts[0] < counts[1]


def test_no_kernel_is_no_exponent() -> None:
    time = np.linspace(0.0, 10.0, 50)
    found = kernel_exponents(dataset(time, np.zeros((1, 50)), np.exp(-time)[None]))
    assert np.all(np.abs(found["friction_amplitude"].values) < 1e-12)
    both = kernel_exponents(dataset(time, np.zeros((1, 50)), np.zeros((1, 50))))
    assert np.all(both["noise_amplitude"].values == 0) and np.all(both["rate"].values.real > 0)


def test_clear_errors() -> None:
    time = np.linspace(0.0, 10.0, 200)
    noisy = np.random.default_rng(2).normal(size=(2, 200))
    with pytest.raises(ValueError, match=r"kernels at x = 0: 6 exponents have an error of .*not 1.0e-03"):
        kernel_exponents(dataset(time, noisy, noisy), most=6)
    with pytest.raises(ValueError, match="tolerance = 2"):
        kernel_exponents(dataset(time, noisy, noisy), tolerance=2)
    with pytest.raises(ValueError, match="at least 8"):
        kernel_exponents(dataset(time[:4], noisy[:, :4], noisy[:, :4]))
    with pytest.raises(ValueError, match="read_kernel_data"):
        kernel_exponents(dataset(time, noisy, noisy).drop_vars("noise_kernel"))
