"""The input of nuclei in given forces, friction and noise: as formulas, or from a file."""

from __future__ import annotations

import math

from nonadia.units import atomic

from .lines import head, join, key, quoted, value
from .questions import Answers


def text(given: Answers) -> str:
    """The whole file."""
    about = [
        "Written by nonadia new. Numbers are Hartree atomic units, text may carry a unit; try:",
        "  nonadia check FILE.toml",
    ]
    formulas = given["source"] == "formulas"
    body = _formulas(given) if formulas else _file(given)
    return join([head(given["title"], "table", about), *body, _dynamics(given, "x" if formulas else given["name"], formulas)])


def _formulas(given: Answers) -> list[list[str]]:
    mass, quantum = _of(given["table_mass"], "mass"), _of(given["table_frequency"], "energy")
    heat = _of(given["temperature"], "temperature")
    double = given["shape"] == "double-well"
    parameters = [
        "[parameters]",
        key("M", value(given["table_mass"]), "mass"),
        key("T", value(given["temperature"]), "temperature of the bath"),
        key("w", value(given["table_frequency"]), "one quantum in the well"),
        key("tau", value(given["relaxation"]), "time in which friction takes the energy away"),
    ]
    if double:
        height = _of(given["barrier"], "energy")
        place = math.sqrt(8.0 * height / mass) / quantum  # h (x²/s² - 1)² has the curvature 8h/s² in its wells
        parameters.append(key("h", value(given["barrier"]), "height of the barrier"))
        parameters.append(key("s", '"sqrt(8*h/M)/w"', "where the wells are: at -s and s"))
        potential, stop = "h*(x**2/s**2 - 1)**2", place * math.sqrt(1.0 + math.sqrt(40.0 * heat / height) + 0.5)
    else:
        potential, stop = "M*w**2*x**2/2", math.sqrt(2.0 * 30.0 * max(heat, quantum / 2.0) / mass) / quantum
    table = [
        "[table]                                     # F besides -dU_0/dx, friction and noise on a grid",
        f"x = {{ start = {-stop:.4f}, stop = {stop:.4f}, points = 201 }}    # bohr",
        key("friction", '"M/tau"', "gamma(x): change it to yours"),
        key("temperature", '"T"', "noise = friction*k_BT"),
    ]
    coordinate = ["[coordinates.x]", key("mass", '"M"', "its mass")]
    return [parameters, coordinate, ["[molecule]", key("potential", quoted(potential), "U_0(x)")], table]


def _file(given: Answers) -> list[list[str]]:
    coordinate = [f"[coordinates.{given['name']}]", key("mass", value(given["table_mass"]), "its mass")]
    table = ["[table]                                     # columns: the coordinate, mean_force, friction, noise"]
    return [
        coordinate,
        [*table, key("file", quoted(given["file"])), key("temperature", value(given["temperature"]), "if there is no noise")],
    ]


def _dynamics(given: Answers, axis: str, formulas: bool) -> list[str]:
    if given["langevin"] != "yes":
        return []
    start = f"{axis} = {quoted('-s') if given.get('shape') == 'double-well' else 0}"
    return [
        "[langevin]",
        key("trajectories", given["trajectories"], "how many"),
        key("duration", value(given["duration"]), "how long"),
        f"initial   = {{ temperature = {value(given['temperature'])}, {start} }}",
        key("asymptote", f'{{ {axis} = {{ lower = "linear", upper = "linear" }} }}', "forces beyond the grid"),
        key("seed", 1, "of all random numbers"),
    ]


def _of(answer: str, kind: str) -> float:
    try:
        return float(answer)
    except ValueError:
        return atomic(answer, kind)  # type: ignore[arg-type]
