"""What the figures of /langevin show: numbers and units on the axes, errors, steady states, sweeps, unfinished points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

import nonadia as na
from nonadia.plot import PlotError, langevin, plot_result, style, tables
from nonadia.plot.langevin_cases import Ensemble, ensembles
from nonadia.plot.langevin_distributions import boltzmann
from nonadia.plot.langevin_sweeps import axis_of

from .synthetic_langevin import EDGES, EV, FREQUENCY, KELVIN, MASS, PS, RATE, SINCE, TIMES, alone, ensemble, kelvin, sweep
from .test_figures import text_of


def drawn(tree: xr.DataTree) -> dict[str, Figure]:
    with rc_context(style.RC):  # type: ignore[arg-type]
        return dict(langevin.figures(tree))


def changed(tree: xr.DataTree, group: str, **variables: object) -> xr.DataTree:
    """The same result with other numbers."""
    groups = {f"/{name}": tree[name].to_dataset() for name in tree.children}
    groups[f"/{group}"] = groups[f"/{group}"].assign(variables)
    return xr.DataTree.from_dict(groups)


def panel(figure: Figure, words: str) -> Axes:
    """The panel whose y axis says `words`."""
    (found,) = [axes for axes in figure.axes if words in axes.get_ylabel()]
    return found


def long_lines(axes: Axes) -> list[np.ndarray]:
    return [np.asarray(line.get_ydata()) for line in axes.lines if len(line.get_xdata()) > 2]


def points(axes: Axes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y and the ends of the error bars of the only curve."""
    (bars,) = axes.containers
    curve, _, (lines,) = bars.lines  # type: ignore[attr-defined]
    ends = np.array(lines.get_segments())[:, :, 1]
    return np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata()), ends[:, 0], ends[:, 1]


def test_a_file_for_every_figure(tmp_path: Path) -> None:
    stems = {"dynamics", "distributions", "dynamics-sweep", "trajectories", "table"}
    written = plot_result(sweep([0.0, 0.2], keep=3), tmp_path, "run")
    assert {path.name for path in written} == {f"run-{stem}.{kind}" for stem in stems for kind in ("png", "svg")}
    assert all(path.stat().st_size > 2000 for path in written)


def test_courses_carry_their_units_and_one_standard_error() -> None:
    tree = alone(length=True)
    figure = drawn(tree)["dynamics"]
    data = tree["langevin"].to_dataset()
    temperature = panel(figure, "kinetic temperature (K)")
    (line,) = long_lines(temperature)
    np.testing.assert_allclose(line, data["kinetic_temperature"].values[:, 0] / KELVIN, rtol=1e-6)
    band = temperature.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(1.02 * line.max(), rel=1e-4)
    (line,) = long_lines(panel(figure, "mean $x$ (Å)"))
    assert line[0] == pytest.approx(0.5 * 0.529177210903, rel=1e-8)
    (line,) = long_lines(panel(figure, "mean energy (eV)"))
    np.testing.assert_allclose(line, data["energy"].values / EV, rtol=1e-8)
    (line,) = long_lines(panel(figure, "mean current from L (µA)"))
    np.testing.assert_allclose(line, 1e-4 * 0.2 * 6623.618, rtol=1e-6)
    assert temperature.get_xlabel() == "time $t$ (ps)" and temperature.get_xlim() == pytest.approx((0.0, 5.0))


def test_the_steady_state_is_marked_where_it_begins() -> None:
    axes = panel(drawn(sweep([0.0, 0.2]))["dynamics"], "kinetic temperature")
    starts = [line.get_xydata()[0] for line in axes.lines if len(line.get_xdata()) == 2 and line.get_gid() != style.ZERO]
    steady = [start for start in starts if start[0] == pytest.approx(SINCE / PS, rel=1e-6)]
    expected = [value * (1 - 0.8 * np.exp(-10)) for value in (kelvin(0.0), kelvin(0.2))]
    np.testing.assert_allclose([start[1] for start in steady], expected, rtol=1e-6)
    assert "temperature of the electrons" in text_of(drawn(sweep([0.0, 0.2]))["dynamics"])


def test_means_end_where_fewer_than_ten_are_left() -> None:
    survivors = alone(exits=("gone",))["langevin"]["survivors"].values
    tree = changed(alone(exits=("gone",)), "langevin", survivors=("time", np.where(TIMES > 2 * PS, 9.0, survivors)))
    figure = drawn(tree)["dynamics"]
    (line,) = long_lines(panel(figure, "kinetic temperature"))
    assert np.isnan(line[TIMES > 2 * PS]).all() and np.isfinite(line[TIMES <= 2 * PS]).all()
    (line,) = long_lines(panel(figure, "part not yet gone"))
    assert np.isfinite(line).all()
    assert "distributions" not in drawn(tree), "nor is there a distribution of nine"


def test_no_panel_for_a_current_of_rounding_errors() -> None:
    tree = changed(alone(), "langevin", current=1e-20 * alone()["langevin"]["current"])
    assert "current" not in text_of(drawn(tree)["dynamics"])


def test_distributions_meet_boltzmann_at_equilibrium() -> None:
    tree = sweep([0.0])
    figure = drawn(tree)["distributions"]
    linear, logarithmic, momentum, _ = figure.axes
    assert logarithmic.get_yscale() == "log" and "(1/ħ)" in momentum.get_ylabel()
    assert "($a_0$/ħ)" in text_of(drawn(sweep([0.0], length=True))["distributions"]), "of a length"
    for axes, at_zero in (
        (linear, FREQUENCY * np.sqrt(MASS / (2 * np.pi * 300 * KELVIN))),
        (momentum, 1 / np.sqrt(2 * np.pi * MASS * 300 * KELVIN)),
    ):
        (step,) = [part for part in axes.patches if isinstance(part, StepPatch) and not part.get_fill()]
        heights = np.asarray(step.get_data()[0])
        assert len(heights) == EDGES - 1
        (line,) = [entry for entry in axes.lines if len(entry.get_xdata()) > 100]
        assert np.asarray(line.get_ydata()).max() == pytest.approx(at_zero, rel=1e-3)
        assert np.nanmax(heights) == pytest.approx(at_zero, rel=0.01)
    assert "Boltzmann at the electrons' temperature" in text_of(figure)


def test_there_is_no_boltzmann_distribution_of_a_bond_that_breaks_or_of_leads_that_differ() -> None:
    (case,) = ensembles(alone(exits=("gone",)))
    edges = np.linspace(-3, 3, 11)
    assert boltzmann(case, 0, "position", edges) is None and boltzmann(case, 0, "momentum", edges) is not None
    (case,) = ensembles(changed(alone(), "forces", temperature=("lead", [300 * KELVIN, 400 * KELVIN])))
    assert case.kT is None and boltzmann(case, 0, "position", edges) is None


def test_the_temperature_of_a_table_is_that_of_its_noise() -> None:
    tree = alone()
    bare = tree["forces"].to_dataset().drop_vars("temperature")
    (case,) = ensembles(xr.DataTree.from_dict({"/langevin": tree["langevin"].to_dataset(), "/forces": bare}))
    assert case.kT == pytest.approx(300 * KELVIN, rel=1e-12)
    uneven = bare.assign(noise=bare["noise"] * (1 + 0.01 * bare["x"]))
    (case,) = ensembles(xr.DataTree.from_dict({"/langevin": tree["langevin"].to_dataset(), "/forces": uneven}))
    assert case.kT is None


def test_heating_over_the_bias_with_error_bars() -> None:
    figure = drawn(sweep([0.2, 0.0, 0.1]))["dynamics-sweep"]
    axes = panel(figure, "kinetic temperature (K)")
    x, y, low, high = points(axes)
    np.testing.assert_allclose(x, [0.0, 0.1, 0.2])
    np.testing.assert_allclose(y, [kelvin(b) * (1 - 0.8 * np.exp(-10)) for b in (0.0, 0.1, 0.2)], rtol=1e-6)
    np.testing.assert_allclose(high - low, 2 * 0.004 * y, rtol=1e-6)
    assert axes.get_xlabel() == "bias (V)" and "temperature of the electrons" in text_of(figure)
    assert panel(figure, "current from L (µA)") is not None


def test_exit_probability_has_its_interval_and_a_rate_its_bound() -> None:
    tree = sweep([0.0, 0.2, 0.4], exits=("dissociated",))
    figure = drawn(tree)["dynamics-sweep"]
    _, _, low, high = points(panel(figure, "probability: dissociated"))
    interval = tree["langevin"].to_dataset()["exit_probability_interval"].values[:, 0]
    np.testing.assert_allclose(low, interval[:, 0], rtol=1e-12)
    np.testing.assert_allclose(high, interval[:, 1], rtol=1e-12)
    rates = panel(figure, "exit rate (1/ps)")
    assert rates.get_yscale() == "log" and [text.get_text() for text in rates.texts] == ["95% bound"]
    np.testing.assert_allclose(points(rates)[1], RATE * PS, rtol=1e-6)
    np.testing.assert_allclose(points(panel(figure, "energy loss"))[1], -100.0, rtol=1e-6)


def test_the_axis_is_the_longest_sweep_of_numbers_and_the_rest_are_colours() -> None:
    def case(**point: str) -> Ensemble:
        return Ensemble(point, xr.Dataset(), None, {})

    two = [case(bias=b, model=m) for b in ("0 V", "0.1 V") for m in ("a", "b", "c")]
    assert axis_of(two) == ("bias", "V", {"0 V": 0.0, "0.1 V": 0.1})
    assert axis_of([case(model=m) for m in "abc"]) is None
    assert axis_of([case(bias="0 V"), case(bias="10 mV")]) is None, "units differ"
    assert "dynamics-sweep" not in drawn(alone())


def test_exit_times_follow_the_fitted_rate() -> None:
    figure = drawn(alone(exits=("gone",)))["exits"]
    left, right = figure.axes
    (step,) = [part for part in left.patches if isinstance(part, StepPatch) and not part.get_fill()]
    heights, edges, _ = step.get_data()
    middle = 0.5 * (edges[1:] + edges[:-1])
    np.testing.assert_allclose(heights, RATE * PS * np.exp(-RATE * PS * middle), atol=0.03)
    (law,) = long_lines(left)
    assert law[0] == pytest.approx(RATE * PS, rel=1e-6)
    (step,) = [part for part in right.patches if isinstance(part, StepPatch) and not part.get_fill()]
    heights, edges, _ = step.get_data()
    assert (heights * np.diff(edges)).sum() == pytest.approx(1.0, abs=0.01)
    assert edges[np.flatnonzero(heights)[0] + 1] > 0.1 and edges[-1] < 0.22
    assert drawn(sweep([0.0], exits=("gone",))).keys() == {"dynamics", "distributions"}, "nobody left"


def test_several_coordinates_and_exits_are_told_apart() -> None:
    figures = drawn(sweep([0.1, 0.2, 0.3], modes=("R", "theta"), exits=("left", "right"), keep=2))
    assert set(figures) == {"dynamics", "distributions", "dynamics-sweep", "exits", "trajectories"}
    words = text_of(figures["dynamics"])
    assert "kinetic temperature of $R$ (K)" in words and "mean theta (a.u.)" in words
    assert "probability of each exit" in text_of(figures["dynamics-sweep"])
    assert {"left", "right"} <= set(text_of(figures["exits"]).split())
    assert len(figures["distributions"].axes) == 8 and len(figures["trajectories"].axes) == 6


def test_unfinished_sweep_points_are_left_out() -> None:
    figure = drawn(sweep([0.0, 0.1, 0.2], unfinished=1))["dynamics"]
    assert "bias = 0.1 V" not in text_of(figure) and "bias = 0.2 V" in text_of(figure)
    with pytest.raises(PlotError, match="--resume"):
        ensembles(sweep([0.0], unfinished=0))


def test_the_shape_of_the_synthetic_results_is_that_of_the_program() -> None:
    kT = 300 * KELVIN
    field = na.CallableField(
        ["x"], [2000.0], lambda x: -1e-3 * x, friction=0.5, noise=0.5 * kT, potential=lambda x: 5e-4 * x[:, 0] ** 2
    )
    common = {"trajectories": 200, "duration": 4e4, "step": 100.0, "stored": 41, "keep": 2, "bins": 20}
    real = na.langevin(field, initial={"temperature": kT, "x": 0.0}, **common)  # type: ignore[arg-type]
    leaving = na.langevin(field, initial={"temperature": kT, "x": 0.0}, exits={"gone": "x > 1.5"}, **common)  # type: ignore[arg-type]
    for result, exits in ((real, ()), (leaving, ("gone",))):
        variables, own, _ = ensemble(0.2, ("x",), exits, 2)
        for name, (dims, _) in (variables | own).items():
            if name not in ("current", "error_current", "steady_current", "error_steady_current", "steady_kinetic_energy",
                            "error_steady_kinetic_energy"):  # fmt: skip
                assert result[name].dims == dims, name
    assert drawn(xr.DataTree.from_dict({"/langevin": real})).keys() == {"dynamics", "distributions", "trajectories"}
    figures = drawn(xr.DataTree.from_dict({"/langevin": leaving}))
    assert figures.keys() == {"dynamics", "distributions", "exits", "trajectories"}


def test_a_table_is_drawn_as_it_was_given(tmp_path: Path) -> None:
    forces = alone(length=True)["forces"].to_dataset()
    assert tables.is_plain(forces)
    (noise,) = [entry for entry in tables._panels(forces, ["x"]) if entry[0] == "noise"]
    # hartree·ħ/a_0² in eV²·fs/Å²
    assert noise[3].factor == pytest.approx(27.211386246**2 * 0.024188843266 / 0.529177210903**2, rel=1e-8)
    (path, _) = plot_result(xr.DataTree.from_dict({"/forces": forces}), tmp_path, "t")
    assert path.name == "t-table.png"


def test_a_table_over_a_plane_has_a_map_for_each_component(tmp_path: Path) -> None:
    x, y = np.linspace(-1, 1, 5), np.linspace(-2, 2, 7)
    tensor = np.broadcast_to([[1.0, 0.2], [-0.2, 2.0]], (5, 7, 2, 2))
    forces = xr.Dataset(
        {
            "bare_potential": (("x", "y"), np.add.outer(x**2, y**2)),
            "mean_force": (("x", "y", "mode"), np.zeros((5, 7, 2))),
            "friction": (("x", "y", "mode", "mode_"), tensor),
            "noise": (("x", "y", "mode", "mode_"), np.broadcast_to(np.eye(2), (5, 7, 2, 2))),
        },
        {"x": ("x", x, {"units": "bohr"}), "y": ("y", y, {"units": "1"}), "mode": ["x", "y"], "mode_": ["x", "y"]},
    )
    assert [entry[:2] for entry in tables._panels(forces, ["x", "y"])] == [
        ("bare_potential", ()),
        *[("friction", (i, j)) for i in (0, 1) for j in (0, 1)],
        ("noise", (0, 0)),
        ("noise", (1, 1)),
    ]
    written = plot_result(xr.DataTree.from_dict({"/forces": forces}), tmp_path, "p")
    assert {path.name for path in written} == {"p-table.png", "p-table.svg"}
