"""The study of J. Chem. Phys. 161, 064106: its statements hold on coarse grids, and fail where the physics is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import nonadia as na
from nonadia import studies
from nonadia.runs.experiment import load
from nonadia.studies.carry_out import carry_out
from nonadia.studies.jcp_161_064106 import (
    curves,
    figure_1,
    figure_3,
    figure_4,
    figure_5,
    figure_6,
    figure_7,
    inelastic,
    shipped_parameters,
    wide_band,
)
from nonadia.studies.jcp_161_064106.parameters import BANDWIDTH, BIASES, GAMMA, RUNS, A, Q
from nonadia.studies.statement import Statement
from nonadia.studies.study import Run

COARSE = np.concatenate([np.arange(-20.0, -1.0, 0.5), np.arange(-1.0, 1.0, 0.1), np.arange(1.0, 14.01, 0.5)]).round(3)
FEW = [-6, -3, 0, 1]
SHIPPED = np.concatenate([np.arange(-16.0, -1.0, 0.2), np.arange(-1.0, 1.0, 0.04), np.arange(1.0, 9.01, 0.2)]).round(3)
Data = Mapping[str, xr.DataTree]


@pytest.fixture(scope="module")
def data() -> dict[str, xr.DataTree]:
    """The runs without a quantum vibration, on fewer points."""
    results = {}
    for run in RUNS:
        if isinstance(run, Run) and run.example != "junction-vibration" and not run.name.startswith("without"):
            points = FEW if run.name.endswith("heom") else SHIPPED if run.name.startswith("shipped") else COARSE
            results[run.name] = na.run(load(run.example, {**run.overrides, "forces.x": list(map(float, points))}))
    return results


def failing(entries: list[Statement]) -> set[str]:
    return {entry.quantity for entry in entries if entry.state == "fails"}


def changed(data: Data, run: str, **factors: float) -> dict[str, xr.DataTree]:
    """A copy in which variables of one run are multiplied."""
    forces = data[run]["forces"].to_dataset()
    for name, factor in factors.items():
        forces = forces.assign({name: forces[name] * factor})
    return {**data, run: xr.DataTree.from_dict({"/forces": forces})}


def test_statements_hold_and_figures_are_drawn(data: Data) -> None:
    for module in (figure_1, figure_3, figure_4, figure_5, shipped_parameters):
        entries = module.statements(data)
        assert len(entries) > 5 and failing(entries) == set()
        assert len(module.draw(data).axes) in (1, 2, 4)


def test_statements_fail_where_the_physics_is_broken(data: Data) -> None:
    noise = "largest difference of D/(k_BT) and γ / largest γ"
    assert noise in failing(figure_1.statements(changed(data, "constant", noise=1.01)))
    assert noise in failing(figure_3.statements(changed(data, "switched-heom", noise=1.01)))
    assert "largest difference / largest γ" in failing(figure_3.statements(changed(data, "switched-heom", friction=1.01)))
    assert "largest outward force on the side where it is weaker" in failing(
        figure_3.statements(changed(data, "switched", mean_force_coupling=-1.0))
    )
    without = failing(figure_4.statements(changed(data, "switched", friction_coupling=0.0, friction_molecule=0.0)))
    assert {"its maxima above 0.1%", "x of its maximum near x = 0"} <= without
    hot = failing(figure_5.statements(changed(data, "switched", noise=10.0)))
    assert hot == {"largest D/(γ k_BT) for |x| < 0.3"}
    empty = changed(data, "switched", population=0.1)
    assert "occupation 8 k_BT below the Fermi energy" in failing(figure_3.statements(empty))
    assert {"occupation at x = 0", "occupation at x = -0.3"} <= failing(figure_5.statements(empty))


def test_what_is_not_reproduced_is_said(data: Data) -> None:
    """Of the two minima one is there without the coupling part; one that held would be a failure, too."""
    known = {entry.quantity: entry for entry in figure_3.statements(data) if entry.state == "not reproduced"}
    assert set(known) == {"minima in |x| < 2 of the potential without that part", "|dn/dx| at x = 0 / |dn/dx| at x'"}
    assert known["minima in |x| < 2 of the potential without that part"].value == 1
    assert replace(known["|dn/dx| at x = 0 / |dn/dx| at x'"], value=1.0).state == "fails"


def test_the_second_bias_is_ours(data: Data) -> None:
    entries = figure_5.statements(data)
    assert all(entry.text.startswith("(ours") == (entry.figure == "figure-5b") for entry in entries)


def test_friction_of_wide_bands(data: Data) -> None:
    """Against Green's functions of finite bands; and half of it where one of two equal leads is all there is."""
    for run, gamma, switched in (("constant", GAMMA / 2, False), ("switched", GAMMA, True)):
        exact = curves.line(data, run)
        assert np.abs(wide_band.friction(exact.x, gamma, switched) - exact.friction).max() < 2e-3 * exact.friction.max()
    near, far = wide_band.friction(np.array([-40.0]), 1.0, True), wide_band.friction(np.array([-40.0]), (1 + Q**2) / 2, False)
    assert near == pytest.approx(far, rel=1e-9)  # the switch is over there: only the whole width counts


def test_positions_of_inelastic_extrema() -> None:
    """A curve with minima where LD(64) has them: the statements say so, and that this was not expected."""
    where = [curves.resonance(sign, 0.5, -sign) for sign in (1, -1)]
    x = np.linspace(-19, 13, 1601)
    wells = -np.exp(-((x - where[0]) ** 2)) - np.exp(-((x - 3.0) ** 2))
    flat = xr.DataTree.from_dict({"/forces": _forces(x, np.exp(-((x - 0.2) ** 2)))})
    data = {"with": xr.DataTree.from_dict({"/forces": _forces(x, wells)}), "without": flat}
    entries = inelastic.additional_extrema("figure-7b", curves.line(data, "with"), curves.line(data, "without"), 0.5)
    left = next(entry for entry in entries if entry.text.startswith("an extremum at (+bias"))
    assert left.value == pytest.approx(where[0], abs=0.02) and left.state == "fails"
    assert entries[0].value == 2  # two minima and a maximum instead of one maximum
    moved = inelastic.shifts("figure-7b", curves.line(data, "with"), curves.line(data, "with"))
    assert moved[0].state == "fails" and moved[0].value == 0.0


def _forces(x: np.ndarray, friction: np.ndarray) -> xr.Dataset:
    names = ("bare_potential", "level_energy", "potential", "error_potential", "mean_force_molecule", "mean_force_coupling",
             "friction_molecule", "friction_coupling", "error_friction", "noise", "error_noise", "population")  # fmt: skip
    zero = np.zeros_like(x)
    return xr.Dataset(
        {name: ("x", zero) for name in names} | {"friction": ("x", friction), "profile": (("x", "lead"), np.ones((x.size, 2)))},
        {"x": x},
    )


def test_without_a_quantum_vibration_its_statements_fail(data: Data) -> None:
    """Figs. 6 and 7 drawn from a junction that has no such vibration."""
    forces = data["switched"]["forces"].to_dataset()
    still, driven = (xr.DataTree.from_dict({"/forces": forces.isel(bias=i, drop=True)}) for i in (0, 2))
    plain = {
        **data, "without-vibration": still, "without-vibration-bias": driven,
        "vibration": still, "vibration-bias": driven, "vibration-slower": driven,
    }  # fmt: skip
    equilibrium = failing(figure_6.statements(plain))
    assert {
        "smallest friction with it, less its error / friction without",
        "growth at x' / growth at x = 0",
    } <= equilibrium
    at_bias = failing(figure_7.statements(plain))
    assert {
        "lowest friction",
        "part of x- < x < x+ where γ + error < 0",
        "extrema with it - extrema without",
        "shift in x",
    } <= at_bias
    assert len(figure_6.draw(plain).axes) == len(figure_7.draw(plain).axes) == 2


def test_dips_are_no_peaks(data: Data) -> None:
    upside_down = changed(data, "switched", friction=-1.0)
    assert {"x of the maximum of γ", "x of the other maximum"} <= failing(figure_3.statements(upside_down))


def test_positions_the_paper_names() -> None:
    slope = np.sqrt(2) * 15.0
    assert curves.CROSSING == pytest.approx(-60.0 / slope)
    assert curves.resonance(1, 0.4) == pytest.approx((200 - 60) / slope)
    assert curves.resonance(-1, 0.4, 1, 300.0) == pytest.approx((-200 + 300 - 60) / slope)


def test_extrema_between_grid_points() -> None:
    x = np.array([-1.0, -0.3, 0.1, 0.9, 1.5, 2.0])
    (top,) = curves.maxima(x, 3.0 - 2.0 * (x - 0.25) ** 2)
    assert (top.x, top.value) == (pytest.approx(0.25), pytest.approx(3.0))
    assert top.error == pytest.approx(0.4)
    (bottom,) = curves.minima(x, 2.0 * (x - 0.25) ** 2 - 3.0)
    assert (bottom.x, bottom.value) == (pytest.approx(0.25), pytest.approx(-3.0))
    assert np.isnan(curves.nearest([], 0.0).x)


def test_one_set_of_parameters_serves_all_figures() -> None:
    study = studies.load("jcp-161-064106")
    assert [figure.name for figure in study.figures] == [*(f"figure-{n}" for n in range(1, 8)), "shipped-parameters"]
    for run in study.runs:
        assert isinstance(run, Run)
        if run.name.startswith("shipped"):
            continue
        content = load(run.example, dict(run.overrides)).data
        parameters = content["parameters"]
        if run.example != "junction":
            assert (parameters["a"], parameters["q"]) == (A, Q)
        if run.name in ("constant", "switched", "constant-heom", "switched-heom"):
            assert content["leads"]["L"]["bandwidth"] == f"{BANDWIDTH / 1000:g} eV"
        assert (parameters["eps0"], parameters["lam"]) == ("60 meV", "15 meV")
        assert parameters["Gamma"] == ("10 meV" if run.example == "junction" else "20 meV")
    assert len(BIASES) == 2


def test_shipped_parameters_are_those_of_the_files() -> None:
    for run in (run for run in RUNS if run.name.startswith("shipped")):
        assert set(run.overrides) == {"forces.x"}
        parameters = load(run.example, dict(run.overrides)).data["parameters"]
        assert (
            parameters["eps0"] == f"{shipped_parameters.EPS0:g} meV" and parameters["lam"] == f"{shipped_parameters.LAM:g} meV"
        )
        assert parameters.get("q", shipped_parameters.Q) == shipped_parameters.Q
    assert pytest.approx(-3.5355, abs=1e-4) == shipped_parameters.CROSSING
    assert shipped_parameters.resonance(-1, 0.2) == pytest.approx(2 * shipped_parameters.CROSSING)


def test_shipped_parameters_without_their_physics(data: Data) -> None:
    known = {entry.quantity for entry in shipped_parameters.statements(data) if entry.state == "not reproduced"}
    assert known == {
        "minima in |x| < 2 of the potential without that part",
        "|dn/dx| at x = 0 / |dn/dx| at x'",
        "largest D/(γ k_BT) there, 0.025 inside its ends",
        "maxima of γ besides that near x = 0",
        "largest D/(γ k_BT) for |x| < 0.3",
    }
    no_barrier = xr.DataTree.from_dict(
        {"/forces": (f := data["shipped-constant"]["forces"].to_dataset()).assign(potential=f["bare_potential"])}
    )
    assert {"x of that maximum", "its height above the higher well"} <= failing(
        shipped_parameters.statements({**data, "shipped-constant": no_barrier})
    )
    cold = failing(shipped_parameters.statements(changed(data, "shipped-switched", noise=0.01)))
    assert {"part of that range where it is", "D/(γ k_BT) at x = 0 at 0.4 V"} <= cold
    strong = failing(shipped_parameters.statements(changed(data, "shipped-switched", friction=1.1)))
    assert {"height of that peak", "peak at x+ / the same with constant coupling"} <= strong


def test_one_figure_alone(tmp_path: Path) -> None:
    study = studies.load("jcp-161-064106")
    quick = replace(
        study,
        runs=tuple(
            replace(run, overrides={**run.overrides, "forces.x": [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]} | (
                {"sweep.bias": ["0 V"]} if run.name == "switched" else {}))
            for run in study.runs
            if isinstance(run, Run)
        ),
    )  # fmt: skip
    outcome = carry_out(quick, tmp_path, only=["figure-2"], say=lambda line: None)
    assert set(outcome.statements) == {"figure-2"} and outcome.green
    assert (tmp_path / "figure-2.png").exists() and not (tmp_path / "vibration.nc").exists()


@pytest.mark.slow
def test_the_whole_study(tmp_path: Path) -> None:
    outcome = carry_out(studies.load("jcp-161-064106"), tmp_path, workers=2, say=lambda line: None)
    assert outcome.green
    states = [entry.state for entry in outcome.all()]
    assert (states.count("holds"), states.count("not reproduced")) == (150, 16)
