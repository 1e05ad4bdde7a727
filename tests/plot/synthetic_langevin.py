"""Results with a group /langevin of the real shape from closed forms, for the figures' tests (no trajectory involved)."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

EV = 1.0 / 27.211386245988
KELVIN = 3.166811563e-6
PS = 41341.373335
MASS, FREQUENCY, TRAJECTORIES = 2000.0, 0.02 * EV, 400
TIMES = np.linspace(0.0, 5.0 * PS, 51)
SINCE = TIMES[20]
EDGES = 41
RATE = 0.3 / PS


def kelvin(bias: float) -> float:
    """Kinetic temperature of the steady state at this bias."""
    return 300.0 + 1000.0 * bias


def _gauss(x: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-(x**2) / (2 * width**2)) / np.sqrt(2 * np.pi) / width


def ensemble(bias: float, modes: tuple[str, ...], exits: tuple[str, ...], keep: int) -> tuple[dict, dict, dict]:
    """Variables (dims, values), coordinates of its own, and attributes of one sweep point."""
    c, steady = len(modes), kelvin(bias) * KELVIN
    course = steady * (1.0 - 0.8 * np.exp(-TIMES / (0.5 * PS)))
    by_mode = course[:, None] * (1.0 + 0.5 * np.arange(c))
    variables: dict = {
        "kinetic_temperature": (("time", "mode"), by_mode),
        "position": (("time", "mode"), 0.5 * np.exp(-TIMES / PS)[:, None] * (1 + np.arange(c))),
        "kinetic_energy": (("time",), by_mode.sum(axis=1) / 2),
        "energy": (("time",), by_mode.sum(axis=1)),
        "current": (("time", "lead"), 1e-4 * bias * np.array([1.0, -1.0]) * np.ones((TIMES.size, 1))),
        "survivors": (("time",), np.full(TIMES.size, float(TRAJECTORIES))),
    }
    for name, (dims, values) in list(variables.items()):
        if name == "survivors":
            continue
        variables[f"error_{name}"] = (dims, 0.02 * np.abs(values) + 1e-9)
        since = np.nan if exits else 1.0
        variables[f"steady_{name}"] = (dims[1:], since * values[-1])
        variables[f"error_steady_{name}"] = (dims[1:], since * 0.004 * np.abs(values[-1]))
    own: dict = {}
    for name, width in (("position", np.sqrt(steady / MASS) / FREQUENCY), ("momentum", np.sqrt(MASS * steady))):
        edges = np.linspace(-4, 4, EDGES) * width
        middle = 0.5 * (edges[1:] + edges[:-1])
        density = np.stack([[_gauss(middle, width)] * c] * 2)
        density[:, :, 0] = 0.0  # a bin that nobody was in
        variables[f"{name}_density"] = (("window", "mode", "bin"), density)
        variables[f"error_{name}_density"] = (("window", "mode", "bin"), 0.05 * density)
        own[f"{name}_edges"] = (("mode", "bin_edge"), np.stack([edges] * c))
    if exits:
        variables |= _exits(bias, c, len(exits))
    if keep:
        phase = np.arange(keep)[None, :, None] + 0.3 * np.arange(c)
        variables["trajectory_position"] = (("time", "stored", "mode"), np.sin(TIMES[:, None, None] / (0.2 * PS) + phase))
    attrs = {"steady_since": float("nan") if exits else SINCE, "exit_rate_lag": 0.0, "messages": "[]", "converged": 1}
    return variables, own, attrs


def _exits(bias: float, c: int, count: int) -> dict:
    """Exponential exit times; nobody leaves without a bias."""
    part = (np.arange(TRAJECTORIES) + 0.5) / TRAJECTORIES
    when = -np.log1p(-part) / RATE
    gone = (when < TIMES[-1]) & (bias > 0)
    index = np.where(gone, np.arange(TRAJECTORIES) % count, -1)
    shares = np.array([(index == k).mean() for k in range(count)] + [(index < 0).mean()])
    survival = np.exp(-RATE * TIMES) if bias > 0 else np.ones(TIMES.size)
    momentum = np.where(gone[:, None], np.sqrt(2 * MASS * (0.1 + 0.1 * part[:, None]) * EV / c) * np.ones(c), np.nan)
    return {
        "exit_index": (("trajectory",), index),
        "exit_time": (("trajectory",), np.where(gone, when, np.nan)),
        "exit_momentum": (("trajectory", "mode"), momentum),
        "exit_probability": (("outcome",), shares),
        "exit_probability_interval": (("outcome", "bound"), np.clip(shares[:, None] + [-0.05, 0.03], 0, 1)),
        "energy_loss": (("outcome",), np.where(shares > 0, -0.1 * EV, np.nan)),
        "error_energy_loss": (("outcome",), np.full(count + 1, 0.01 * EV)),
        "survival": (("time",), survival),
        "error_survival": (("time",), 0.02 * survival),
        "survivors": (("time",), np.round(TRAJECTORIES * survival)),
        "exit_rate": ((), np.array(RATE if bias > 0 else 0.0)),
        "error_exit_rate": ((), np.array(0.1 * RATE if bias > 0 else np.nan)),
        "exit_rate_bound": ((), np.array(RATE * (1.2 if bias > 0 else 0.001))),
    }


def forces(biases: list[float], length: bool) -> xr.Dataset:
    """A harmonic table with leads at 300 K."""
    x = np.linspace(-6.0, 6.0, 201)
    shape = (len(biases), x.size)
    curve = np.broadcast_to(MASS * FREQUENCY**2 * x**2 / 2, shape)
    kT = 300 * KELVIN
    return xr.Dataset(
        {
            "bare_potential": (("bias", "x"), curve),
            "potential": (("bias", "x"), curve),
            "friction": (("bias", "x", "mode", "mode_"), np.full((*shape, 1, 1), 0.1)),
            "noise": (("bias", "x", "mode", "mode_"), np.full((*shape, 1, 1), 0.1 * kT)),
            "mean_force": (("bias", "x", "mode"), np.zeros((*shape, 1))),
            "temperature": (("bias", "lead"), np.full((len(biases), 2), kT)),
        },
        {
            "x": ("x", x, {"units": "bohr", "display_unit": "angstrom"} if length else {"units": "1"}),
            "mode": ["x"],
            "mode_": ["x"],
            "lead": ["L", "R"],
            **_sweep(biases),
        },
    )


def _sweep(biases: list[float]) -> dict:
    return {"bias": ("bias", np.array(biases) * EV), "bias_label": ("bias", [f"{b} V" for b in biases])}


def sweep(
    biases: list[float],
    *,
    modes: tuple[str, ...] = ("x",),
    exits: tuple[str, ...] = (),
    keep: int = 0,
    length: bool = False,
    unfinished: int | None = None,
) -> xr.DataTree:
    """A result over the bias; `unfinished`: number of a sweep point without numbers."""
    points = [ensemble(bias, modes, exits, keep) for bias in biases]
    variables, coords = {}, {}
    for target, which in ((variables, 0), (coords, 1)):
        for name, (dims, _) in points[0][which].items():
            values = np.stack([np.asarray(point[which][name][1], dtype=float) for point in points])
            if unfinished is not None:
                values[unfinished] = np.nan
            target[name] = (("bias", *dims), values)
    coords |= {"time": ("time", TIMES), "mode": list(modes), "lead": ["L", "R"], **_sweep(biases)}
    coords |= {"window_start": ("window", [0.0, 2.5 * PS]), "window_stop": ("window", [2.5 * PS, 5.0 * PS])}
    if exits:
        coords |= {"exit": list(exits), "outcome": [*exits, "inside"]}
    attrs = [None if i == unfinished else point[2] for i, point in enumerate(points)]
    group = xr.Dataset(variables, coords, {"points": json.dumps(attrs)})
    group["mode"].attrs["mass"] = [MASS] * len(modes)
    groups = {"/langevin": group}
    if modes == ("x",):
        groups["/forces"] = forces(biases, length)
    return xr.DataTree.from_dict(groups)


def alone(**options: object) -> xr.DataTree:
    """One ensemble without a sweep."""
    tree = sweep([0.2], **options)  # type: ignore[arg-type]
    groups = {}
    for name in tree.children:
        data = tree[name].to_dataset().isel(bias=0).drop_vars(["bias", "bias_label"])
        if name == "langevin":
            data.attrs = json.loads(data.attrs["points"])[0]
        groups[f"/{name}"] = data
    return xr.DataTree.from_dict(groups)
