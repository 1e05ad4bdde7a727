"""Figures and films of closed systems: numbers drawn, units, gaps where fields are masked, legends beside the data."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

from nonadia.plot import PlotError, animate, animation, closed, closed_figures, planes, plot_result, style, transfer

from . import synthetic_closed as synthetic

FS = 41.341373335  # atomic units of time, CODATA 2022


def drawn(tree: xr.DataTree) -> dict[str, Figure]:
    with rc_context(style.RC):  # type: ignore[arg-type]
        return dict(closed_figures.figures(tree))


def lines(figure: Figure, panel: int = 0) -> list[np.ndarray]:
    """y values of the data lines of one panel (zero lines, tolerances and single dots left out)."""
    return [np.asarray(line.get_ydata()) for line in figure.axes[panel].lines if len(line.get_xdata()) > 2]


def dots(figure: Figure, panel: int = 0) -> list[tuple[float, float]]:
    single = [line for line in figure.axes[panel].lines if len(line.get_xdata()) == 1 and line.get_transform() is not None]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in single]


def text_of(figure: Figure) -> str:
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]
    words = [axes.get_title(loc) for axes in figure.axes for loc in ("left", "center")]
    words += [axes.get_xlabel() + axes.get_ylabel() for axes in figure.axes]
    words += [text.get_text() for axes in figure.axes for text in axes.texts]
    words += [text.get_text() for legend in legends for text in legend.get_texts()]
    return " ".join(words) + figure.get_supxlabel() + figure.get_supylabel() + (figure.get_suptitle() or "")


SYSTEMS = {
    "line": (synthetic.line, {}),
    "laser": (synthetic.line, {"power": 1e-4}),
    "plane": (synthetic.plane, {}),
    "two nuclei": (synthetic.plane, {"nuclei": 2}),
    "scattering": (synthetic.scattering, {}),
    "space": (synthetic.space, {}),
}
COMMON = {"energy-transfer", "energies", "density", "potentials", "identities"}
EXPECTED = {
    "line": COMMON,
    "laser": COMMON | {"work"},
    "plane": {"energies", "maps", "forces", "torques", "identities"},
    "two nuclei": {"energies", "maps", "forces", "magnetic-power", "identities", "newton"},
    "scattering": {"energies", "density", "channels"},
    "space": {"energies", "projections"},
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_gets_its_figures_with_no_empty_panel_and_legends_beside_the_data(name: str) -> None:
    build, options = SYSTEMS[name]
    figures = drawn(build(**options))
    assert set(figures) == EXPECTED[name]
    for stem, figure in figures.items():
        FigureCanvasAgg(figure)
        figure.draw_without_rendering()
        panels = [axes for axes in figure.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]
        for axes in panels:
            assert lines_or_maps(axes), f"{stem}: an empty panel"
            assert all(np.isfinite(axes.get_xlim() + axes.get_ylim())), stem
        legends = [*figure.legends, *(axes.get_legend() for axes in panels if axes.get_legend())]
        for legend in legends:
            box = legend.get_window_extent()
            assert not any(box.overlaps(axes.get_window_extent().padded(-3)) for axes in panels), f"{stem}: covered by a legend"
            assert box.x0 > -2 and box.x1 < figure.bbox.width + 2, f"{stem}: a legend wider than the figure"


def lines_or_maps(axes: object) -> bool:
    data = [line for line in axes.lines if line.get_gid() != style.ZERO and np.isfinite(line.get_ydata()).any()]  # type: ignore[attr-defined]
    return bool(data or len(axes.collections))  # type: ignore[attr-defined]


def test_plot_result_writes_png_and_svg_and_the_same_file_again(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        written = plot_result(synthetic.scattering(), tmp_path / folder, "s")
    stems = ("energies", "density", "channels")
    assert {path.name for path in written} == {f"s-{stem}.{end}" for stem in stems for end in ("png", "svg")}
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_energy_transfer_rates_are_in_hundredths_of_hartree_per_fs_with_dots_on_the_curve() -> None:
    tree = synthetic.line()
    figure = drawn(tree)["energy-transfer"]
    rates = next(number for number, axes in enumerate(figure.axes) if "10$^{-2}$ Hartree/fs" in axes.get_ylabel())
    whole, marginal, geometric = lines(figure, rates)
    fields = tree["factorization"]
    np.testing.assert_allclose(marginal, fields["rate_T_marg"].values * FS * 100, rtol=1e-9)
    np.testing.assert_allclose(whole - marginal, geometric, atol=1e-12)
    found = dots(figure, rates)
    stored = fields["snapshot"].values / FS
    assert len(found) == 2 and all(np.abs(stored - t).min() < 1e-9 for t, _ in found)
    for t, value in found:
        assert value == pytest.approx(np.interp(t, fields["time"].values / FS, marginal), rel=1e-6)


def test_force_panels_are_scaled_by_round_factors_that_the_legend_names() -> None:
    tree = synthetic.line()
    (case,) = closed.split(tree)
    instants = transfer.chosen(case)
    factors = transfer.factors(case, instants)
    assert factors == {"density": 0.5, "velocity": 200.0, "force": 5.0}
    figure = drawn(tree)["energy-transfer"]
    panel = next(number for number, axes in enumerate(figure.axes) if "scaled" in axes.get_ylabel())
    n, v, force, *surfaces = lines(figure, panel)[:5]
    at = tree["factorization"].to_dataset().isel(snapshot=instants[0].snapshot, coordinate=0)
    np.testing.assert_array_equal(n, at["density"].values * 0.5)
    np.testing.assert_array_equal(v, at["velocity"].values * 200)
    np.testing.assert_array_equal(force, at["force"].values * 5)
    np.testing.assert_array_equal(surfaces, tree["wavepacket/adiabatic_force"].values[:, 0] * 5)
    assert np.isnan(force).any(), "masked values are gaps"
    for word in ("n/2", "200 v", "5 F exact", "5 $F_{BO2}$", f"t = {instants[0].time:.2f} fs"):
        assert word in text_of(figure)


@pytest.mark.parametrize(("size", "factor"), [(2.03, 0.2), (0.0056, 100), (0.125, 5), (1.0, 0.5), (0.0, 1.0), (30.0, 0.02)])
def test_round_factors(size: float, factor: float) -> None:
    assert transfer._round_factor(size, 0.8) == pytest.approx(factor, rel=1e-12)


def test_snapshots_are_shown_at_the_times_asked_for() -> None:
    tree = synthetic.line()
    stored = tree["factorization/snapshot"].values / FS
    wanted = [stored[2] + 0.1, stored[7] - 0.1]
    with rc_context(style.RC):  # type: ignore[arg-type]
        figures = dict(closed_figures.figures(tree, [time * FS for time in wanted]))
    titles = [axes.get_title("left") for axes in figures["potentials"].axes if axes.get_title("left")]
    assert titles == [f"t = {stored[i]:.1f} fs" for i in (2, 7)]
    assert f"(d) t = {stored[7]:.2f} fs" in text_of(figures["energy-transfer"])


def test_without_two_maxima_the_other_panel_shows_the_minimum() -> None:
    fields = synthetic.line()["factorization"].to_dataset()
    half = fields.isel(time=slice(0, 31), snapshot=slice(0, 5))
    (case,) = closed.split(xr.DataTree.from_dict({"/factorization": half}))
    t, rate = half["time"].values / FS, half["rate_T_marg"].values
    expected = sorted(closed.nearest(half["snapshot"].values / FS, t[i]) for i in (rate.argmax(), rate.argmin()))
    assert [instant.snapshot for instant in transfer.chosen(case)] == expected


def test_energies_are_gains_since_the_start_and_the_total_has_its_own_axis() -> None:
    tree = synthetic.line(power=1e-4)
    figure = drawn(tree)["energies"]
    populations, ledger, total = (lines(figure, panel) for panel in range(3))
    np.testing.assert_array_equal(populations[0], tree["wavepacket/adiabatic_population"].values[:, 0])
    fields = tree["factorization"]
    for curve, name in zip(ledger, ("T_marg", "T_geo", "E_BO"), strict=True):
        np.testing.assert_array_equal(curve, fields[name].values - fields[name].values[0])
    np.testing.assert_array_equal(total[0], fields["E_total"].values - fields["E_total"].values[0])
    assert "E_{external}" not in text_of(figure), "zero external energy is no line"
    marginal = tree["factorization"].to_dataset().copy(deep=True)
    marginal["E_BO"].values[:], marginal["T_geo"].values[:] = 0.0, 0.0
    alone = drawn(xr.DataTree.from_dict({"/factorization": marginal}))["energies"]
    assert "T_{marg}" in text_of(alone) and "E_{BO}" not in text_of(alone)


def test_potentials_have_the_mean_of_the_gauge_invariant_one_and_end_where_the_density_does() -> None:
    tree = synthetic.line()
    figure = drawn(tree)["potentials"]
    assert "gauge zero-vector-potential" in text_of(figure) and "t = 0.0 fs" in text_of(figure)
    panel = next(axes for axes in figure.axes if axes.get_title("left") == "t = 0.0 fs")
    full, gi = (np.asarray(line.get_ydata()) for line in panel.lines[-2:])
    n = tree["factorization/density"].values[0]
    shown = np.isfinite(gi)
    assert (n[shown] > 1e-6 * n.max()).all() and (n[~shown] <= 1e-6 * n.max()).all()
    assert np.nansum(n * (full - gi)) == pytest.approx(0.0, abs=1e-6 * n.sum())
    assert np.nanmax(np.abs(full - gi)) > 1e-3


def test_density_map_shows_density_trajectories_and_mean() -> None:
    tree = synthetic.line()
    axes = drawn(tree)["density"].axes[0]
    image = np.asarray(axes.collections[0].get_array()).reshape(260, 61)
    np.testing.assert_array_equal(image, tree["wavepacket/reduced_density"].values.T)
    paths = [np.asarray(line.get_ydata()) for line in axes.lines]
    np.testing.assert_array_equal(paths[:12], tree["trajectories/quantum_position"].values[:, :, 0].T)
    np.testing.assert_array_equal(paths[-1], tree["wavepacket/position"].values[:, 0])
    assert axes.get_xlabel() == "time t (fs)" and axes.get_ylabel() == "$R$ (bohr)"


def test_maps_show_curvature_on_a_symmetric_range_and_forces_only_where_there_is_density() -> None:
    tree = synthetic.plane()
    figure = drawn(tree)["maps"]
    maps = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    lower, arrows = maps[len(maps) // 2 :], maps[0].collections[1]
    shown = closed.evenly(5, 4)
    for axes, i in zip(lower, shown, strict=True):
        image = axes.collections[0]
        low, high = image.get_clim()
        assert low == -high < 0.0
        values = np.ma.filled(np.ma.asarray(image.get_array()), np.nan)
        np.testing.assert_array_equal(values, tree["factorization/berry_curvature"].values[i, 0, 1].T)
        assert np.isnan(values).any()
    n = tree["factorization/density"].values[0]
    x, y = (tree[f"factorization/{name}"].values for name in "xy")
    there = ~np.asarray(arrows.Umask).ravel()
    assert 20 < there.sum() < there.size
    for place, visible in zip(arrows.XY, there, strict=True):
        dense = n[np.abs(x - place[0]).argmin(), np.abs(y - place[1]).argmin()] > 0.01 * n.max()
        assert dense == visible
    assert "C_{x,y}" in text_of(figure) and "Hartree/bohr" in text_of(figure)


def test_densities_of_three_coordinates_are_integrated_over_one() -> None:
    tree = synthetic.space()
    panels = [axes for axes in drawn(tree)["projections"].axes if axes.get_label() != "<colorbar>"]
    assert len(panels) == 12
    n = tree["wavepacket/reduced_density"].values
    last = np.asarray(panels[7].collections[0].get_array()).reshape(16, 20)  # x, z at the end
    np.testing.assert_allclose(last, n[-1].sum(axis=1).T * 4.0 / 18, rtol=1e-12)
    assert panels[4].get_ylabel() == "$z$ (bohr)"


def test_torques_split_the_rate_of_angular_momentum() -> None:
    tree = synthetic.plane()
    figure = drawn(tree)["torques"]
    (momentum,) = lines(figure, 0)
    rate, whole, electric, magnetic = lines(figure, 1)
    np.testing.assert_array_equal(momentum, tree["factorization/angular_momentum"].values[:, 0, 0])
    np.testing.assert_allclose(electric + magnetic, whole, atol=1e-12)
    np.testing.assert_allclose(rate, tree["factorization/identity_angular_momentum_lhs"].values[:, 0, 0] * FS, rtol=1e-9)
    assert "nucleus N, x,y" in text_of(figure) and "(ħ/fs)" in text_of(figure)


def test_magnetic_powers_cancel_in_the_sum() -> None:
    figure = drawn(synthetic.plane(nuclei=2))["magnetic-power"]
    first, second, total = lines(figure)
    assert np.abs(first).max() > 1e-3 and np.abs(total).max() < 1e-15
    np.testing.assert_allclose(first, -second)
    assert "internuclear" in text_of(figure) and "nucleus X2" in text_of(figure)


def test_identity_residuals_are_relative_to_the_largest_side_on_a_logarithmic_axis() -> None:
    tree = synthetic.plane(nuclei=2)
    figure = drawn(tree)["identities"]
    lower = [axes for axes in figure.axes if axes.get_yscale() == "log"]
    assert len(lower) == 3
    momentum = lower[1]
    fields = tree["factorization"]
    scale = max(np.abs(fields[f"identity_momentum_{side}"].values).max() for side in ("lhs", "rhs"))
    for line, component in zip(momentum.lines[:2], (0, 1), strict=True):
        expected = np.abs(fields["identity_momentum_residual"].values[:, component]) / scale
        np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-12)
    assert float(momentum.lines[2].get_ydata()[0]) == 1e-5


def test_newton_trajectories_with_and_without_the_magnetic_force() -> None:
    tree = synthetic.plane(nuclei=2)
    figure = drawn(tree)["newton"]
    plane, energy = figure.axes[:2]
    exact, part, whole = (np.stack([line.get_xdata(), line.get_ydata()], -1) for line in plane.lines[:3])
    paths = tree["trajectories"]
    np.testing.assert_array_equal(exact, paths["exact_position"].values)
    np.testing.assert_array_equal(whole, paths["newton_position"].values)
    np.testing.assert_array_equal(part, paths["newton_incomplete_position"].values)
    np.testing.assert_array_equal(energy.lines[0].get_ydata(), paths["exact_kinetic_energy"].values)
    np.testing.assert_array_equal(energy.lines[1].get_ydata(), paths["newton_incomplete_kinetic_energy"].values)
    assert plane.get_xlabel() == "$X_{1}$ (bohr)" and energy.get_ylabel() == "$T_{cm}$ (Hartree)"


def test_energy_gained_from_a_field_is_its_work() -> None:
    tree = synthetic.line(power=1e-4)
    gained, done = lines(drawn(tree)["work"], 0)
    assert gained.max() > 5e-3
    np.testing.assert_allclose(done, gained, atol=1e-4 * gained.max())
    assert "work" not in drawn(synthetic.line())


def test_channels_add_up_to_one() -> None:
    figure = drawn(synthetic.scattering())["channels"]
    curves = lines(figure)
    np.testing.assert_allclose(sum(curves), 1.0, atol=1e-6)
    assert "BO1, R > 0: 0.7000 at the end" in text_of(figure) and "BO2, R < 0: 0.3000 at the end" in text_of(figure)
    assert "channels" not in drawn(synthetic.line()), "bound surfaces have no channels"


def test_a_sweep_is_drawn_case_by_case_and_unfinished_points_are_left_out() -> None:
    tree = synthetic.swept()
    figures = drawn(tree)
    assert {stem.split("-gap-")[1] for stem in figures} == {"0.02", "0.03"}
    assert "gap = 0.03" in text_of(figures["energies-gap-0.03"])
    unfinished = xr.DataTree.from_dict({f"/{name}": half_done(node.to_dataset()) for name, node in tree.children.items()})
    assert {stem.split("-gap-")[1] for stem in drawn(unfinished)} == {"0.03"}
    nothing = xr.DataTree.from_dict({f"/{name}": half_done(node.to_dataset(), [0, 1]) for name, node in tree.children.items()})
    with pytest.raises(PlotError, match="no finished sweep point"):
        closed.split(nothing)


def half_done(data: xr.Dataset, cases: list[int] | None = None) -> xr.Dataset:
    data = data.copy(deep=True)
    for name in data.data_vars:
        data[name] = data[name].astype(float)
        data[name].values[cases or [0]] = np.nan
    return data


def test_two_maxima_close_together_are_one() -> None:
    t = np.linspace(0.0, 10.0, 501)
    values = np.exp(-((t - 2) ** 2)) + 0.8 * np.exp(-((t - 7) ** 2)) + 0.01 * np.sin(40 * t)
    found = t[closed.maxima(t, values)]
    assert found == pytest.approx([2.0, 7.0], abs=0.2) and len(found) == 2


def frames_of(path: Path) -> list[Image.Image]:
    with Image.open(path) as film:
        return [frame.convert("L").copy() for frame in ImageSequence.Iterator(film)]


@pytest.mark.parametrize("build", [synthetic.line, synthetic.plane])
def test_gif_has_a_frame_for_every_snapshot_and_they_differ(build: object, tmp_path: Path) -> None:
    (path,) = animate(build(snapshots=5), tmp_path, "run", "gif")  # type: ignore[operator]
    assert path == tmp_path / "run-animation.gif"
    frames = frames_of(path)
    assert len(frames) == 5
    pixels = [np.asarray(frame, dtype=int) for frame in frames]
    assert all((np.abs(a - b) > 30).sum() > 50 for a, b in pairwise(pixels))


def test_a_frame_shows_density_velocity_and_force_of_its_time() -> None:
    tree = synthetic.line()
    (case,) = closed.split(tree)
    figure, update, frames = animation.film(case)
    assert frames == list(range(9))
    update(4)
    fields = tree["factorization"]
    np.testing.assert_array_equal(lines(figure, 0)[0], fields["density"].values[4])
    seen = np.isfinite(lines(figure, 2)[0])
    np.testing.assert_array_equal(lines(figure, 2)[0][seen], fields["force"].values[4, 0][seen])
    assert f"t = {fields['snapshot'].values[4] / FS:.2f} fs" in text_of(figure)


def test_films_that_cannot_be_made_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlotError, match="gif or mp4, not 'avi'"):
        animate(synthetic.line(), tmp_path, "run", "avi")
    with pytest.raises(PlotError, match="no wave packet"):
        animate(xr.DataTree.from_dict({"/forces": xr.Dataset()}), tmp_path)
    single = xr.DataTree.from_dict({"/factorization": synthetic.line()["factorization"].to_dataset().isel(snapshot=[3])})
    with pytest.raises(PlotError, match="one snapshot"):
        animate(single, tmp_path)
    monkeypatch.setattr("matplotlib.animation.FFMpegWriter.isAvailable", lambda: False)
    with pytest.raises(PlotError, match="needs the program ffmpeg"):
        animate(synthetic.line(), tmp_path, "run", "mp4")


def test_a_spike_near_a_node_does_not_set_the_range_of_a_film() -> None:
    tree = synthetic.line()
    fields = tree["factorization"].to_dataset().copy(deep=True)
    thin = fields["density"].values[3] / fields["density"].values[3].max()
    fields["force"].values[3, 0, np.abs(thin - 0.05).argmin()] = 30.0
    (case,) = closed.split(xr.DataTree.from_dict({"/factorization": fields, "/wavepacket": tree["wavepacket"].to_dataset()}))
    figure, _, _ = animation.film(case)
    low, high = figure.axes[2].get_ylim()
    usual = tree["factorization/force"].values
    assert high < 1.0 and low < -0.1 and np.nanmax(usual) < 1.0


def test_sharp_curvature_has_logarithmic_colours_and_outliers_do_not_scale_the_arrows() -> None:
    fields = synthetic.plane()["factorization"].to_dataset().copy(deep=True)
    n = fields["density"].values[1]
    i, j = np.unravel_index(np.abs(n / n.max() - 0.02).argmin(), n.shape)
    fields["berry_curvature"].values[1, 0, 1, i, j] = 500.0
    fields["force"].values[1, :, i - 2 : i + 3, j - 2 : j + 3] = 3.0
    (case,) = closed.split(xr.DataTree.from_dict({"/factorization": fields}))
    figure = planes.maps(case)
    image = figure.axes[4].collections[0]
    assert isinstance(image.norm, SymLogNorm) and image.norm.vmin == -500.0 == -image.norm.vmax
    arrows = planes.force_arrows(case, [1], n[None])
    assert arrows.cut and arrows.full < 0.1
    sizes = np.hypot(*arrows.components(0))
    assert np.nanmax(sizes) <= arrows.full * (1 + 1e-12)
    assert "or more" in text_of(figure)
