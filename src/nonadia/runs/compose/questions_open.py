"""What is asked about a molecule between leads or at a surface."""

from __future__ import annotations

from . import answers
from .question import MOVING, OPEN, Question, both, if_, of

OPEN_QUESTIONS: tuple[Question, ...] = (
    Question("levels", "Electronic levels, 1 to 3", "1", answers.count(1, 3), OPEN),
    Question(
        "level", "Energy of the level(s) above the Fermi energy", "100 meV", answers.quantity("energy", "-5 eV", "5 eV"), OPEN
    ),
    Question(
        "hopping",
        "Hopping between neighbouring levels",
        "50 meV",
        answers.quantity("energy", "1 meV", "5 eV"),
        both(OPEN, if_("levels", "2", "3")),
    ),
    Question(
        "interacting",
        "Do electrons on different levels repel each other? (yes needs HEOM)",
        "no",
        answers.yes_no,
        both(OPEN, if_("levels", "2", "3")),
    ),
    Question(
        "repulsion",
        "Repulsion U of two electrons on neighbouring levels",
        "200 meV",
        answers.quantity("energy", "0 eV", "10 eV"),
        both(OPEN, if_("interacting")),
    ),
    Question(
        "coordinate",
        "The classical coordinate: vibration (harmonic, dimensionless) or bond (Morse, a length)",
        lambda given: "vibration" if given["kind"] == "junction" else "bond",
        answers.choice("vibration", "bond"),
        OPEN,
    ),
    Question(
        "coordinates", "Classical coordinates, 1 or 2", "1", answers.count(1, 2), both(OPEN, if_("coordinate", "vibration"))
    ),
    Question(
        "frequency",
        "Energy of one quantum of the vibration",
        "10 meV",
        answers.quantity("energy", "0.5 meV", "500 meV"),
        both(OPEN, if_("coordinate", "vibration")),
    ),
    Question(
        "mass",
        "Mass of the coordinate",
        "10 u",
        answers.quantity("mass", "0.5 u", "500 u"),
        both(OPEN, if_("coordinate", "bond")),
    ),
    Question(
        "depth",
        "Depth of the neutral molecule's well",
        "1 eV",
        answers.quantity("energy", "10 meV", "20 eV"),
        both(OPEN, if_("coordinate", "bond")),
    ),
    Question(
        "place",
        "Length of the bond in this well",
        "2 angstrom",
        answers.quantity("length", "0.5 angstrom", "10 angstrom"),
        both(OPEN, if_("coordinate", "bond")),
    ),
    Question(
        "coupling",
        "How strongly an electron pushes: coupling of level and coordinate",
        "20 meV",
        answers.quantity("energy", "0 eV", "2 eV"),
        OPEN,
    ),
    Question("width", "Width of the level from each lead, Gamma", "50 meV", answers.quantity("energy", "1 meV", "5 eV"), OPEN),
    Question("fading", "Does the coupling to the lead(s) depend on the coordinate?", "no", answers.yes_no, OPEN),
    Question(
        "quantum",
        "Is there a vibration to be treated quantum mechanically? (yes needs HEOM)",
        "no",
        answers.yes_no,
        both(OPEN, if_("levels", "1")),
    ),
    Question(
        "quantum_frequency",
        "Energy of its quantum",
        "200 meV",
        answers.quantity("energy", "20 meV", "1 eV"),
        both(OPEN, if_("quantum")),
    ),
    Question(
        "quantum_coupling",
        "Its coupling to the level",
        "100 meV",
        answers.quantity("energy", "1 meV", "400 meV"),
        both(OPEN, if_("quantum")),
    ),
    Question("temperature", "Temperature of the electrons", "300 K", answers.quantity("temperature", "1 K", "10000 K"), MOVING),
    Question("bias", "Bias voltage", "0.2 V", answers.quantity("voltage", "-5 V", "5 V"), of("junction")),
    Question(
        "sweep",
        "Bias voltages to sweep over (with commas), or none",
        "none",
        answers.quantities("voltage", "-5 V", "5 V"),
        of("junction"),
    ),
    Question(
        "points",
        "Points of the grid along each coordinate",
        lambda given: "15" if given.get("coordinates") == "2" else "61",
        answers.count(3, 400),
        OPEN,
    ),
)
