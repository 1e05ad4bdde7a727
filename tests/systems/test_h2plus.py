"""S5, H2+ in a laser: the energy gained is the work of the field; the identities hold while it acts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import make_interp_spline

from .cases import FS, NO_FIELDS, shipped

MASS = 1836.0
CHARGE = (2.0 * MASS + 2.0) / (2.0 * MASS + 1.0)
OMEGA = 2.0 * np.pi * 137.035999 / (228e-9 / 5.29177210903e-11)  # 2π c/λ
RAMP = 7.6 * FS

SMALL = (
    ("coordinates.R.grid", (("start", 0), ("stop", 6), ("points", 48))),
    ("electrons.coordinates.r.grid", (("start", -24), ("stop", 24), ("points", 120))),
    ("propagation.duration", "2 fs"),
    ("propagation.store_every", "0.04 fs"),
)


def check_ledger(intensity: float, overrides: tuple[tuple[str, object], ...], largest_residual: float, integral: float) -> None:
    """E_total(t) - E_total(0) = ∫ power_external = ∫ q ⟨r⟩ dE/dt, with E(t) = E0 (t/ramp) sin ωt and ⟨r⟩ of the run."""
    w, f = shipped("h2plus", *NO_FIELDS, ("parameters.intensity", intensity), *overrides)
    t = f.time.values
    field = np.sqrt(intensity / 3.50944758e16) / RAMP

    def slope(s: np.ndarray) -> np.ndarray:
        return field * (np.sin(OMEGA * s) + OMEGA * s * np.cos(OMEGA * s))

    r = w.r.values
    mean = (w.electron_density.values * r).sum(axis=1) * (r[1] - r[0])
    power = f.power_external.values
    assert np.abs(power - CHARGE * slope(t) * mean).max() < 1e-6 * np.abs(power).max()
    fine = np.linspace(0.0, t[-1], 40 * (len(t) - 1) + 1)
    swept = make_interp_spline(fine, CHARGE * slope(fine) * make_interp_spline(t, mean, k=7)(fine), k=5).antiderivative()
    gained = f.E_total.values - f.E_total.values[0]
    assert gained.max() > 1e-4
    assert np.abs(gained - swept(t)).max() < integral * np.abs(gained).max()
    stored = make_interp_spline(t, power, k=5).antiderivative()(t)
    assert np.abs(gained - stored).max() < max(1e-3, 10 * integral) * np.abs(gained).max()
    # the ledger: what each part gains adds up, at every time
    rates = f.rate_T_marg + f.rate_T_geo + f.rate_E_BO
    assert np.abs(rates.values - power).max() < 1e-10 * np.abs(power).max()
    assert np.abs((f.T_marg + f.T_geo + f.E_BO - f.E_total).values).max() < 1e-9
    for identity in ("power", "work", "momentum"):
        left, right = f[f"identity_{identity}_lhs"].values, f[f"identity_{identity}_rhs"].values
        assert np.abs(left - right).max() < largest_residual * np.abs(left).max(), identity
    assert np.abs(w.norm.values - 1.0).max() < 1e-11


@pytest.mark.parametrize("intensity", [1e14, 2.5e13])
def test_energy_from_the_field_early(intensity: float) -> None:
    check_ledger(intensity, SMALL, 1e-5, 2e-6)


@pytest.mark.slow
def test_energy_from_the_field_in_the_shipped_box() -> None:
    # EF(10) closes to 2.8e-4 of the largest power until 5 fs; powers are still small then
    check_ledger(1e14, (("propagation.store_every", "0.04 fs"), ("propagation.duration", "5 fs")), 5e-4, 3e-4)
