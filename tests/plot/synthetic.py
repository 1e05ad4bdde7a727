"""Result trees of the real shape from closed forms, for the figures' tests (no solver involved)."""

from __future__ import annotations

import numpy as np
import xarray as xr

EV = 1.0 / 27.211386245988
KT = 0.02585 * EV


def _table(x: np.ndarray, shape: tuple[int, ...], dims: tuple[str, ...], modes: list[str], bias: float) -> dict:
    """Two sharp peaks split by the bias on a broad, partly negative background; x has shape (*shape, c)."""
    count = len(modes)
    radius = x[..., 0]
    peak = np.exp(-((radius + 3.5 - 5 * bias) ** 2)) + np.exp(-((radius + 3.5 + 5 * bias) ** 2))
    friction = np.zeros((*shape, count, count))
    for i in range(count):
        for j in range(count):
            friction[..., i, j] = 0.1 * (1 + i + j) * peak * np.cos(0.3 * x[..., j]) - bias * (i - j) * 0.1
    coupling = 0.3 * np.exp(-((radius / 0.4) ** 2))[..., None, None] * np.eye(count)
    friction = friction - 0.05 * bias + coupling
    symmetric = 0.5 * (friction + np.swapaxes(friction, -1, -2))
    noise = symmetric * KT * (1 + bias) + 0.02 * KT * np.eye(count)
    level = 0.1 * EV + 0.028 * EV * radius
    population = 0.5 * (1 - np.tanh(level / (0.05 * EV)))
    tensor, vector = (*dims, "mode", "mode_"), (*dims, "mode")
    force = np.stack([-0.028 * EV * population] * count, -1)
    variables = {
        "friction": (tensor, friction),
        "friction_molecule": (tensor, friction - coupling),
        "friction_coupling": (tensor, coupling),
        "friction_symmetric": (tensor, symmetric),
        "friction_antisymmetric": (tensor, friction - symmetric),
        "noise": (tensor, noise),
        "error_friction": (tensor, np.full_like(friction, 0.004)),
        "error_noise": (tensor, np.full_like(friction, 0.001 * KT)),
        "mean_force": (vector, force),
        "mean_force_molecule": (vector, 0.8 * force),
        "mean_force_coupling": (vector, 0.2 * force),
        "error_force": (vector, np.zeros_like(force)),
        "bare_potential": (dims, 0.002 * EV * (x**2).sum(-1)),
        "level_energy": ((*dims, "level"), level[..., None]),
        "population": ((*dims, "level"), population[..., None]),
        "current": ((*dims, "lead"), 1e-5 * bias * np.stack([peak, -peak], -1)),
    }
    if count == 1:
        variables["potential"] = (
            dims,
            0.002 * EV * radius**2 - 0.02 * EV * np.log1p(np.exp(-level / (0.02 * EV))),
        )
    return variables


def _assemble(biases: list[float], tables: list[dict], coords: dict) -> xr.DataTree:
    stacked = {name: (("bias", *dims), np.stack([t[name][1] for t in tables])) for name, (dims, _) in tables[0].items()}
    stacked["temperature"] = (("bias", "lead"), np.full((len(biases), 2), KT))
    coords = coords | {
        "level": ["d"],
        "lead": ["L", "R"],
        "bias": ("bias", np.array(biases) * EV, {"units": "hartree"}),
        "bias_label": ("bias", [f"{b} V" for b in biases]),
    }
    return xr.DataTree.from_dict({"/forces": xr.Dataset(stacked, coords)})


def one_coordinate(biases: list[float], units: str = "1") -> xr.DataTree:
    """A sweep over bias on a line."""
    x = np.linspace(-12, 6, 121)
    tables = [_table(x[:, None], x.shape, ("x",), ["x"], b) for b in biases]
    return _assemble(biases, tables, {"x": ("x", x, {"units": units}), "mode": ["x"], "mode_": ["x"]})


def two_coordinates(biases: list[float]) -> xr.DataTree:
    """The same on a product grid."""
    x, y = np.linspace(-6, 6, 41), np.linspace(-4, 4, 31)
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), -1)
    tables = [_table(grid, grid.shape[:2], ("x", "y"), ["x", "y"], b) for b in biases]
    coords = {
        "x": ("x", x, {"units": "1"}),
        "y": ("y", y, {"units": "bohr"}),
        "mode": ["x", "y"],
        "mode_": ["x", "y"],
    }
    return _assemble(biases, tables, coords)


def points(biases: list[float]) -> xr.DataTree:
    """The same at listed points."""
    x = np.array([[0.0, -4.0], [1.0, 0.0], [2.0, 1.0]])
    tables = [_table(x, (3,), ("point",), ["x", "y"], b) for b in biases]
    coords = {"x": ("point", x[:, 0], {"units": "1"}), "y": ("point", x[:, 1], {"units": "1"})}
    return _assemble(biases, tables, coords | {"mode": ["x", "y"], "mode_": ["x", "y"]})
