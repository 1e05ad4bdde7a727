"""Force tables: what they give at any x and t, how wrong they say they are, and what they refuse."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import xarray as xr

from nonadia.friction import electronic_forces
from nonadia.langevin.field import Field
from nonadia.langevin.tables.cells import not_negative
from nonadia.langevin.tables.table import ForceTable

from ..friction.systems import position_dependent
from .tables import bare, bare_force, dataset, force, friction, line, noise

X = np.sort(np.random.default_rng(11).uniform(-3.9, 3.9, 4000))


def grid(points: int, even: bool = True) -> np.ndarray:
    x = np.linspace(-4.0, 4.0, points)
    return x if even else 4.0 * np.sinh(x / 3.0) / np.sinh(4.0 / 3.0)


def true_errors(table: ForceTable) -> dict[str, float]:
    gamma, d = table.local(X[:, None])
    return {
        "force": np.abs(table.force(X[:, None])[:, 0] - force(X) - bare_force(X)).max(),
        "friction": np.abs(gamma[:, 0, 0] - friction(X)).max(),
        "noise": np.abs(d[:, 0, 0] - noise(X)).max(),
    }


@pytest.mark.parametrize("known", ["potential", "variable", "function"])
@pytest.mark.parametrize("even", [True, False])
def test_errors_of_a_line_are_honest(even: bool, known: str) -> None:
    exact = (lambda x: bare_force(x)) if known == "function" else None
    for points in (15, 25, 41, 81, 161):
        more = {"bare_force": lambda x: [bare_force(x)]} if known == "variable" else {}
        table = ForceTable.from_dataset(line(grid(points, even), **more), bare_force=exact)
        assert isinstance(table, Field)
        for name, true in true_errors(table).items():
            assert true <= table.errors[name]
            if points >= 81:
                assert table.errors[name] < 30 * true


def test_a_coarse_table_says_so_and_how_many_points_it_needs() -> None:
    coarse = ForceTable.from_dataset(line(grid(21)), tolerance=1e-3)
    said = [m for m in coarse.messages if m.startswith("friction")]
    assert len(said) == 1 and "x has 21 points and needs at least" in said[0] and "exceeds the tolerance 0.001" in said[0]
    needed = int(said[0].split("at least ")[1])
    fine = ForceTable.from_dataset(line(grid(2 * needed)), tolerance=1e-3)
    assert fine.messages == []
    assert fine.errors["friction"] < 1e-3 * np.abs(friction(X)).max() < coarse.errors["friction"]


@pytest.mark.parametrize("even", [True, False])
def test_equal_cells_are_the_field(even: bool) -> None:
    table = ForceTable.from_dataset(line(grid(41, even)), asymptote={"x": {"lower": "constant", "upper": "linear"}})
    uniform = table.uniform()
    assert uniform is not None
    if even:
        assert uniform.cells == 40, "an even table is copied exactly"
    x = np.concatenate([X, [-4.0, 4.0, -5.0, 6.0]])
    s = (x - uniform.start) * uniform.inverse_width
    k = np.clip(np.floor(s).astype(int) + 1, 0, uniform.cells + 1)
    u = s - (k - 1)

    def polynomial(rows: np.ndarray) -> np.ndarray:
        a = rows[k].T
        return ((a[3] * u + a[2]) * u + a[1]) * u + a[0]

    np.testing.assert_array_equal(polynomial(uniform.kick), table.force(x[:, None])[:, 0])
    gamma, d = table.local(x[:, None])
    np.testing.assert_array_equal(polynomial(uniform.bath[:, :4]), gamma[:, 0, 0])
    np.testing.assert_array_equal(polynomial(uniform.bath[:, 4:]), d[:, 0, 0])


def test_asymptotes_of_a_line() -> None:
    kinds = ("free", "constant", "linear")
    h = 1e-4
    for kind in kinds:
        table = ForceTable.from_dataset(line(grid(81)), asymptote={"x": {"lower": kind, "upper": kind}})
        x = np.array([[-6.0], [-4.0 - 1e-9], [4.0 + 1e-9], [7.0]])
        edge = np.clip(x, -4.0, 4.0)
        gamma, d = table.local(x)
        at_edge = table.force(edge)
        if kind == "free":
            assert not table.force(x).any() and not gamma.any() and not d.any()
        else:
            np.testing.assert_allclose(gamma, table.local(edge)[0], rtol=1e-12)
            np.testing.assert_allclose(d, table.local(edge)[1], rtol=1e-12)
            inside = table.force(np.sign(x) * 4.0 - np.sign(x) * h)
            slope = (at_edge - inside) / (np.sign(x) * h) if kind == "linear" else 0.0
            np.testing.assert_allclose(table.force(x), at_edge + slope * (x - edge), rtol=1e-4)
        # the potential goes with the force, across the edge too
        z = np.array([-6.0, -4.0, -1.234, 0.5, 4.0, 6.5])
        ends = [table.potential(np.array([[v + s] for v in z])) for s in (h, -h)]
        slope = -(ends[0] - ends[1]) / (2 * h)
        middle = 0.5 * (table.force(z[:, None] + h / 2) + table.force(z[:, None] - h / 2))[:, 0]
        np.testing.assert_allclose(slope, middle, atol=3e-6)


def test_no_asymptote_is_refused_with_nan() -> None:
    table = ForceTable.from_dataset(line(grid(41)), asymptote={"x": {"lower": "free"}})
    x = np.array([[-4.5], [4.5], [np.nan]])
    np.testing.assert_array_equal(np.isnan(table.force(x))[:, 0], [False, True, True])
    np.testing.assert_array_equal(np.isnan(table.local(x)[1])[:, 0, 0], [False, True, True])
    np.testing.assert_array_equal(np.isnan(table.potential(x)), [False, True, True])
    np.testing.assert_array_equal(np.isnan(table.current(x))[:, 0], [False, True, True])
    assert table.bounds[0].tolist() == [-4.0] and table.bounds[1].tolist() == [4.0]


def test_potential_and_currents_of_a_line() -> None:
    table = ForceTable.from_dataset(line(grid(161)))
    work = 0.3 / 1.3 * (np.log(np.cosh(1.3 * (X - 0.4))) - np.log(np.cosh(1.3 * (-4.0 - 0.4))))
    np.testing.assert_allclose(table.potential(X[:, None]), bare(X) + work, atol=1e-6)
    np.testing.assert_allclose(table.current(X[:, None]), 0.1 * np.cos(X)[:, None] * [1, -1], atol=1e-6)
    assert table.leads == ("L", "R")
    alone = ForceTable.from_dataset(line(grid(161)).drop_vars(["bare_potential", "current"]))
    assert alone.current(X[:, None]) is None
    np.testing.assert_allclose(alone.force(X[:, None])[:, 0], force(X), atol=1e-5)
    assert "mean_force is taken as the whole force" in alone.messages[0]


def test_negative_friction_stays_negative() -> None:
    table = ForceTable.from_dataset(line(grid(161)))
    gamma = table.local(X[:, None])[0][:, 0, 0]
    assert gamma.min() == pytest.approx(friction(X).min(), abs=1e-4) and friction(X).min() < -0.5


def test_driven_and_timed_tables() -> None:
    bias = np.linspace(-0.5, 1.0, 25)
    axes = {"bias": bias, "x": grid(61)}
    functions = {
        "mean_force": lambda b, x: [force(x - b)],
        "friction": lambda b, x: [[friction(x) * np.cos(b)]],
        "noise": lambda b, x: [[noise(x) * np.exp(b)]],
        "current": lambda b, x: [b * x, -b * x],
    }
    forces = dataset(axes, ("x",), **functions)
    table = ForceTable.from_dataset(forces, drive={"bias": lambda t: 0.5 * np.sin(0.1 * t) + 0.1})
    assert table.time_dependent and table.uniform(3.0) is not None
    for t in (0.0, 3.0, 17.2, 3.0):
        b = 0.5 * np.sin(0.1 * t) + 0.1
        gamma, d = table.local(X[:, None], t)
        assert np.abs(table.force(X[:, None], t)[:, 0] - force(X - b)).max() <= table.errors["force"]
        assert np.abs(gamma[:, 0, 0] - friction(X) * np.cos(b)).max() <= table.errors["friction"]
        assert np.abs(d[:, 0, 0] - noise(X) * np.exp(b)).max() <= table.errors["noise"]
        np.testing.assert_allclose(table.current(X[:, None], t)[:, 0], b * X, atol=1e-12)
    with pytest.raises(ValueError, match=r"bias = 2 at t = 0 is outside the table, -0\.5 to 1"):
        ForceTable.from_dataset(forces, drive={"bias": lambda t: 2.0}).force(X[:, None])
    with pytest.raises(ValueError, match=r'dimension "bias" of 25 values: choose one with forces\.sel'):
        ForceTable.from_dataset(forces)
    timed = ForceTable.from_dataset(forces.rename(bias="time"))
    np.testing.assert_array_equal(timed.force(X[:, None], 0.35), _fixed(forces, 0.35).force(X[:, None]))
    single = ForceTable.from_dataset(forces.isel(bias=[4]))
    assert not single.time_dependent


def _fixed(forces: xr.Dataset, bias: float) -> ForceTable:
    return ForceTable.from_dataset(forces, drive={"bias": lambda t: bias})


def test_the_table_can_be_sent_to_another_process() -> None:
    table = ForceTable.from_dataset(line(grid(41, even=False)))
    copy = pickle.loads(pickle.dumps(table))
    np.testing.assert_array_equal(copy.force(X[:, None]), table.force(X[:, None]))


def test_noise_below_zero() -> None:
    narrow = line(grid(31), noise=lambda x: [[np.exp(-((x / 0.3) ** 2))]])
    table = ForceTable.from_dataset(narrow)
    assert any("below zero by up to" in m and "within its error" in m for m in table.messages)
    assert table.local(X[:, None])[1].min() >= 0.0
    spline_error = np.abs(table.local(X[:, None])[1][:, 0, 0] - np.exp(-((X / 0.3) ** 2))).max()
    assert spline_error <= table.errors["noise"]
    with pytest.raises(ValueError, match=r"not positive semi-definite at x = 0: its smallest eigenvalue -1"):
        ForceTable.from_dataset(line(grid(41), noise=lambda x: [[np.where(x == 0, -1.0, 1.0)]]))
    slightly = line(grid(41), noise=lambda x: [[1e-6 * (x**2 - 0.01)]])
    slightly["error_noise"] = xr.full_like(slightly["noise"], 2e-8)
    assert any("below zero" in m for m in ForceTable.from_dataset(slightly).messages)


def test_lifted_cells() -> None:
    """Never below zero, continuous, and lifted as little as that takes: what was low touches zero."""
    random = np.random.default_rng(11)
    rows = np.vstack([random.normal([0.7, 0, 0, 0], 1.0, (3000, 4)), np.full((1, 4), np.nan)])
    lifted = not_negative(rows)
    u = np.linspace(0.0, 1.0, 2001)
    before, after = (r[:-1] @ u ** np.arange(4)[:, None] for r in (rows, lifted))
    low = before.min(axis=1) < 0
    assert 100 < low.sum() < 2900
    np.testing.assert_array_equal(lifted[:-1][~low], rows[:-1][~low])
    assert after.min() > -1e-15 and np.isnan(lifted[-1]).all()
    np.testing.assert_allclose(after[:, [0, -1]], np.maximum(before[:, [0, -1]], 0.0), atol=1e-13)
    scale = np.abs(rows[:-1][low]).max(axis=1)
    assert np.all(after[low].min(axis=1) < 1e-5 * scale)
    assert np.all(np.abs(after - before).max(axis=1)[low] < 3.0 * -before[low].min(axis=1) + 1e-5 * scale)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda f: f.isel(x=slice(3)), {}, "x: 3 points; a table needs at least 4"),
        (lambda f: f.isel(x=slice(None, None, -1)), {}, r'x: its values must increase; sort them with forces.sortby\("x"\)'),
        (lambda f: f.isel(x=[0, 1, 1, 2, 3]), {}, "x: -3.6 is given twice"),
        (lambda f: f.assign(friction=f.friction.where(f.x != 0)), {}, "friction: 1 of 21 values are not finite, .* at x = 0$"),
        (lambda f: f.drop_vars("noise"), {}, "no variable noise"),
        (lambda f: f.drop_vars("mode"), {}, 'need a coordinate "mode"'),
        (lambda f: f.assign_coords(mode=["y"], mode_=["y"]), {}, "no coordinate y"),
        (lambda f: f, {"mass": -1.0}, "x: mass -1.0 must be positive"),
        (lambda f: f, {"mass": np.nan}, "x: mass nan must be positive"),
        (lambda f: f, {"mass": {"y": 1.0}}, r"mass: names \['y'\], the coordinates are \['x'\]"),
        (lambda f: f, {"mass": [1.0, 2.0]}, "mass: 2 values for the 1 coordinates x"),
        (lambda f: f, {"tolerance": 2.0}, "tolerance = 2.0 must lie between 0 and 1"),
        (lambda f: f, {"drive": {"bias": np.sin}}, 'drive: "bias" is not a dimension of the forces; they have: none besides'),
        (lambda f: f, {"asymptote": {"y": {"lower": "free"}}}, 'asymptote: "y" is not a coordinate; they are x'),
        (lambda f: f, {"asymptote": {"x": {"left": "free"}}}, "asymptote: x: must be"),
        (lambda f: f, {"asymptote": {"x": {"lower": "open"}}}, 'x: lower: "open" is not known; use one of none, free'),
        (lambda f: f, {"bare_force": lambda x: x[:, 0]}, r"bare_force: must give finite values of shape \(N, 1\)"),
    ],
)
def test_refusals(change: object, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ForceTable.from_dataset(change(line(grid(21))), **options)  # type: ignore[operator]


def test_forces_of_a_junction() -> None:
    model = position_dependent(0.1)
    table = ForceTable.from_dataset(electronic_forces(model, np.linspace(-0.9, 0.9, 61), method="negf"))
    random = np.random.default_rng(11)
    x = random.uniform(-0.9, 0.9, (100, 1))
    exact = electronic_forces(model, x[:, 0], method="negf")
    friction, noise = table.local(x)
    assert np.abs(table.force(x) - exact["mean_force"].values - model.bare_force(x)).max() <= table.errors["force"]
    assert np.abs(friction - exact["friction"].values).max() <= table.errors["friction"]
    assert np.abs(noise - exact["noise"].values).max() <= table.errors["noise"]
    assert table.errors["friction"] < 1e-3 * np.abs(friction).max() and table.messages == []
    assert table.masses == model.masses and table.leads == ("L", "R")


def test_units_and_masses() -> None:
    forces = line(grid(21))
    assert ForceTable.from_dataset(forces).masses.tolist() == [2000.0]
    assert ForceTable.from_dataset(forces, mass={"x": 3.0}).masses.tolist() == [3.0]
    forces["x"].attrs["units"] = "angstrom"
    with pytest.raises(ValueError, match='x: unit "angstrom"; a table is in atomic units'):
        ForceTable.from_dataset(forces)
    del forces["x"].attrs["units"], forces["x"].attrs["mass"]
    with pytest.raises(ValueError, match="x: no mass; give mass="):
        ForceTable.from_dataset(forces)


@pytest.mark.parametrize("points", [41, 100, 331, 2401])
def test_both_ends_belong_to_the_table(points: int) -> None:
    """Whatever rounding does to (stop - start)·inverse_width."""
    for stop in (4.0, 3.3, 0.1 + 0.2, 60.0):
        x = np.linspace(-stop, stop, points)
        table = ForceTable.from_dataset(line(x))
        assert np.isfinite(table.force(np.array([[-stop], [stop]]))).all()
        assert np.isnan(table.force(np.array([[-stop * (1 + 1e-12)], [stop * (1 + 1e-12)]]))).all()
