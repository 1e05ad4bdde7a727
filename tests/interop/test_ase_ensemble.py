"""The same bond rupture by na.langevin and by the ASE dynamics with noise of another seed: the same probability and times."""

from __future__ import annotations

import numpy as np

import nonadia as na
from nonadia.interop import FrictionDynamics, embed
from nonadia.interop.ase_units import TIME
from nonadia.langevin.initial import sample
from nonadia.units import EV, FS, KELVIN, U

DEPTH, WIDTH, MASS, KT, EDGE = 0.2 * EV, 1.0, 2.0 * U, 300 * KELVIN, 3.0
MEMBERS, STEP, STEPS = 40, 1.0 * FS, 160


def morse() -> na.CallableField:
    """A Morse well in a hot, position-dependent bath: D/γ is 14 k_BT."""

    def friction(x: np.ndarray) -> np.ndarray:
        return np.asarray(25.0 * np.exp(-((x[:, 0] / 2.0) ** 2)))

    return na.CallableField(
        ["x"],
        [MASS],
        force=lambda x: -2.0 * DEPTH * WIDTH * (1.0 - np.exp(-WIDTH * x)) * np.exp(-WIDTH * x),
        friction=friction,
        noise=lambda x: 14.0 * KT * friction(x),
        potential=lambda x: DEPTH * (1.0 - np.exp(-WIDTH * x[:, 0])) ** 2,
    )


def test_dissociation_probability_and_time() -> None:
    field, start = morse(), {"temperature": KT, "x": 0.0}
    many = na.langevin(
        field, trajectories=3000, duration=STEP * STEPS, step=STEP, stored=3, seed=1, initial=start,
        exits={"dissociated": f"x > {EDGE}"},
    )  # fmt: skip
    expected, error = many["exit_probability"].values[0], many["error_exit_probability"].values[0]
    x, p = sample(start, field, MEMBERS, seed=2)
    times = []
    for member in range(MEMBERS):
        atoms, coordinates = embed(field, x[member], p[member], pairs=True)
        dynamics = FrictionDynamics(atoms, STEP / TIME, field, coordinates, seed=2, member=member)
        for _ in dynamics.irun(STEPS):
            if dynamics.x[0] > EDGE:
                times.append((dynamics.nsteps - 0.5) * STEP)  # within the last step
                break
    found = len(times) / MEMBERS
    spread = np.sqrt(expected * (1.0 - expected) / MEMBERS + error**2)
    assert 0.2 < expected < 0.8
    assert abs(found - expected) < 3.5 * spread
    left = many["exit_time"].values[many["exit_index"].values == 0]
    assert abs(np.mean(times) - left.mean()) < 3.5 * left.std() / np.sqrt(len(times))
