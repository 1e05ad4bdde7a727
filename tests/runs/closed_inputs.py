"""Small closed systems that the tests of runs start from."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

MOLECULE: dict[str, Any] = {
    "title": "two states",
    "system": "molecule",
    "parameters": {"M": 2000, "k": 0.2, "c": 0.01, "d": "0.02", "T": "2 fs"},
    "coordinates": {"R": {"mass": "M", "grid": {"start": -3, "stop": 3, "points": 96}}},
    "electrons": {"states": 2, "hamiltonian": [["k*R**2/2", "c"], ["c", "k*(R - 0.3)**2/2 + d*R"]]},
    "initial": {"electronic": {"diabatic": 1}, "nuclear": {"gaussian": {"center": 0.4, "width": 0.25}}},
    "propagation": {"duration": "T", "store_every": "T/8"},
    "factorization": {"gauge": "real"},
}
PLANE: dict[str, Any] = {
    "system": "molecule",
    "parameters": {"mA": 2000, "mB": 3000, "mu": "mA*mB/(mA + mB)", "k": 0.2},
    "coordinates": {
        "x": {"mass": "mu", "grid": {"start": -2, "stop": 2, "points": 32}},
        "y": {"mass": "mu", "grid": {"start": -2, "stop": 2, "points": 32}},
    },
    "electrons": {"hamiltonian": [["k*(x**2 + y**2)/2", "0.01*I*x"], ["-0.01*I*x", "k*(x**2 + y**2)/2"]]},
    "initial": {"nuclear": {"gaussian": {"center": [0.1, 0.0], "width": 0.25}}},
    "propagation": {"duration": 20, "store_every": 10},
}
REAL_SPACE: dict[str, Any] = {
    "system": "molecule",
    "coordinates": {"R": {"mass": 1836, "grid": {"start": 1, "stop": 5, "points": 32}}},
    "electrons": {
        "coordinates": {"r": {"grid": {"start": -12, "stop": 12, "points": 64}}},
        "potential": "1/R - 1/sqrt(1 + (r - R/2)**2) - 1/sqrt(1 + (r + R/2)**2) + 0.01*r*sin(0.2*t)",
    },
    "initial": {
        "electronic": {"adiabatic": 1},
        "nuclear": {"gaussian": {"center": 2.8, "width": 0.25}},
    },
    "propagation": {"duration": 10, "store_every": 5, "tolerance": 1e-4},
}
MARGINAL: dict[str, Any] = {
    "system": "marginal",
    "parameters": {"M": 2000, "w": 0.01, "g": "0.1*sin(w*t)", "v": "M*diff(g, t)"},
    "coordinates": {"X": {"mass": "M", "grid": {"start": -2, "stop": 2, "points": 64}}},
    "potentials": {"vector": {"X": "v"}, "scalar": "0.1*(X - g)**2 - v**2/(2*M)"},
    "initial": {"wavefunction": "exp(-X**2/(2*0.22**2))"},
    "propagation": {"duration": 50, "store_every": 10},
    "factorization": {"gauge": "real"},
}


def changed(base: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A copy of an input with one dotted key replaced; None removes it."""
    data = copy.deepcopy(base)
    table: Any = data
    *path, last = key.split(".")
    for part in path:
        table = table.setdefault(part, {})
    if value is None:
        table.pop(last, None)
    else:
        table[last] = value
    return data


def as_toml(value: Any) -> str:
    """A value in TOML, tables inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value)


def write_toml(path: Path, data: dict[str, Any]) -> None:
    """An input file of these tables."""
    path.write_text("".join(f"{key} = {as_toml(value)}\n" for key, value in data.items()), encoding="utf-8")
