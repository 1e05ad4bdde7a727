"""Where the extrema of Fig. 7 lie: at the positions of LD(62) and LD(64), or 1.54 k_BT beside them.

The second rule is older than this study: docs/systems.md found it for other parameters. Each resonance of a junction with a
quantum vibration makes a pair of extrema at z = ±1.54 k_BT, those of z f'(z); positive outside, negative inside. "At" means
within half a k_BT in either case, as in Fig. 5.
"""

from __future__ import annotations

from ..statement import Statement, statement
from .curves import NEAR, SLOPE, WIDTH, Extremum, Line, maxima, minima, nearest, resonance
from .parameters import OMEGA_Q, SLOWER

BESIDE = 1.544 * WIDTH  # extrema of z f'(z): z tanh(z/2) = 1
SWITCH = 1.0  # |x| below which couplings switch and their peak hides others


def elastic_positions(panel: str, left: Extremum, right: Extremum, bias: float) -> list[Statement]:
    """The two maxima that the peak at x' splits into."""
    entries = []
    for sign, name, found in ((-1, "x-", left), (1, "x+", right)):
        where = resonance(sign, bias)
        entries += [
            statement(
                panel,
                f"the peak at x' splits: one maximum at {name}",
                "x of the maximum",
                found.x,
                near=(where, NEAR),
                error=found.error,
                known="with the quantum vibration it lies 1.5 k_BT further out, see the next row",
            ),
            statement(
                panel,
                f"(ours: that maximum is 1.54 k_BT outside {name})",
                "x of the maximum",
                found.x,
                near=(where + sign * BESIDE, NEAR),
                error=found.error,
            ),
        ]
    return entries


def additional_extrema(panel: str, curve: Line, without: Line, bias: float) -> list[Statement]:
    """How many there are, and the nearest ones against LD(64)."""
    tops, bottoms = maxima(curve.x, curve.friction), minima(curve.x, curve.friction)
    before = len(maxima(without.x, without.friction)) + len(minima(without.x, without.friction))
    peak = max(tops, key=lambda e: e.value, default=None)
    others = [e for e in tops + bottoms if e is not peak]
    entries = [
        statement(
            panel,
            "additional extrema of the friction, which are there only with the quantum vibration",
            "extrema with it - extrema without",
            len(tops) + len(bottoms) - before,
            low=1,
        )
    ]
    for sign, name in ((1, "(+bias/2 - omega_q - eps0)"), (-1, "(-bias/2 + omega_q - eps0)")):
        where = resonance(sign, bias, -sign)
        closest, lowest = nearest(others, where), _minimum(curve, -sign)
        entries += [
            statement(
                panel,
                f"an extremum at {name}/(√2 lam)",
                "x of the nearest extremum other than the peak at x = 0",
                closest.x,
                near=(where, NEAR),
                error=closest.error,
                known="2.1 k_BT off, and a flat valley is there without the quantum vibration, too"
                if sign > 0
                else "0.6 k_BT off: one of a pair on the flank of the peak at x = 0, under which the position lies",
            ),
            statement(
                panel,
                f"(ours: a minimum 1.54 k_BT beside {name}/(√2 lam))",
                "x of the minimum beside the switch",
                lowest.x,
                near=(where - sign * BESIDE, NEAR),
                error=lowest.error,
                known="0.6 k_BT off",
            ),
        ]
    return entries


def shifts(panel: str, curve: Line, slower: Line) -> list[Statement]:
    """Whether the minima follow the frequency of the quantum mode as LD(64) says."""
    entries = []
    for sign, side in ((1, "left"), (-1, "right")):
        here, there = _minimum(curve, -sign), _minimum(slower, -sign)
        entries.append(
            statement(
                panel,
                f"(ours: with {SLOWER:g} instead of {OMEGA_Q:g} meV the {side} minimum moves as Eq. (64) does)",
                "shift in x",
                there.x - here.x,
                near=(sign * (OMEGA_Q - SLOWER) / SLOPE, NEAR),
                error=here.error + there.error,
                known="" if sign > 0 else "the switch holds it: it moves a third of that",
            )
        )
    return entries


def _minimum(curve: Line, side: int) -> Extremum:
    """The lowest minimum to the left (-1) or right (1) of the switch; NaN if there is none."""
    beside = [e for e in minima(curve.x, curve.friction) if side * e.x > SWITCH]
    return min(beside, key=lambda e: e.value, default=nearest([], 0.0))
