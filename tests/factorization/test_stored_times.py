"""Integrals over the stored times say when these are too few: the temporal gauge, and the work of external fields."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nonadia.factorization.along import Ledger
from nonadia.factorization.gauges import temporal_error, temporal_potential, temporal_verdict
from nonadia.factorization.work import work_error, work_external, work_verdict
from nonadia.models.molecule import Molecule
from nonadia.wavepacket.propagate import snapshots
from tests.wavepacket.models import crossing, packet

LASER = " + 0.004*sin(0.5*t)"


def ledger(molecule: Molecule, times: np.ndarray, fields: str | list[float] = "all", gauge: str = "real"):  # type: ignore[no-untyped-def]
    made = Ledger(molecule, times.tolist(), gauge=gauge, fields=fields)
    psi = packet(molecule, (0.8, 0.6), center=0.5)
    return made.dataset(times, [made.record(s) for s in snapshots(molecule, psi, times.tolist(), tolerance=1e-9)])


def said(found) -> list[str]:  # type: ignore[no-untyped-def]
    return list(json.loads(found.attrs["messages"]))


@pytest.mark.parametrize("fields", ["all", [20.0]])
def test_too_few_times_for_the_temporal_gauge(fields: str | list[float]) -> None:
    """Also where only one field, at an odd stored time, is kept."""
    molecule = crossing(256)
    fine = ledger(molecule, np.linspace(0.0, 28.0, 113), fields, "temporal")
    assert fine.attrs["vector_potential_error"] < 1e-3 and not [m for m in said(fine) if "temporal" in m]
    coarse = ledger(molecule, np.linspace(0.0, 280.0, 15), fields, "temporal")
    assert coarse.attrs["vector_potential_error"] > 1e-2 and coarse.attrs["converged"] == 0
    assert any("store more often" in message and "temporal gauge" in message for message in said(coarse))


def test_the_error_of_the_temporal_gauge() -> None:
    """A(t) = A(0) + sin(ωt)/ω: the error of every second time is not smaller than the error of A."""
    x = np.linspace(-1.0, 1.0, 16)
    start, density = np.ones((1, 16)), np.exp(-(x**2))
    for count, low, high in ((81, 0.0, 1e-4), (7, 1e-2, np.inf), (3, 1e-2, np.inf), (2, 1e-2, np.inf)):
        times = np.linspace(0.0, 10.0, count)
        rates = np.cos(1.5 * times)[:, None, None] * np.ones((1, 16))
        A = temporal_potential(times.tolist(), rates, start, times.tolist())
        exact = start + np.sin(1.5 * times)[:, None, None] / 1.5
        error = temporal_error(times.tolist(), rates, start, times.tolist(), A, np.tile(density, (count, 1)))
        true = np.abs(A - exact).max() / np.abs(A - start).max()
        assert low <= error <= high and (error >= true or count < 4)
        assert bool(temporal_verdict(error)) == (error > 1e-2)
    one = temporal_potential([0.0], rates[:1], start, [0.0])
    assert np.array_equal(one[0], start)
    assert temporal_error([0.0], rates[:1], start, [0.0], one, density[None]) == 0.0
    assert temporal_verdict(float("nan"))


def test_the_work_of_a_laser() -> None:
    molecule = crossing(128, drive=LASER)
    fine = ledger(molecule, np.linspace(0.0, 40.0, 161), "none")
    gained = fine.E_total.values - fine.E_total.values[0]
    assert np.abs(gained).max() > 1e-4
    assert np.allclose(fine.work_external.values, gained, atol=1e-8)
    assert fine.work_external.attrs["units"] == "hartree"
    assert fine.attrs["work_error"] < 1e-8 and not [m for m in said(fine) if "work" in m]
    coarse = ledger(molecule, np.linspace(0.0, 40.0, 5), "none")
    assert coarse.attrs["work_error"] > 1e-2 * np.abs(coarse.E_total.values - coarse.E_total.values[0]).max()
    assert coarse.attrs["converged"] == 0
    assert any("smaller propagation.store_every" in message for message in said(coarse))


def test_without_a_field_there_is_no_work() -> None:
    found = ledger(crossing(128), np.linspace(0.0, 2.0, 5), "none")
    assert "work_external" not in found and "work_error" not in found.attrs
    assert work_external([0.0, 1.0], {}) is None


def test_an_absorber_takes_energy_that_is_no_work() -> None:
    molecule = crossing(128, drive=LASER, absorber="0.05*(1+tanh(4*(R-1)))")
    found = ledger(molecule, np.linspace(0.0, 10.0, 41), "none")
    assert "work_external" in found and "work_error" not in found.attrs
    assert not [m for m in said(found) if "work" in m]


def test_verdict_on_the_work() -> None:
    assert work_error(np.array([0.0, 1.0]), np.array([5.0, 6.5])) == (0.5, 1.5)
    assert work_verdict(1e-5, 1e-2) == [] and work_verdict(2e-4, 1e-2)
    assert work_verdict(1e-9, 0.0) == []  # changes of 1e-6 hartree are none
    assert work_verdict(float("nan"), 1.0)
