"""The input of an isolated molecule: its wave packet, and grids that hold it.

The ground state of a mode has the width 1/√(Mω); an energy E above the lowest minimum gives an amplitude of √(2E/ω) widths
and the same largest momentum in ħ/width, and both need some room beyond.
"""

from __future__ import annotations

import math

from nonadia.units import atomic

from .lines import head, join, key, value
from .questions import Answers

ROOM = 6.0  # widths beyond the classical turning points


def text(given: Answers) -> str:
    """The whole file."""
    about = [
        "Written by nonadia new. Numbers are Hartree atomic units, text may carry a unit; try:",
        "  nonadia check FILE.toml",
    ]
    first = head(given["title"], "molecule", about)
    if given["electrons"] == "electron":
        model = _real_space(given)
    elif given.get("coordinates") == "2":
        model = _intersection(given)
    else:
        model = _line(given)
    return join([first, *model, _propagation(given), _factorization(given)])


def _line(given: Answers) -> list[list[str]]:
    """Two harmonic states along R."""
    surfaces = given["electrons"] == "surfaces"
    shift = float(given["displacement"])
    gap = _energy(given["gap"]) / _energy(given["quantum_energy"])
    mixing = 0.0 if surfaces else _energy(given["mixing"]) / _energy(given["quantum_energy"])
    height = (2.0 * shift**2 if surfaces else shift**2 / 2.0) + gap + 2.0 * mixing + 1.0
    reach = shift + math.sqrt(2.0 * height * (2.0 if surfaces else 1.0)) + ROOM
    parameters = [
        "[parameters]",
        key("M", value(given["nuclear_mass"]), "mass of the nuclei"),
        key("w", value(given["quantum_energy"]), "one quantum of the vibration"),
        key("s", f'"{shift:g}/sqrt(M*w)"', "distance of the minima, in bohr"),
        key("gap", value(given["gap"]), "least distance of the surfaces" if surfaces else "energy between the states"),
    ]
    if surfaces:
        electrons = [
            "[electrons]                                 # two adiabatic surfaces and the angle that mixes two fixed states",
            'surfaces     = ["M*w**2*R**2/2", "M*w**2*(R - s)**2 + M*w**2*s**2 + gap"]',
            'mixing_angle = "pi/4*(1 + tanh((R - 2*s)*sqrt(M*w)))"',
        ]
    else:
        parameters.append(key("c", value(given["mixing"]), "coupling of the two states"))
        electrons = [
            "[electrons]",
            'hamiltonian = [["M*w**2*R**2/2", "c"], ["c", "M*w**2*(R - s)**2/2 + gap"]]    # H_BO(R)',
        ]
    return [parameters, _coordinate("R", given, reach), electrons, _initial(given)]


def _intersection(given: Answers) -> list[list[str]]:
    """A conical intersection at x = y = 0: minima at a distance of s around it."""
    shift = float(given["displacement"]) / 2.0
    reach = 2.0 * shift + math.sqrt(2.0 * (2.0 * shift**2 + 1.0)) + ROOM
    parameters = [
        "[parameters]",
        key("M", value(given["nuclear_mass"]), "mass of the nuclei"),
        key("w", value(given["quantum_energy"]), "one quantum of both vibrations"),
        key("s", f'"{shift:g}/sqrt(M*w)"', "distance of the minima from the intersection, bohr"),
        key("kappa", '"M*w**2*s"', "slope of the cone"),
    ]
    harmonic = "M*w**2*(x**2 + y**2)/2"
    electrons = [
        "[electrons]                                 # H_BO(x, y)",
        "hamiltonian = [",
        f'    ["{harmonic} + kappa*x", "kappa*y"],',
        f'    ["kappa*y", "{harmonic} - kappa*x"],',
        "]",
    ]
    nucleus = ["[nuclei.N]", key("coordinates", '["x", "y"]', "one nucleus in a plane")]
    state = "diabatic = 1" if given["excited"] == "yes" else "diabatic = 2"
    start = [
        "[initial]",
        key("electronic", f"{{ {state} }}", "1 is the upper surface at x > 0, 2 the lower"),
        'nuclear = { gaussian = { center = ["s", 0], width = "1/sqrt(M*w)" } }',
    ]
    return [parameters, _coordinate("x", given, reach), _coordinate("y", given, reach), electrons, nucleus, start]


def _real_space(given: Answers) -> list[list[str]]:
    """One electron and two nuclei on a line, soft Coulomb forces (as H2+)."""
    state = 2 if given["excited"] == "yes" else 1
    parameters = [
        "[parameters]",
        key("M", value(given["nuclear_mass"]), "reduced mass of the nuclei"),
    ]
    coordinate = [
        "[coordinates.R]",
        key("mass", '"M"', "its mass"),
        key("grid", "{ start = 0, stop = 20, points = 240 }", "periodic"),
    ]
    electrons = [
        "[electrons]                                 # one electron in real space, soft Coulomb potentials",
        'potential = "1/sqrt(0.03 + R**2) - 1/sqrt(1 + (r - R/2)**2) - 1/sqrt(1 + (r + R/2)**2)"',
    ]
    electron = ["[electrons.coordinates.r]", key("grid", "{ start = -30, stop = 30, points = 150 }", "periodic")]
    start = [
        "[initial]",
        key("electronic", f"{{ adiabatic = {state} }}", "Born-Oppenheimer state at every R"),
        "nuclear = { gaussian = { center = 3.0, width = 0.35 } }",
    ]
    return [parameters, coordinate, electrons, electron, ["[adiabatic]", key("surfaces", 2, "how many are computed")], start]


def _coordinate(name: str, given: Answers, reach: float) -> list[str]:
    """A grid of ± reach widths with momenta up to reach ħ/width."""
    mass = _of(given["nuclear_mass"], "mass")
    width = 1.0 / math.sqrt(mass * _energy(given["quantum_energy"]))
    points = 32 * math.ceil(max(64.0, 1.15 * 2.0 * reach * reach / math.pi) / 32.0)
    ends = f"{{ start = {-reach * width:.4f}, stop = {reach * width:.4f}, points = {points} }}"
    return [f"[coordinates.{name}]", key("mass", '"M"', "its mass"), key("grid", ends, "periodic, in bohr")]


def _initial(given: Answers) -> list[str]:
    """The ground state of the first state, on the second one: a vertical excitation. Smooth, however weak the coupling is."""
    number = 2 if given["excited"] == "yes" else 1
    if given["electrons"] == "surfaces":
        electronic = key("electronic", f"{{ adiabatic = {number} }}", "Born-Oppenheimer state, from 1")
        nuclear = key("nuclear", "{ ground_state_of = 1 }", "ground state of the lower surface")
    else:
        electronic = key("electronic", f"{{ diabatic = {number} }}", "basis state, from 1")
        nuclear = 'nuclear = { gaussian = { center = 0, width = "1/sqrt(M*w)" } }    # ground state of the first'
    return ["[initial]", electronic, nuclear]


def _propagation(given: Answers) -> list[str]:
    return [
        "[propagation]",
        key("duration", value(given["time"]), "how long"),
        key("method", '"split-operator"', "or chebyshev, krylov"),
        key("tolerance", "1e-6", "norm error of the wave function at the end"),
    ]


def _factorization(given: Answers) -> list[str]:
    if given["factorization"] != "yes":
        return []
    return [
        "[factorization]                             # forces, potentials and identities of the exact factorization",
        key("gauge", f'"{given["gauge"]}"', "of the stored potentials"),
        key("tolerance", "1e-4", "of the identities, relative to their scale"),
    ]


def _energy(answer: str) -> float:
    return _of(answer, "energy")


def _of(answer: str, kind: str) -> float:
    try:
        return float(answer)
    except ValueError:
        return atomic(answer, kind)  # type: ignore[arg-type]
