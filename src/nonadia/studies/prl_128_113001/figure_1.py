"""Fig. 1: two nuclei on a spiral; Newton's equation for the packet's centre with and without the internuclear force D."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.plot import style
from nonadia.studies.statement import Statement, statement
from nonadia.units import FS

from .reading import Data, group, parameters, residual, smooth
from .spiral import Spiral

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RUN = "spiral"
CYCLES = 10.0  # of the Letter's figure
_WHOLE: dict[str, Any] = {"color": style.OKABE_ITO[0], "linewidth": 1.5, "zorder": 3}
_PART: dict[str, Any] = {"color": style.OKABE_ITO[1], "linewidth": 0.9, "zorder": 2}


def draw(data: Data) -> Figure:
    """(a) centre of the packet in the plane (X1, X2), (b) T_cm against time; with F̄ + D̄ and with F̄ alone."""
    paths = group(data, RUN, "trajectories")
    t = paths["time"].values / FS
    figure = style.new_figure(9.6, 4.6)
    panels = figure.subplot_mosaic([["a", "b"], ["a", "below"]], height_ratios=[2, 1])
    plane, kinetic, below = panels["a"], panels["b"], panels["below"]
    for name, look in (("newton_incomplete", _PART), ("newton", _WHOLE)):
        centre, energy = paths[f"{name}_position"].values, paths[f"{name}_kinetic_energy"].values
        plane.plot(*smooth(t, centre)[1].T, **look)
        kinetic.plot(*smooth(t, 1e3 * energy), **look)
        below.plot(*smooth(t, 1e3 * (energy - paths["exact_kinetic_energy"].values)), **look)
    plane.plot(*paths["newton_position"].values[0], "o", color=style.BLACK, markersize=5, zorder=5)
    plane.set_aspect("equal", adjustable="datalim")
    plane.set_xlabel("$X_1$ (bohr)")
    plane.set_ylabel("$X_2$ (bohr)")
    plane.locator_params(nbins=6)
    for axes in (kinetic, below):
        axes.set_xlim(t[0], t[-1])
    kinetic.tick_params(labelbottom=False)
    kinetic.set_ylabel("$T_{cm}$ ($10^{-3}$ Hartree)")
    below.set_ylabel("difference\n($10^{-3}$ Hartree)")
    below.set_xlabel("time t (fs)")
    for axes, name in ((plane, "a"), (kinetic, "b")):
        axes.set_title(f"({name})", loc="left")
    style.legend_above(
        figure,
        [
            style.line_key("exact force $\\bar F + \\bar D$", _WHOLE["color"]),
            style.line_key("incomplete force $\\bar F$", _PART["color"]),
            style.line_key("start", style.BLACK, "none", marker="o", markersize=5),
        ],
    )
    return figure


def statements(data: Data) -> list[Statement]:
    """About the trajectory, T_cm and EF(24)."""
    paths, fields = group(data, RUN, "trajectories"), group(data, RUN)
    spiral = Spiral.of(parameters(data, RUN))
    t = paths["time"].values
    s, packet = t / spiral.T0, group(data, RUN, "wavepacket")
    exact, part = paths["newton_position"].values, paths["newton_incomplete_position"].values
    error = float(paths.attrs["newton_error"])
    off = part - paths["exact_position"].values
    distance = np.hypot(*off.T)
    left = float(s[np.argmax(distance > spiral.a)]) if distance.max() > spiral.a else np.inf
    wanted = spiral.centre(t).T
    D = fields["mean_internuclear_force"].values
    F = fields["identity_momentum_rhs"].values - D
    found = [
        statement(
            "figure-1a", "The exact force F + D drives the centre along the prescribed spiral",
            "largest distance from the closed form of the spiral", np.abs(exact - wanted).max(), "bohr",
            high=1e-3 * spiral.sigma, error=error,
        ),
        statement(
            "figure-1a", "The centre swirls around its initial position and comes back to it",
            "distance from it after the last cycle, exact force",
            np.hypot(*(exact[-1] - exact[0])), "bohr", high=1e-3 * spiral.sigma, error=error,
        ),
        statement(
            "figure-1a", "With F alone the centre leaves the spiral after a few cycles",
            "cycles until it is off by more than the radius of the spiral (of ten)", left, low=2.0, high=5.0,
        ),
        statement(
            "figure-1a", "After ten cycles the missing force has displaced X2 by about 0.1 bohr (our f0 was fitted to this)",
            "X2 with F less X2 exact, at the end", off[-1, 1], "bohr", near=(0.1, 0.005), error=error,
        ),
        statement(
            "figure-1a", "It is the second nucleus that is accelerated", "displacement of X1 over that of X2 at the end",
            abs(off[-1, 0] / off[-1, 1]), high=0.1,
        ),
        statement(
            "figure-1a", "D is small relative to F; its effect adds up in time", "largest |D| over largest |F|",
            np.abs(D).max() / np.abs(F).max(), high=0.01,
        ),
        statement(
            "figure-1a", "EF(20)-(23): A and ε yield the χ of EF(21): propagated under them it has its density",
            "largest ||χ|² - EF(21)| over its maximum", _density(data, spiral), high=1e-8,
        ),
        statement(
            "figure-1a", "EF(21): the width of χ is fixed", "largest change of the rms width", np.ptp(packet["width"].values),
            "bohr", high=1e-8 * spiral.sigma,
        ),
        statement(
            "figure-1a", "EF(22), (23): the internuclear curvature is C_12 = 2f, so that D = 2f (-v_2, v_1)",
            "largest |D - closed form| over largest |D|", _curvature(spiral, t, D), high=1e-6,
        ),
    ]  # fmt: skip
    return found + _kinetic(data, spiral) + _identities(data)


def _density(data: Data, spiral: Spiral) -> float:
    """The run is one of χ alone (system = "marginal"), under A and ε of the input."""
    packet = group(data, RUN, "wavepacket")
    X1, X2 = (packet[name].values for name in ("X1", "X2"))
    worst = 0.0
    for n, (g1, g2) in zip(packet["reduced_density"].values, spiral.centre(packet["time"].values).T, strict=True):
        away = (X1[:, None] - g1) ** 2 + (X2 - g2) ** 2
        worst = max(worst, float(np.abs(np.pi * spiral.sigma**2 * n - np.exp(-away / spiral.sigma**2)).max()))
    return worst


def _curvature(spiral: Spiral, t: Any, D: Any) -> float:
    v = spiral.velocity(t)
    closed = 2.0 * spiral.curvature(t) * np.stack([-v[1], v[0]])
    return float(np.abs(D.T - closed).max() / np.abs(closed).max())


def _kinetic(data: Data, spiral: Spiral) -> list[Statement]:
    paths, fields = group(data, RUN, "trajectories"), group(data, RUN)
    t, exact = paths["time"].values, paths["exact_kinetic_energy"].values
    top = float(exact.max())
    wrong = (paths["newton_incomplete_kinetic_energy"].values - exact) / top
    signs = np.sign(wrong[np.abs(wrong) > 1e-3])
    gained = fields["T_marg"].values - fields["T_marg"].values[0]
    quantum, classical = spiral.quantum_energy(t), spiral.classical_energy(t)
    return [
        statement(
            "figure-1b", "With the exact force T_cm is that of the packet", "largest difference over the largest T_cm",
            np.abs(paths["newton_kinetic_energy"].values - exact).max() / top, high=1e-3,
        ),
        statement(
            "figure-1b", "The incomplete force gives T_cm artificial oscillations",
            "largest difference from the exact T_cm, of its maximum", np.abs(wrong).max(), low=0.05,
        ),
        statement(
            "figure-1b", "(ours) The oscillations grow with the number of cycles",
            "largest difference in the last cycle over that in the first",
            np.abs(wrong[t >= t[-1] - spiral.T0]).max() / np.abs(wrong[t <= spiral.T0]).max(), low=2.0,
        ),
        statement(
            "figure-1b", "They are around the exact curve: they change sign", "changes of sign in one cycle",
            np.count_nonzero(np.diff(signs)) / (t[-1] / spiral.T0), low=2.0,
        ),
        statement(
            "figure-1b", "They are around the exact curve: they average out", "|mean| over largest difference",
            abs(wrong.mean()) / np.abs(wrong).max(), high=0.1,
        ),
        statement(
            "figure-1b", "EF(24): T_marg(t) - T_marg(0) = σ²f²/(2M) + M v²/2", "largest residual",
            np.abs(gained - quantum - classical).max(), "Hartree", high=1e-10,
        ),
        statement(
            "figure-1b",
            "The first term of EF(24), a quantum effect, is of secondary importance for a narrow packet and small f",
            "largest T_marg(t) - T_marg(0) - T_cm over largest T_cm", (gained - exact).max() / top, high=0.01,
        ),
    ]  # fmt: skip


def _identities(data: Data) -> list[Statement]:
    fields = group(data, RUN)
    said = {
        "power": "EF(10): dT_marg/dt is the work of the effective electric field",
        "momentum": "EF(17): dP/dt is the mean of the force operator F + D",
        "work": "EF(19): dT_marg/dt is the work of the force operator on all nuclei",
    }
    return [
        statement("figure-1", text, "largest |left - right| over largest |left|", residual(fields, name), high=1e-8)
        for name, text in said.items()
    ]
