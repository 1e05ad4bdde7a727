"""The input of a molecule between leads or at a surface.

H_mol = U_0(x) + Σ_m E_m(x) d_m† d_m + t Σ (d_m† d_m+1 + h.c.) + U Σ n_m n_m+1 (+ ω b†b + Λ (b + b†) d†d)
"""

from __future__ import annotations

import itertools
import math

from nonadia.units import ANGSTROM, atomic

from .lines import head, join, key, quoted, value
from .questions import Answers

SPREAD = 6.0  # the grid of a vibration reaches that many thermal widths beyond its minima


def text(given: Answers) -> str:
    """The whole file."""
    names = ["d"] if given["levels"] == "1" else [f"d{i + 1}" for i in range(int(given["levels"]))]
    bond = given["coordinate"] == "bond"
    about = [
        "Written by nonadia new. Numbers are Hartree atomic units, text may carry a unit; try:",
        "  nonadia check FILE.toml",
    ]
    axes = ["x"] if bond or given.get("coordinates", "1") == "1" else ["x", "y"]
    blocks = [
        head(given["title"], "junction", about),
        _parameters(given, bond),
        *([f"[coordinates.{axis}]", *_coordinate(bond)] for axis in axes),
        _molecule(bond, axes),
        ["[molecule.levels]", *(key(name, quoted(_level(bond, axes)), "its energy E(x)") for name in names)],
    ]
    pairs = [f'"{one},{other}"' for one, other in itertools.pairwise(names)]
    if pairs:
        blocks.append(["[molecule.hoppings]", *(key(pair, '"hop"') for pair in pairs)])
    if given.get("interacting") == "yes":
        blocks.append(["[molecule.interactions]", *(key(pair, '"U"', "U n n'") for pair in pairs)])
    if given.get("quantum") == "yes":
        blocks.append([
            "[molecule.vibrations.b]", key("frequency", '"omega_q"', "of omega b†b"),
            key("states", '"auto"', "oscillator states kept; auto: enough"),
            key("couplings", f'{{ {names[0]} = "lam_q" }}', "of (b + b†) d†d"),
        ])  # fmt: skip
    return join([*blocks, *_leads(given, names, axes[0]), _forces(given, axes), _dynamics(given, bond, axes), _sweep(given)])


def _parameters(given: Answers, bond: bool) -> list[str]:
    lines = ["[parameters]                                # values by name, for the expressions below"]
    if bond:
        lines += [
            key("De", value(given["depth"]), "depth of the neutral molecule's well"),
            key("x0", value(given["place"]), "where its minimum is"),
            key("alpha", '"1.5/angstrom"', "inverse range of the well (a guess: change it)"),
            key("angstrom", '"1 angstrom"', "a unit for the expressions"),
            key("M", value(given["mass"]), "mass"),
        ]
    else:
        lines.append(key("Omega", value(given["frequency"]), "one quantum of the classical vibration"))
    lines += [
        key("eps0", value(given["level"]), "energy of the level, Fermi energy = 0"),
        key("lam", value(given["coupling"]), "coupling of level and coordinate"),
        key("Gamma", value(given["width"]), "width of the level from each lead"),
    ]
    if given["levels"] != "1":
        lines.append(key("hop", value(given["hopping"]), "hopping between neighbouring levels"))
    if given.get("interacting") == "yes":
        lines.append(key("U", value(given["repulsion"]), "repulsion of electrons on neighbouring levels"))
    if given.get("quantum") == "yes":
        lines.append(key("omega_q", value(given["quantum_frequency"]), "one quantum of the quantum vibration"))
        lines.append(key("lam_q", value(given["quantum_coupling"]), "its coupling to the level"))
    if given["kind"] == "junction":
        lines.append(key("bias", value(given["bias"]), "voltage between the leads"))
    if given["fading"] == "yes":
        lines.append(key("a", '"0.5 angstrom"' if bond else 1.0, "length over which the coupling changes (a guess)"))
        lines.append(key("q", 0.1, "what is left of its amplitude on the far side (a guess)"))
    return lines


def _coordinate(bond: bool) -> list[str]:
    if bond:
        return [key("mass", '"M"', "its mass"), key("unit", '"angstrom"', "a length; figures are in angstrom")]
    return [key("mass", '"1/Omega"', "so that Omega is one quantum of it"), key("unit", '"1"', "dimensionless")]


def _molecule(bond: bool, axes: list[str]) -> list[str]:
    harmonic = " + ".join(f"Omega*{axis}**2/2" for axis in axes)
    potential = "De*(1 - exp(-alpha*(x - x0)))**2" if bond else harmonic
    return ["[molecule]", key("potential", quoted(potential), "U_0: of the neutral molecule")]


def _level(bond: bool, axes: list[str]) -> str:
    if bond:
        return "eps0 + lam*exp(-alpha*(x - x0))"
    return "eps0" + "".join(f" + sqrt(2)*lam*{axis}" for axis in axes)


def _leads(given: Answers, names: list[str], axis: str) -> list[list[str]]:
    fading = given["fading"] == "yes"
    middle = "(x - x0 - 2*a)" if given["coordinate"] == "bond" else axis
    if given["kind"] == "surface":
        ends, sides = {"metal": names}, {"metal": "-"}
    else:
        ends, sides = {"L": names[:1], "R": names[-1:]}, {"L": "-", "R": "-" if given["coordinate"] == "bond" else "+"}
    blocks = []
    for lead, levels in ends.items():
        mu = {"L": '"bias/2"', "R": '"-bias/2"'}.get(lead, 0)
        lines = [
            f"[leads.{lead}]", key("chemical_potential", mu, "an energy, or e times a voltage"),
            key("temperature", value(given["temperature"]), "of its electrons"),
            key("bandwidth", '"10 eV"', "half width of its Lorentzian band"),
            key("couplings", "{ " + ", ".join(f'{level} = "Gamma"' for level in levels) + " }", "level widths"),
        ]  # fmt: skip
        if fading:
            profile = f"(1 - q)/2*(1 {sides[lead]} tanh({middle}/a)) + q"
            lines.append(key("profile", quoted(profile), "multiplies the coupling AMPLITUDE"))
        blocks.append(lines)
    return blocks


def _forces(given: Answers, axes: list[str]) -> list[str]:
    start, stop = grid(given)
    lines = ["[forces]                                    # mean force, friction and noise on this grid"]
    lines += [f"{axis} = {{ start = {start}, stop = {stop}, points = {given['points']} }}" for axis in axes]
    return [
        *lines,
        key("method", '"auto"', "Green's functions where they apply, else HEOM"),
        key("tolerance", 1e-3, "error, relative to the largest value on the grid"),
    ]


def grid(given: Answers) -> tuple[str, str]:
    """Ends of the grid: thermal widths beyond the minima of the empty and the filled molecule; of a bond, around its well."""
    if given["coordinate"] == "bond":
        place = _of(given["place"], "length") / ANGSTROM
        return quoted(f"{max(0.2, place - 0.4):.4g} angstrom"), quoted(f"{place + 3.0:.4g} angstrom")
    quantum, heat = _of(given["frequency"], "energy"), _of(given["temperature"], "temperature")
    shift = -math.sqrt(2.0) * _of(given["coupling"], "energy") / quantum
    reach = SPREAD * math.sqrt(max(heat / quantum, 0.5))
    return f"{min(0.0, shift) - reach:.1f}", f"{max(0.0, shift) + reach:.1f}"


def _dynamics(given: Answers, bond: bool, axes: list[str]) -> list[str]:
    if given["langevin"] != "yes":
        return []
    start = f"x = {value(given['place'])}" if bond else ", ".join(f"{axis} = 0" for axis in axes)
    beyond = ", ".join(f'{axis} = {{ lower = "linear", upper = "linear" }}' for axis in axes)
    lines = [
        "[langevin]                                  # the nuclei move under these forces",
        key("trajectories", given["trajectories"], "how many"),
        key("duration", value(given["duration"]), "how long"),
        f"initial   = {{ temperature = {value(given['temperature'])}, {start} }}",
        key("asymptote", f"{{ {beyond} }}", "forces beyond the grid"),
        key("seed", 1, "of all random numbers"),
    ]
    if given.get("exit") == "yes":
        far = _of(given["place"], "length") / ANGSTROM + 2.8
        lines.append(key("exits", f'{{ broken = "x > {far:.4g} angstrom" }}', "where a trajectory ends"))
    return lines


def _sweep(given: Answers) -> list[str]:
    if given.get("sweep", "none") == "none":
        return []
    values = ", ".join(value(part) for part in given["sweep"].split(", "))
    return ["[sweep]                                     # the run is repeated for each value", f"bias = [{values}]"]


def _of(text_: str, kind: str) -> float:
    try:
        return float(text_)
    except ValueError:
        return atomic(text_, kind)  # type: ignore[arg-type]
