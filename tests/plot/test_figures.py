"""What the figures show: files, units, numbers on the axes, errors for what cannot be drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib import rc_context
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from nonadia.plot import PlotError, cases, convergence, figures, lines, maps, plot_forces, plot_result, quantities, style

from .synthetic import EV, KT, one_coordinate, points, two_coordinates

# 1 ħ/a_0² = 27.2114 eV · 0.0241888 fs / (0.529177 Å)², CODATA 2018 (2022 differs by 1e-9)
EV_FS_PER_A2 = 27.211386246 * 0.024188843266 / 0.529177210903**2


def drawn(tree: xr.DataTree) -> dict[str, Figure]:
    with rc_context(style.RC):  # type: ignore[arg-type]
        return dict(figures.figures(tree["forces"].to_dataset()))


def curves(figure: Figure, panel: int = 0) -> list[np.ndarray]:
    """y values of the data lines of one panel (zero lines and keys left out)."""
    return [np.asarray(line.get_ydata()) for line in figure.axes[panel].lines if len(line.get_xdata()) > 2]


def text_of(figure: Figure) -> str:
    words = [axes.get_title(loc) for axes in figure.axes for loc in ("left", "center")]
    words += [axes.get_xlabel() + axes.get_ylabel() for axes in figure.axes]
    words += [text.get_text() for text in figure.texts]
    words += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return " ".join(words) + figure.get_supxlabel() + figure.get_supylabel()


def test_png_and_svg_for_every_figure_of_a_line(tmp_path: Path) -> None:
    written = plot_forces(one_coordinate([0.0, 0.4]), tmp_path, "run")
    stems = {"potentials", "friction", "noise", "force", "transport"}
    assert {path.name for path in written} == {f"run-{s}.{e}" for s in stems for e in ("png", "svg")}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written if path.suffix == ".png")
    assert all(b"<svg" in path.read_bytes()[:2000] for path in written if path.suffix == ".svg")


def test_same_result_gives_the_same_file(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        plot_forces(one_coordinate([0.0]), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_friction_panels_show_total_and_parts_in_hbar() -> None:
    tree = one_coordinate([0.0, 0.4])
    figure = drawn(tree)["friction"]
    data = tree["forces"].to_dataset().isel(bias=1)
    molecule, coupling, total = curves(figure, panel=1)
    np.testing.assert_array_equal(total, data["friction"].values[:, 0, 0])
    np.testing.assert_allclose(total, molecule + coupling, atol=1e-15)
    assert "(ħ)" in text_of(figure) and "bias = 0.4 V" in text_of(figure)


def test_noise_is_divided_by_the_temperature() -> None:
    tree = one_coordinate([0.2])
    figure = drawn(tree)["noise"]
    friction, noise = curves(figure)
    np.testing.assert_allclose(noise, tree["forces/noise"].values[0, :, 0, 0] / KT, rtol=1e-14)
    assert friction.min() < 0, "negative friction stays negative on the linear axis"


def test_lengths_carry_their_units() -> None:
    figure = drawn(one_coordinate([0.0], units="bohr"))["friction"]
    assert "eV·fs/Å²" in text_of(figure) and "a_0" in text_of(figure)
    data = one_coordinate([0.0], units="bohr")["forces"].to_dataset()
    assert quantities.friction(data, "x", "x").factor == pytest.approx(EV_FS_PER_A2, 1e-8)
    assert quantities.force(data, "x").factor == pytest.approx(27.211386 / 0.52917721, 1e-7)
    assert quantities.CURRENT.factor == pytest.approx(6623.618, 1e-6)  # e E_h/ħ = 6.6236 mA


def test_adiabatic_potential_meets_the_empty_diabat() -> None:
    tree = one_coordinate([0.0])
    shifted = tree["forces"].to_dataset()
    shifted["potential"] = shifted["potential"] + 7.0 * EV  # the constant of an integral means nothing
    figure = drawn(xr.DataTree.from_dict({"/forces": shifted}))["potentials"]
    adiabatic, bare, level = curves(figure)
    assert adiabatic[-1] == pytest.approx(bare[-1], abs=1e-6)
    assert adiabatic[0] == pytest.approx(level[0], abs=2e-2)


def with_two_levels(tree: xr.DataTree, repulsion: float) -> xr.DataTree:
    """The level twice (spin), with a repulsion of the two electrons (eV)."""
    forces = tree["forces"].to_dataset()
    for name in ("level_energy", "population"):
        values = np.repeat(forces[name].values, 2, axis=-1)
        forces = forces.drop_vars(name).assign({f"new_{name}": ((*forces[name].dims[:-1], "spin"), values)})
    names = {"new_level_energy": "level_energy", "new_population": "population", "spin": "level"}
    forces = forces.drop_vars("level").rename(names)
    pair = repulsion * EV * np.array([[0.0, 1.0], [1.0, 0.0]])
    shape = forces["bare_potential"].shape
    forces["interaction_energy"] = (("bias", "x", "level", "level_"), np.broadcast_to(pair, (*shape, 2, 2)))
    return xr.DataTree.from_dict({"/forces": forces.assign_coords(level=["up", "down"])})


def test_every_charge_state_of_a_small_molecule_has_a_diabat() -> None:
    tree = with_two_levels(one_coordinate([0.0]), 0.2)
    figure = drawn(tree)["potentials"]
    _, bare, single, double = curves(figure)
    level = tree["forces/level_energy"].values[0, :, 0] / EV
    np.testing.assert_allclose(single, bare + level, atol=1e-12)
    np.testing.assert_allclose(double, bare + 2 * level + 0.2, atol=1e-12)
    assert "E_{up}, E_{down}" in text_of(figure) and "U_{up,down}" in text_of(figure)


def test_many_diabats_leave_room_for_the_curves() -> None:
    """Three levels and four sweep points: the legend names the occupied levels, and the panel is as high as ever."""
    forces = one_coordinate([0.0, 0.1, 0.2, 0.3])["forces"].to_dataset()
    names = ["left", "middle", "right"]
    steps = {"level_energy": 0.05 * EV * np.arange(3), "population": np.zeros(3)}
    three = {key: (forces[key].dims, forces[key].values[..., :1] + step) for key, step in steps.items()}
    forces = forces.drop_vars(["level", *three]).assign(three).assign_coords(level=names)
    pair = 0.2 * EV * (1 - np.eye(3))
    shape = (*forces["bare_potential"].shape, 3, 3)
    forces["interaction_energy"] = (("bias", "x", "level", "level_"), np.broadcast_to(pair, shape))
    figure = drawn(xr.DataTree.from_dict({"/forces": forces}))["potentials"]
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert {"empty", "left", "left + right", "left + middle + right"} <= set(labels) and len(labels) == 12
    assert "of the occupied levels" in text_of(figure)
    figure.draw_without_rendering()
    assert figure.axes[0].get_window_extent().height > 0.5 * figure.bbox.height
    box = figure.legends[0].get_window_extent()
    assert box.x0 > -2 and box.x1 < figure.bbox.width + 2 and not box.overlaps(figure.axes[0].get_window_extent().padded(-3))


def test_diabats_say_that_quantum_vibrations_are_not_relaxed_in_them() -> None:
    forces = one_coordinate([0.0])["forces"].to_dataset()
    forces["vibrational_occupation"] = (("bias", "x", "vibration"), np.ones((*forces["bare_potential"].shape, 1)))
    with_mode = drawn(xr.DataTree.from_dict({"/forces": forces.assign_coords(vibration=["b"])}))["potentials"]
    assert text_of(with_mode).count("vibrations not relaxed") == 1, "of the charged state only"
    assert "relaxed" not in text_of(drawn(one_coordinate([0.0]))["potentials"])


def test_adiabatic_curves_of_a_sweep_share_one_anchor() -> None:
    tree = one_coordinate([0.0, 0.4])
    forces = tree["forces"].to_dataset()
    forces["potential"] = forces["potential"] + xr.DataArray([1.0, -2.0], dims="bias")  # constants mean nothing
    # at the second bias the molecule is emptiest elsewhere
    forces["population"][1, :, 0] = 0.4 + 0.2 * np.cos(forces["x"].values)
    figure = drawn(xr.DataTree.from_dict({"/forces": forces}))["potentials"]
    first, bare, _, second = curves(figure)
    anchor = int(np.argmin(np.maximum(forces["population"].values[0, :, 0], forces["population"].values[1, :, 0])))
    assert first[anchor] == pytest.approx(bare[anchor], abs=1e-12) == second[anchor]
    assert f"= {forces['x'].values[anchor]:.4g}" in text_of(figure)


def test_zero_contours_leave_out_rounding_noise() -> None:
    x = np.linspace(-1, 1, 21)
    values = np.where(np.abs(x) < 0.25, 0.0, x)[:, None] * np.ones(9)  # a flat region, in truth zero
    values += 1e-12 * np.random.default_rng(3).standard_normal(values.shape)
    clean = maps._without_noise(values)
    assert np.isnan(clean[np.abs(x) < 0.15]).all() and not np.isnan(clean[np.abs(x) > 0.25]).any()
    crossing = x[:, None] * np.ones(9)  # exactly zero on one line, between values of both signs
    assert not np.isnan(maps._without_noise(crossing)).any()


def test_a_few_points_are_marked() -> None:
    tree = one_coordinate([0.0])
    forces = tree["forces"].to_dataset().isel(x=[0, 40, 80])
    for figure in drawn(xr.DataTree.from_dict({"/forces": forces})).values():
        data = [line for axes in figure.axes for line in axes.lines if len(line.get_xdata()) == 3]
        assert data and all(line.get_marker() == "o" for line in data)
    assert all(line.get_marker() != "o" for line in drawn(tree)["friction"].axes[0].lines)


def test_log_panels_only_where_the_range_demands_them() -> None:
    assert lines._needs_log(np.array([0, 1, 0, 0.01, 0.0]))
    assert not lines._needs_log(np.array([0, 1, 0, 0.3, 0.0]))
    assert not lines._needs_log(np.array([0, 0.5, 1, 0.5, 0.0]))


def test_maps_are_centred_at_zero_and_share_scales() -> None:
    figure = drawn(two_coordinates([0.4]))["tensor-bias-0.4V"]
    images = [axes.collections[0] for axes in figure.axes if axes.collections and axes.get_title()]
    assert len(images) == 7  # γ: xx, xy symmetric, xy antisymmetric, yy; D: xx, xy, yy
    for image in images:
        low, high = image.get_clim()
        assert low == -high and high > 0
    assert images[1].get_clim() == images[2].get_clim()
    text = text_of(figure)
    assert "antisymmetric" in text and "ħ" in text and "eV·fs/Å" in text and "eV·fs/Å²" in text


def test_maps_have_x_along_x() -> None:
    tree = two_coordinates([0.4])
    figure = drawn(tree)["tensor-bias-0.4V"]
    values = np.asarray(figure.axes[0].collections[0].get_array())
    np.testing.assert_array_equal(values, tree["forces/friction"].values[0, :, :, 0, 0].T)


def test_noise_maps_are_divided_by_the_temperature() -> None:
    """D/(k_BT) in equilibrium is γ, plus what the synthetic noise has on top: 0.02 on the diagonal."""
    tree = two_coordinates([0.0])
    figure = drawn(tree)["tensor-bias-0.0V"]
    images = [np.asarray(axes.collections[0].get_array()) for axes in figure.axes if axes.collections and axes.get_title()]
    np.testing.assert_allclose(images[4] - images[0], 0.02, rtol=1e-9)  # D_xx/(k_BT) - γ_xx, both in ħ


def test_a_plane_of_one_row_is_a_line() -> None:
    forces = two_coordinates([0.0, 0.4])["forces"].to_dataset().isel(y=[0])
    names = set(drawn(xr.DataTree.from_dict({"/forces": forces})))
    assert names == {"friction", "noise", "force", "transport"}


def test_listed_points_are_marks_without_lines() -> None:
    figure = drawn(points([0.0, 0.4]))["friction"]
    data = [line for line in figure.axes[1].lines if len(line.get_xdata()) == 3]
    assert len(data) == 2 and all(line.get_linestyle() == "None" for line in data)


def test_unfinished_sweep_points_are_left_out() -> None:
    forces = one_coordinate([0.0, 0.2, 0.4])["forces"].to_dataset().copy(deep=True)
    for variable in forces.data_vars.values():
        variable.values[1] = np.nan
    assert [case.label for case in cases.split(forces)] == ["bias = 0.0 V", "bias = 0.4 V"]
    for variable in forces.data_vars.values():
        variable.values[:] = np.nan
    with pytest.raises(PlotError, match="no finished sweep point"):
        cases.split(forces)


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlotError, match="holds no forces"):
        plot_forces(xr.DataTree.from_dict({"/other": xr.Dataset()}), tmp_path)
    with pytest.raises(PlotError, match="holds no forces"):
        plot_forces(xr.DataTree.from_dict({"/forces": xr.Dataset()}), tmp_path)


def test_many_cases_have_an_ordered_palette() -> None:
    colours = style.case_colours(9)
    assert len(set(colours)) == 9 and all(to_hex(colour) == colour for colour in colours)


def test_zero_everywhere_is_drawn_without_warnings() -> None:
    tree = two_coordinates([0.0])
    forces = tree["forces"].to_dataset() * 1.0
    forces["friction_antisymmetric"] = forces["friction_antisymmetric"] * 0.0
    forces["temperature"] = tree["forces/temperature"]
    case = cases.split(forces)[0]
    with rc_context(style.RC):  # type: ignore[arg-type]
        assert maps.tensors(case, ["x", "y"], ("x", "y")).axes


def study(reference: str = "finest pair") -> xr.Dataset:
    """Errors that fall with both numbers; the finest pair is the reference."""
    tiers, poles = np.array([2, 3]), np.array([4, 6, 8])
    error = 10.0 ** -(tiers[:, None] - 1.0 + poles[None, :] / 4)
    error[-1, -1] = 0.0
    names = ("error_force", "error_friction", "error_noise")
    variables = {name: (("tier", "poles"), error * (1 + i)) for i, name in enumerate(names)}
    variables |= {f"reference_{name}": ((), np.array(1e-3)) for name in names}
    return xr.Dataset(variables, {"tier": tiers, "poles": poles}, attrs={"reference": reference})


def test_convergence_figure_shows_errors_against_poles_and_tiers() -> None:
    with rc_context(style.RC):  # type: ignore[arg-type]
        ((stem, figure),) = convergence.figures(study())
    assert stem == "convergence" and len(figure.axes) == 6
    panels = {(axes.get_title(), axes.get_xlabel()): axes for axes in figure.axes}
    upper = panels["friction γ", "poles of the Fermi function"]
    assert upper.get_yscale() == "log"
    np.testing.assert_allclose(upper.lines[0].get_ydata(), study().error_friction.values[0])
    assert np.isnan(upper.lines[1].get_ydata()[-1]), "the reference has no error to itself"
    lower = panels["", "tiers"]
    assert len(lower.lines) == 3
    band = upper.patches[0].get_extents().transformed(upper.transData.inverted())
    assert band.y1 == pytest.approx(1e-3, rel=1e-6)
    assert "finest pair" in figure.get_suptitle()


def test_result_without_anything_to_draw_is_refused(tmp_path: Path) -> None:
    tree = xr.DataTree.from_dict({"/convergence_study": study()})
    written = plot_result(tree, tmp_path, "s")
    assert [path.name for path in written] == ["s-convergence.png", "s-convergence.svg"]
    with pytest.raises(PlotError, match="holds no forces"):
        plot_result(xr.DataTree.from_dict({"/other": xr.Dataset()}), tmp_path)
    with pytest.raises(PlotError, match="no convergence study"):
        plot_result(xr.DataTree.from_dict({"/convergence_study": xr.Dataset()}), tmp_path)


def test_negative_friction_is_shaded_where_the_stated_error_allows_no_doubt() -> None:
    tree = one_coordinate([0.0, 0.4])
    data = tree["forces"].to_dataset()
    figure = drawn(tree)["friction"]
    assert not figure.axes[0].patches, "nowhere negative at equilibrium"
    x, friction = data["x"].values, data["friction"].values[1, :, 0, 0]
    certain = friction + data["error_friction"].values[1, :, 0, 0] < 0
    shaded = np.zeros_like(certain)
    for patch in figure.axes[1].patches:
        left, right = patch.get_x(), patch.get_x() + patch.get_width()
        shaded |= (x >= left) & (x < right)
    np.testing.assert_array_equal(shaded[:-1], certain[:-1])
    assert certain.any() and "γ < 0 beyond its stated error" in text_of(figure)
    assert "γ < 0" not in text_of(drawn(one_coordinate([0.0]))["friction"])


def test_many_values_of_one_parameter_make_a_map() -> None:
    biases = [0.4, 0.0, 0.1, 0.2, 0.3]
    tree = one_coordinate(biases)
    figure = drawn(tree)["friction-map"]
    axes = figure.axes[0]
    values = np.asarray(axes.collections[0].get_array()).reshape(5, -1)
    np.testing.assert_array_equal(values, tree["forces/friction"].values[np.argsort(biases), :, 0, 0])
    assert axes.get_ylabel() == "bias (V)" and axes.get_ylim() == pytest.approx((-0.05, 0.45))
    assert "friction-map" not in drawn(one_coordinate(biases[:4]))
    forces = tree["forces"].to_dataset().assign_coords(bias_label=("bias", ["a", "b", "c", "d", "e"]))
    assert "friction-map" not in drawn(xr.DataTree.from_dict({"/forces": forces})), "no axis for texts"
