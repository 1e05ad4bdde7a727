"""Results of closed systems of the real shape from closed forms, for the figures' tests (no propagation involved)."""

from __future__ import annotations

import numpy as np
import xarray as xr

FS = 41.341373335
PERIOD = 13.6 * FS
MASS = 2000.0
FLOOR = 1e-10  # of the largest density: fields are masked below


def _identity(name: str, dims: tuple[str, ...], value: np.ndarray, error: float = 1e-8) -> dict:
    """Both sides of an identity and a residual that grows with time."""
    time = np.linspace(0.0, 1.0, value.shape[0]).reshape(-1, *[1] * (value.ndim - 1))
    residual = error * np.abs(value).max() * (0.1 + time) * np.ones_like(value)
    return {
        f"identity_{name}_lhs": (dims, value + residual),
        f"identity_{name}_rhs": (dims, value),
        f"identity_{name}_residual": (dims, residual),
    }


def _masked(n: np.ndarray, values: np.ndarray) -> np.ndarray:
    grid = tuple(range(1, n.ndim))
    return np.where(n > FLOOR * n.max(axis=grid, keepdims=True), values, np.nan)


def line(snapshots: int = 9, steps: int = 61, power: float = 0.0) -> xr.DataTree:
    """One coordinate, two surfaces: a packet that splits half way; `power` of a field on the electrons."""
    R = np.linspace(-3.0, 3.5, 260, endpoint=False)
    time = np.linspace(0.0, PERIOD, steps)
    stored = time[:: (steps - 1) // (snapshots - 1)]
    wave = 2 * np.pi / PERIOD

    def packet(t: np.ndarray) -> tuple[np.ndarray, ...]:
        """Weights (surface, t), centres, velocities: the second half on the lower surface moves further."""
        first = 0.5 * (1 + np.tanh((t / PERIOD - 0.45) / 0.05)) * 0.35
        weights = np.stack([first, 1 - first])
        centre = np.stack([0.5 - 0.9 * np.cos(wave * t), 0.5 - 0.5 * np.cos(wave * t)])
        speed = wave * np.stack([0.9 * np.sin(wave * t), 0.5 * np.sin(wave * t)])
        return weights, centre, speed

    def densities(t: np.ndarray) -> np.ndarray:
        weights, centre, _ = packet(t)
        shape = np.exp(-((R - centre[..., None]) ** 2) / (2 * 0.04)) / np.sqrt(2 * np.pi * 0.04)
        return weights[..., None] * shape

    energy = np.stack([R**2 / 24, (R - 0.5) ** 2 / 8 + 0.045625])
    slope = np.stack([-R / 12, -(R - 0.5) / 4])
    parts, split = densities(time), densities(stored)
    n, n_stored = parts.sum(0), split.sum(0)
    weights, centre, speed = packet(time)
    share = split / np.maximum(n_stored, 1e-290)
    velocity = (share * packet(stored)[2][..., None]).sum(0)
    force = (share * slope[:, None]).sum(0)
    gi = (share * energy[:, None]).sum(0) + 0.5 * MASS * (share.prod(0)) * 1e-7
    T_marg = 0.5 * MASS * (weights * speed**2).sum(0) + 0.0016
    T_geo = 0.002 * weights.prod(0)
    E_total = 0.1 + power * PERIOD / (2 * np.pi) * np.sin(wave * time) ** 2
    E_BO = E_total - T_marg - T_geo
    rate = {name: np.gradient(value, time) for name, value in (("T_marg", T_marg), ("T_geo", T_geo), ("E_BO", E_BO))}
    rate["T_n"] = rate["T_marg"] + rate["T_geo"]
    position = (weights * centre).sum(0)
    scalars = {
        "T_n": T_marg + T_geo,
        "T_marg": T_marg,
        "T_geo": T_geo,
        "E_BO": E_BO,
        "E_external": np.zeros_like(time),
        "E_total": E_total,
        "power_external": power * np.sin(2 * wave * time),
        "refinement": np.full(steps, 8),
    } | {f"rate_{name}": value for name, value in rate.items()}
    momentum = MASS * np.gradient(position, time)[:, None]
    push = np.gradient(momentum[:, 0], time)[:, None]
    along, fields = ("time", "component"), ("snapshot", "R")
    factorization = {name: ("time", value) for name, value in scalars.items()} | {
        "density": (fields, n_stored),
        "scalar_potential_gi": (fields, _masked(n_stored, gi)),
        "scalar_potential": (fields, _masked(n_stored, gi + 0.004 * np.tanh(8 * (R - 1.0)) - 0.3)),
        "velocity": (("snapshot", "coordinate", "R"), _masked(n_stored, velocity)[:, None]),
        "force": (("snapshot", "coordinate", "R"), _masked(n_stored, force)[:, None]),
        "momentum": (along, momentum),
        "mean_electric_force": (along, push),
        "mean_intranuclear_force": (along, np.zeros_like(push)),
        "mean_internuclear_force": (along, np.zeros_like(push)),
        **_identity("power", ("time",), rate["T_marg"]),
        **_identity("work", ("time",), rate["T_marg"], 1e-9),
        **_identity("momentum", along, push),
        "magnetic_power": (("time", "nucleus"), np.zeros((steps, 1))),
    }
    wavepacket = {
        "adiabatic_population": (("time", "surface"), weights.T),
        "population": (("time", "state"), weights.T[:, ::-1]),
        "position": (("time", "coordinate"), position[:, None]),
        "BO_energy": ("time", E_BO),
        "energy": ("time", E_total),
        "reduced_density": (("time", "R"), n),
        "adiabatic_energy": (("surface", "R"), energy),
        "adiabatic_force": (("surface", "coordinate", "R"), slope[:, None]),
        "adiabatic_density": (("time", "surface", "R"), parts.transpose(1, 0, 2)),
    }
    start = np.linspace(-0.4, 0.4, 12)
    quantum = start[:, None] + position
    coords = {
        "time": time,
        "R": ("R", R, {"units": "bohr"}),
        "coordinate": ["R"],
        "component": ["R"],
        "nucleus": ["R"],
        "surface": [1, 2],
        "state": [1, 2],
        "snapshot": stored,
    }
    paths = {"quantum_position": (("time", "trajectory", "coordinate"), quantum.T[:, :, None])}
    return _tree(wavepacket, factorization, paths, coords, {"gauge": "zero-vector-potential", "tolerance": 1e-6})


def plane(snapshots: int = 5, steps: int = 41, nuclei: int = 1) -> xr.DataTree:
    """Two coordinates: a packet on a circle round a Gaussian curvature; one nucleus of two components, or two of one."""
    x, y = np.linspace(-2.2, 2.2, 64, endpoint=False), np.linspace(-1.8, 1.8, 48, endpoint=False)
    time = np.linspace(0.0, PERIOD, steps)
    stored = time[:: (steps - 1) // (snapshots - 1)]
    wave = 2 * np.pi / PERIOD
    X, Y = np.meshgrid(x, y, indexing="ij")
    cx, cy = (0.8 * f(wave * stored)[:, None, None] for f in (np.cos, np.sin))
    n = np.exp(-((X - cx) ** 2 + (Y - cy) ** 2) / 0.12)
    n /= n[0].sum() * (x[1] - x[0]) * (y[1] - y[0])
    C = 3.0 * np.exp(-(X**2 + Y**2) / 0.3) - 0.3
    curvature = np.zeros((snapshots, 2, 2, x.size, y.size))
    curvature[:, 0, 1], curvature[:, 1, 0] = _masked(n, C + 0 * n), _masked(n, -C + 0 * n)
    force = np.stack([_masked(n, -0.02 * X + 0 * n), _masked(n, -0.02 * Y + 0 * n)], axis=1)
    velocity = np.stack([_masked(n, -wave * cy + 0 * n), _masked(n, wave * cx + 0 * n)], axis=1)
    components = ["x", "y"] if nuclei == 1 else ["X1", "X2"]
    names = ["N"] if nuclei == 1 else ["X1", "X2"]
    along = ("time", "component")
    electric = 1e-2 * np.stack([np.cos(wave * time), np.sin(wave * time)], -1)
    magnetic = 3e-3 * np.stack([-np.sin(wave * time), np.cos(wave * time)], -1)
    none = np.zeros_like(magnetic)
    T_marg = 0.02 + 0.01 * np.sin(wave * time)
    fields = ("snapshot", components[0], components[1])
    factorization: dict = {
        "density": (fields, n),
        "berry_curvature": (("snapshot", "coordinate", "coordinate_", *fields[1:]), curvature),
        "force": (("snapshot", "coordinate", *fields[1:]), force),
        "velocity": (("snapshot", "coordinate", *fields[1:]), velocity),
        "T_marg": ("time", T_marg),
        "T_geo": ("time", 0.1 * T_marg),
        "E_BO": ("time", 0.1 - 1.1 * T_marg),
        "E_total": ("time", np.full(steps, 0.1)),
        "mean_electric_force": (along, electric),
        "mean_intranuclear_force": (along, magnetic if nuclei == 1 else none),
        "mean_internuclear_force": (along, none if nuclei == 1 else magnetic),
        **_identity("momentum", along, electric + magnetic),
        **_identity("power", ("time",), np.gradient(T_marg, time)),
        **_identity("work", ("time",), np.gradient(T_marg, time)),
    }
    if nuclei == 1:
        torque = (0.013 * np.cos(wave * time))[:, None, None]
        turning = ("time", "nucleus", "plane")
        factorization |= {
            "angular_momentum": (turning, 0.5 + np.cumsum(torque, axis=0)),
            "torque_electric": (turning, 1.3 * torque + 0.002),
            **_identity("angular_momentum", turning, torque),
            "magnetic_power": (("time", "nucleus"), np.zeros((steps, 1))),
        }
    else:
        power = 1e-4 * np.sin(wave * time)
        factorization["magnetic_power"] = (("time", "nucleus"), np.stack([power, -power], -1))
        factorization["magnetic_power_intranuclear"] = (("time", "nucleus"), np.zeros((steps, 2)))
        factorization["magnetic_power_internuclear"] = (("time", "nucleus"), np.stack([power, -power], -1))
    wavepacket = {
        "population": (("time", "state"), np.stack([0.5 + 0.2 * np.sin(wave * time), 0.5 - 0.2 * np.sin(wave * time)], -1)),
        "position": (("time", "coordinate"), 0.8 * np.stack([np.cos(wave * time), np.sin(wave * time)], -1)),
        "energy": ("time", np.full(steps, 0.1)),
    }
    spiral = np.stack([1 + 0.02 * np.cos(3 * wave * time), -1 + 0.02 * np.sin(3 * wave * time)], -1)
    drift = np.stack([0 * time, 0.05 * time / PERIOD], -1)
    kinetic = 1e-6 * 0.5 * MASS * np.sin(wave * time) ** 2
    paths = {
        "newton_position": (along, spiral),
        "newton_incomplete_position": (along, spiral + drift),
        "exact_position": (along, spiral),
        "exact_kinetic_energy": ("time", kinetic),
        "newton_kinetic_energy": ("time", kinetic),
        "newton_incomplete_kinetic_energy": ("time", kinetic * (1 + 0.16 * np.sin(5 * wave * time))),
    }
    coords = {
        "time": time,
        components[0]: (components[0], x, {"units": "bohr"}),
        components[1]: (components[1], y, {"units": "bohr"}),
        "coordinate": components,
        "coordinate_": components,
        "component": components,
        "nucleus": names,
        "plane": [",".join(components)],
        "state": [1, 2],
        "snapshot": stored,
    }
    return _tree(wavepacket, factorization, paths if nuclei == 2 else {}, coords, {"gauge": "real", "tolerance": 1e-5})


def scattering(steps: int = 31) -> xr.DataTree:
    """A packet from the left on a surface that is flat at both ends: 0.7 goes through, 0.3 comes back on the upper surface."""
    R = np.linspace(-20.0, 20.0, 400, endpoint=False)
    time = np.linspace(0.0, 40 * FS, steps)
    part = time / time[-1]
    through = np.clip((part - 0.4) / 0.2, 0.0, 1.0)

    def shape(centre: np.ndarray) -> np.ndarray:
        return np.exp(-((R - centre[:, None]) ** 2)) / np.sqrt(np.pi)

    forth = shape(-10 + 20 * part)
    back = shape(-np.abs(-10 + 20 * part))
    lower = forth * (1 - 0.3 * through)[:, None]
    densities = np.stack([lower, 0.3 * through[:, None] * back], axis=1)
    energy = np.stack([-0.01 * np.exp(-(R**2)), 0.02 + 0.01 * np.exp(-(R**2))])
    packet = {
        "adiabatic_density": (("time", "surface", "R"), densities),
        "adiabatic_energy": (("surface", "R"), energy),
        "adiabatic_population": (("time", "surface"), densities.sum(-1) * (R[1] - R[0])),
        "reduced_density": (("time", "R"), densities.sum(1)),
        "position": (("time", "coordinate"), (densities.sum(1) @ R)[:, None] * (R[1] - R[0])),
        "energy": ("time", np.full(steps, 0.03)),
    }
    coords = {"time": time, "R": ("R", R, {"units": "bohr"}), "coordinate": ["R"], "surface": [1, 2]}
    return _tree(packet, {}, {}, coords, {})


def space(steps: int = 6) -> xr.DataTree:
    """Three coordinates, a wave packet without factorization: a Gaussian that moves along x."""
    axes = [np.linspace(-2.0, 2.0, count, endpoint=False) for count in (20, 18, 16)]
    time = np.linspace(0.0, PERIOD, steps)
    X, Y, Z = np.meshgrid(*axes, indexing="ij")
    centre = -0.8 + 1.6 * time[:, None, None, None] / PERIOD
    n = np.exp(-((X - centre) ** 2) / 0.3 - Y**2 / 0.5 - Z**2 / 0.2) / (np.pi**1.5 * np.sqrt(0.3 * 0.5 * 0.2))
    packet = {
        "reduced_density": (("time", "x", "y", "z"), n),
        "position": (("time", "coordinate"), np.stack([centre.ravel(), 0 * time, 0 * time], -1)),
        "energy": ("time", np.full(steps, 0.1)),
    }
    coords = {name: (name, axis, {"units": "bohr"}) for name, axis in zip("xyz", axes, strict=True)}
    return _tree(packet, {}, {}, {"time": time, "coordinate": ["x", "y", "z"]} | coords, {})


def swept(values: tuple[str, ...] = ("0.02", "0.03")) -> xr.DataTree:
    """The line at several gaps: every variable gains the swept dimension in front."""
    tree = line()
    groups = {}
    for name, node in tree.children.items():
        data = node.to_dataset()
        stacked = data.expand_dims(gap=[float(value) for value in values]).copy(deep=True)
        groups[f"/{name}"] = stacked.assign_coords(gap_label=("gap", list(values)))
    return xr.DataTree.from_dict(groups)


def _tree(packet: dict, fields: dict, paths: dict, coords: dict, attrs: dict) -> xr.DataTree:
    groups = {}
    for name, variables in (("wavepacket", packet), ("factorization", fields), ("trajectories", paths)):
        if not variables:
            continue
        bare = xr.Dataset(variables)
        known = {key: value for key, value in coords.items() if _dim_of(key, value) in bare.dims}
        groups[f"/{name}"] = bare.assign_coords(known).assign_attrs(attrs if name == "factorization" else {})
    return xr.DataTree.from_dict(groups)


def _dim_of(key: str, value: object) -> str:
    return value[0] if isinstance(value, tuple) else key
