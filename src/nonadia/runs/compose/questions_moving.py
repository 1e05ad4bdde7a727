"""What is asked about given forces, and about the dynamics of classical nuclei."""

from __future__ import annotations

from . import answers
from .question import MOVING, OPEN, Question, both, if_, of

MOVING_QUESTIONS: tuple[Question, ...] = (
    # own forces
    Question(
        "source",
        "Where do the forces come from? formulas, or a file",
        "formulas",
        answers.choice("formulas", "file"),
        of("table"),
    ),
    Question(
        "file",
        "Name of the file (CSV, or a result of nonadia)",
        "forces.csv",
        answers.file,
        both(of("table"), if_("source", "file")),
    ),
    Question("name", "Name of its coordinate", "x", answers.name, both(of("table"), if_("source", "file"))),
    Question("table_mass", "Mass of the coordinate", "10 u", answers.quantity("mass", "0.5 u", "500 u"), of("table")),
    Question(
        "shape",
        "Potential: harmonic or double-well",
        "harmonic",
        answers.choice("harmonic", "double-well"),
        both(of("table"), if_("source", "formulas")),
    ),
    Question(
        "table_frequency",
        "Energy of one quantum in the well",
        "20 meV",
        answers.quantity("energy", "1 meV", "500 meV"),
        both(of("table"), if_("source", "formulas")),
    ),
    Question(
        "barrier",
        "Height of the barrier between the wells",
        "0.1 eV",
        answers.quantity("energy", "10 meV", "2 eV"),
        both(of("table"), if_("shape", "double-well")),
    ),
    Question(
        "relaxation",
        "Time in which friction takes the energy away, M/friction",
        "1 ps",
        answers.quantity("time", "10 fs", "1 ns"),
        both(of("table"), if_("source", "formulas")),
    ),
    # dynamics
    Question(
        "langevin",
        "Let the nuclei move (Langevin dynamics)?",
        lambda given: "yes" if given["kind"] == "table" else "no",
        answers.yes_no,
        MOVING,
    ),
    Question("trajectories", "Trajectories", "1000", answers.count(2, 1_000_000), both(MOVING, if_("langevin"))),
    Question("duration", "How long", "10 ps", answers.quantity("time", "10 fs", "1 ns"), both(MOVING, if_("langevin"))),
    Question(
        "exit",
        "Stop a trajectory when the bond is broken?",
        "no",
        answers.yes_no,
        both(OPEN, if_("coordinate", "bond"), if_("langevin")),
    ),
)
