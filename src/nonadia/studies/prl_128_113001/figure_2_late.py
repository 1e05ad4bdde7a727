"""What the Letter says about Fig. 2(d): the packet after the first passage, beside that of Fig. 2(b)."""

from __future__ import annotations

import numpy as np

from nonadia.studies.statement import Statement, statement

from .figure_2 import EARLY, LATE, RUN
from .reading import LARGE, SEEN, Array, Data, Mask, Snapshot, cycles, group, maxima, parameters, snapshot

_SPLIT = 1.0  # bohr, where the Letter's force changes surface
_INNER, _OUTER = 0.9, 1.2  # bohr, ours: left and right of the spike at the node of n
_LEFT = (
    "ours ripples about F_BO1, nearer to it than to F_BO2, but without its slope: two thirds of the probability there are on "
    "BO2, and the branches of both surfaces interfere. How far it is off depends on the window: most of it comes from the "
    "spike next to R = 1"
)
_NEITHER = "ours has nearly the same slope on both sides, nearer to that of F_BO1 than of F_BO2, and a spike between them"
_RIGHT = (
    "ours follows F_BO1 there: behind an avoided crossing the part of the packet on the lower, flatter surface runs ahead, "
    "to the right (99.5% of the probability beyond R = 1.2 is on BO1)"
)

_FRACTION = "slope of F less that of F_BO1, over that of F_BO2 less that of F_BO1"
_NEARER = ("mean |F - F_BO1|", "mean |F - F_BO2|")


def power(data: Data, panel: str, part: float) -> Statement:
    """EF(25) at one instant."""
    fields, period = group(data, RUN), parameters(data, RUN)["T0"]
    s = cycles(fields, period)
    at = snapshot(fields, part * period)
    rate = float(np.interp(part, s, fields["rate_T_marg"].values))
    return statement(
        panel, "EF(25): dT_marg/dt = ∫ |χ|² F v dR, of the three curves shown", "|∫ n F v - dT_marg/dt| over dT_marg/dt",
        abs(float((at.n * at.F * at.v).sum() * at.step) - rate) / abs(rate), high=1e-4,
    )  # fmt: skip


def after_passage(data: Data) -> list[Statement]:
    """Density, velocity and force at 5T0/8, beside those at T0/8."""
    fields, period = group(data, RUN), parameters(data, RUN)["T0"]
    lower, upper = group(data, RUN, "wavepacket")["adiabatic_force"].values[:, 0]
    first, at = (snapshot(fields, part * period) for part in (EARLY, LATE))
    seen, left = at.within(SEEN), at.R < _SPLIT
    peaks = [i for i in maxima(at.n) if at.n[i] > 0.2 * at.n.max()]
    shape = "maxima of n above a fifth of the largest"
    valley = at.R[peaks[0] + int(np.argmin(at.n[peaks[0] : peaks[-1] + 1]))] if len(peaks) > 1 else float("nan")
    inner, beyond = seen & (at.R < _INNER), seen & (at.R > _OUTER)
    parts = ((_SPLIT, seen & left), (_INNER, inner), (_OUTER, beyond))
    slopes = {edge: _between(at, lower, upper, where) for edge, where in parts}
    return [
        statement(
            "figure-2d", "|χ|² is broadened", "its width at 5T0/8 over that at T0/8", at.width() / first.width(), low=1.5,
        ),
        statement(
            "figure-2d", "Where |χ|² is large the exact F is smaller in absolute value",
            "mean |F| where n > n_max/2, at 5T0/8 over T0/8", _size(at, at.F) / _size(first, first.F), high=0.99,
        ),
        statement(
            "figure-2d", "Where |χ|² is large v is smaller in absolute value", "mean |v| where n > n_max/2, at 5T0/8 over T0/8",
            _size(at, at.v) / _size(first, first.v), high=0.99,
        ),
        statement(
            "figure-2d", "F has changed its sign", "largest F where n > n_max/2, at 5T0/8", at.F[at.within(LARGE)].max(),
            "a.u.", high=0.0,
        ),
        statement(
            "figure-2b", "… from positive at T0/8", "smallest F where n > n_max/2, at T0/8", first.F[first.within(LARGE)].min(),
            "a.u.", low=0.0,
        ),
        statement(
            "figure-2d", "v has changed its sign", "largest v where n > n_max/2, at 5T0/8", at.v[at.within(LARGE)].max(),
            "a.u.", high=0.0,
        ),
        statement(
            "figure-2b", "… from positive at T0/8", "smallest v where n > n_max/2, at T0/8", first.v[first.within(LARGE)].min(),
            "a.u.", low=0.0,
        ),
        power(data, "figure-2d", LATE),
        statement("figure-2d", "The packet splits: |χ|² has a second part beside the main one", shape, len(peaks), near=(2, 0)),
        statement(
            "figure-2d", "It splits at R = 1 bohr", "R of the minimum of n between the maxima", valley, "bohr", near=(1.0, 0.1),
        ),
        statement(
            "figure-2d",
            "Where the packet splits the force is piecewise: it turns from the slope of one surface to that of the other",
            f"{_FRACTION}: R > {_OUTER} less R < {_INNER}, absolute", abs(slopes[_OUTER] - slopes[_INNER]), low=0.5,
            known=_NEITHER,
        ),
        statement(
            "figure-2d", "For R < 1 bohr F follows the slope of F_BO1", _FRACTION, slopes[_SPLIT], near=(0.0, 0.25),
            known=_LEFT,
        ),
        statement(
            "figure-2d", f"(ours) For R < {_INNER} bohr, left of the spike, F follows the slope of F_BO1", _FRACTION,
            slopes[_INNER], near=(0.0, 0.25), known=_LEFT,
        ),
        statement(
            "figure-2d", f"(ours) For R < {_INNER} bohr F is nearer to F_BO1", f"{_NEARER[0]} over {_NEARER[1]}",
            _closer(at, lower, upper, inner), high=1.0,
        ),
        statement(
            "figure-2d", "For R > 1 bohr F follows F_BO2", f"{_NEARER[1]} over {_NEARER[0]}",
            _closer(at, upper, lower, seen & ~left), high=0.5, known=_RIGHT,
        ),
        statement(
            "figure-2d", f"(ours) For R > {_OUTER} bohr it follows F_BO1", f"{_NEARER[0]} over {_NEARER[1]}",
            _closer(at, lower, upper, beyond), high=0.1,
        ),
        statement(
            "figure-2d", "(ours) Where n is smallest, between the two parts, F has a spike",
            "largest |F - F_BO1| within 0.15 bohr of the minimum of n, over its mean beyond R = 1.2",
            np.abs(at.F - lower)[np.abs(at.R - valley) < 0.15].max() / at.mean(np.abs(at.F - lower), beyond), low=10.0,
        ),
    ]  # fmt: skip


def _size(at: Snapshot, values: Array) -> float:
    return at.mean(np.abs(values), at.within(LARGE))


def _between(at: Snapshot, lower: Array, upper: Array, where: Mask) -> float:
    slopes = [at.slope(values, where) for values in (at.F, lower, upper)]
    return (slopes[0] - slopes[1]) / (slopes[2] - slopes[1])


def _closer(at: Snapshot, one: Array, other: Array, where: Mask) -> float:
    with np.errstate(divide="ignore"):
        return float(np.divide(at.mean(np.abs(at.F - one), where), at.mean(np.abs(at.F - other), where)))
