"""What is asked about an isolated molecule."""

from __future__ import annotations

from . import answers
from .answers import Check
from .question import Answers, Question, both, if_, of, unless

_GAUGES = ("real", "temporal", "zero-vector-potential")


def _gauges(given: Answers) -> Check:
    return answers.choice(*(_GAUGES[:2] if given.get("coordinates") == "2" else _GAUGES))


MOLECULE_QUESTIONS: tuple[Question, ...] = (
    Question(
        "electrons",
        "Electrons as: states (two coupled ones), surfaces (two with a mixing angle), or electron (one, in real space)",
        "states",
        answers.choice("states", "surfaces", "electron"),
        of("molecule"),
    ),
    Question(
        "coordinates",
        "Nuclear coordinates, 1, or 2 (conical intersection)",
        "1",
        answers.count(1, 2),
        both(of("molecule"), if_("electrons", "states")),
    ),
    Question(
        "nuclear_mass",
        "Mass of the nuclei (reduced)",
        lambda given: "0.5 u" if given["electrons"] == "electron" else "1 u",
        answers.quantity("mass", "0.25 u", "100 u"),
        of("molecule"),
    ),
    Question(
        "quantum_energy",
        "Energy of one vibrational quantum",
        "0.2 eV",
        answers.quantity("energy", "10 meV", "0.5 eV"),
        both(of("molecule"), if_("electrons", "states", "surfaces")),
    ),
    Question(
        "displacement",
        "Distance of the two minima, in widths of the ground state",
        "2",
        answers.number(0.5, 4),
        both(of("molecule"), if_("electrons", "states", "surfaces")),
    ),
    Question(
        "gap",
        "Energy between the two states (surfaces: their least distance)",
        "0.3 eV",
        answers.quantity("energy", "10 meV", "1 eV"),
        both(of("molecule"), if_("electrons", "states", "surfaces"), unless("coordinates", "2")),
    ),
    Question(
        "mixing",
        "Coupling of the two states",
        "0.1 eV",
        answers.quantity("energy", "0 eV", "0.5 eV"),
        both(of("molecule"), if_("electrons", "states"), if_("coordinates", "1")),
    ),
    Question(
        "excited",
        "Begin on the upper surface (vertical excitation)?",
        lambda given: "no" if given["electrons"] == "electron" else "yes",
        answers.yes_no,
        of("molecule"),
    ),
    Question("time", "How long", "10 fs", answers.quantity("time", "0.5 fs", "100 fs"), of("molecule")),
    Question(
        "factorization",
        "Exact factorization along the way (forces, potentials, identities)?",
        "yes",
        answers.yes_no,
        of("molecule"),
    ),
    Question(
        "gauge",
        "Gauge of the stored potentials: real, temporal or (one coordinate) zero-vector-potential",
        "real",
        answers.choice(*_GAUGES),
        both(of("molecule"), if_("factorization")),
        _gauges,
    ),
)
