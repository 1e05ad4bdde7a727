"""Compiled letters of the splitting schemes for a block of trajectories of one coordinate; the interface is in fast.py.

A block is a few arrays that stay in the first cache; each letter passes over it, eight trajectories at a time. Every operation
is one of lanes.py, so that a trajectory's numbers do not depend on its place in a block.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .lane_math import exp_expm1, inlined
from .lane_memory import load, rows_of_eight, rows_of_four, store
from .lanes import LANES, equal, floor, fma, largest, less, sqrt
from .philox import SQRT_HALF, fill_pairs

BLOCK = 128  # trajectories
AHEAD = 16  # steps for which noise is kept ready
B, A, O = 0, 1, 2  # noqa: E741
INSIDE, LOST = -1, -2  # states of a trajectory beside the number of its exit


@inlined
def locate(x, start, inverse_width, cells):  # type: ignore[no-untyped-def]
    """Row of the table, and the distance from the lower end of its cell in cells (field.Uniform); row 0 and NaN for NaN."""
    s: Any = (x - start) * inverse_width
    k: Any = less(-1.0, s, s, -1.0)
    k = floor(less(k, cells, k, cells))
    return k + 1.0, s - k


@inlined
def kick_moved(x, p, force, padded, start, inverse_width, cells, kick, tau):  # type: ignore[no-untyped-def]
    """force = F(x), p += F τ."""
    for b in range(0, padded, LANES):
        row, u = locate(load(x, b), start, inverse_width, cells)
        a0, a1, a2, a3 = rows_of_four(kick, row)
        f = fma(fma(fma(a3, u, a2), u, a1), u, a0)
        store(force, b, f)
        store(p, b, fma(f, tau, load(p, b)))


@inlined
def add(y, rate, padded, factor):  # type: ignore[no-untyped-def]
    """y += factor·rate."""
    for b in range(0, padded, LANES):
        store(y, b, fma(load(rate, b), factor, load(y, b)))


@inlined
def friction_and_noise(x, p, padded, start, inverse_width, cells, bath, mass, tau, noise, offset):  # type: ignore[no-untyped-def]
    """p = e^y p + √(2Dτ (e^2y - 1)/(2y)) ξ with y = -γτ/m, and e^2y - 1 = E(E + 2) with E = e^y - 1: no cancellation."""
    for b in range(0, padded, LANES):
        row, u = locate(load(x, b), start, inverse_width, cells)
        g0, g1, g2, g3, d0, d1, d2, d3 = rows_of_eight(bath, row)
        gamma = fma(fma(fma(g3, u, g2), u, g1), u, g0)
        d = fma(fma(fma(d3, u, d2), u, d1), u, d0)
        d = less(d, 0.0, 0.0, d)  # of a table, D can be below zero by rounding; NaN stays
        y = gamma * (-tau / mass)
        decay, e = exp_expm1(y)
        growth = equal(y, 0.0, 2.0, e * (e + 2.0) / equal(y, 0.0, 1.0, y))
        store(p, b, fma(decay, load(p, b), sqrt(d * tau * growth) * load(noise, offset + b)))


@inlined
def make_coarse(noise, first, rows, padded, width):  # type: ignore[no-untyped-def]
    """Row s·width + w (from 0 on) = (row first + 2s·width + w + row first + (2s + 1)·width + w)/√2, in place."""
    for r in range(rows):
        s, w = r // width, r % width
        one = (first + 2 * s * width + w) * padded
        two = one + width * padded
        for b in range(0, padded, LANES):
            store(noise, r * padded + b, (load(noise, one + b) + load(noise, two + b)) * SQRT_HALF)


@inlined
def someone_crossed(x, padded, values, sides):  # type: ignore[no-untyped-def]
    """Whether a trajectory is beyond a threshold."""
    found = load(x, 0) * 0.0
    found = less(found, 1.0, 0.0, 0.0)
    for b in range(0, padded, LANES):
        xb = load(x, b)
        for e in range(len(values)):
            found = less(values[e] * sides[e], xb * sides[e], 1.0, found)
    return largest(found) > 0.0


@inlined
def take_out_crossed(x, p, before, count, numbers, time, drift, values, sides, exit_index, exit_time, exit_x, exit_p):  # type: ignore[no-untyped-def]
    """Record who has left while drifting for `drift` from `time` and `before` on; x = p = NaN from then on.

    The momentum is constant on the way, so that time, place and momentum belong together. The first threshold counts.
    """
    for b in range(count):
        best, chosen = 2.0, INSIDE
        for e in range(len(values)):
            if sides[e] * x[b] > sides[e] * values[e]:
                f = (values[e] - before[b]) / (x[b] - before[b]) if x[b] != before[b] else 0.0
                f = min(max(f, 0.0), 1.0)
                if f < best:
                    best, chosen = f, e
        if chosen != INSIDE:
            i = numbers[b]
            exit_index[i], exit_time[i] = chosen, time + best * drift
            exit_x[i], exit_p[i] = before[b] + best * (x[b] - before[b]), p[b]
            x[b], p[b] = np.nan, np.nan


@inlined
def someone_lost(x, p, padded, x0):  # type: ignore[no-untyped-def]
    """Whether a trajectory that was there before this step (x0 not NaN) is no number any more."""
    found = load(x, 0) * 0.0
    found = less(found, 1.0, 0.0, 0.0)
    for b in range(0, padded, LANES):
        xb, pb, before = load(x, b), load(p, b), load(x0, b)
        found = equal((xb - xb) + (pb - pb), 0.0, found, equal(before, before, 1.0, found))
    return largest(found) > 0.0


@inlined
def take_out_lost(x, p, x0, p0, count, numbers, time, exit_index, exit_time, exit_x, exit_p):  # type: ignore[no-untyped-def]
    """Record who is lost in the step from `time` on and has not left; x = p = NaN from then on."""
    for b in range(count):
        if np.isnan(x0[b]) or (np.isfinite(x[b]) and np.isfinite(p[b])):
            continue
        i = numbers[b]
        if exit_index[i] == INSIDE:
            exit_index[i], exit_time[i], exit_x[i], exit_p[i] = LOST, time, x0[b], p0[b]
        x[b], p[b] = np.nan, np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def run(
    codes: NDArray[np.int8],
    x: NDArray[np.float64],
    p: NDArray[np.float64],
    start: float,
    inverse_width: float,
    kick: NDArray[np.float64],
    bath: NDArray[np.float64],
    mass: float,
    step: float,
    steps: int,
    key_0: int,
    key_1: int,
    first_trajectory: int,
    first_step: int,
    fold: int,
    time: float,
    values: NDArray[np.float64],
    sides: NDArray[np.float64],
    exit_index: NDArray[np.int8],
    exit_time: NDArray[np.float64],
    exit_x: NDArray[np.float64],
    exit_p: NDArray[np.float64],
) -> None:
    """fast.advance for arrays of the right kind. fold: 2 for coarse noise, else 1."""
    k0, k1 = np.uint64(key_0), np.uint64(key_1)
    cells = float(kick.shape[0] - 2)
    counts = np.zeros(3, dtype=np.int64)
    for code in codes:
        counts[code] += 1
    width, per_step = counts[O], counts[O] * fold
    tau_kick, tau_drift, tau_bath = step / max(counts[B], 1), step / max(counts[A], 1) / mass, step / max(width, 1)
    xb, pb, force, x0, p0 = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    before = np.empty(BLOCK)
    noise = np.empty((AHEAD * per_step + 2) * BLOCK)
    numbers, keyed = np.zeros(BLOCK, dtype=np.int64), np.zeros(BLOCK, dtype=np.uint64)
    following = 0
    while following < len(x):
        # who has left is passed over: a block is filled with trajectories that move
        count = 0
        while following < len(x) and count < BLOCK:
            if not np.isnan(x[following]):
                numbers[count], keyed[count] = following, np.uint64(first_trajectory + following)
                xb[count], pb[count] = x[following], p[following]
                count += 1
            following += 1
        padded = (count + LANES - 1) // LANES * LANES
        xb[count:], pb[count:] = np.nan, np.nan
        n, moved = 0, True
        while n < steps:
            number = (first_step + n) * per_step
            ahead = min(AHEAD, steps - n)
            if (number + ahead * per_step) % 2 == 1 and ahead > 1:
                ahead -= 1  # numbers come in pairs: the next call of the generator begins with a pair
            pair = number // 2
            fill_pairs(noise, pair, (number + ahead * per_step + 1) // 2 - pair, padded, keyed, k0, k1)
            row = number - 2 * pair
            if fold == 2:
                make_coarse(noise, row, ahead * width, padded, width)
                row = 0
            for _ in range(ahead):
                for b in range(0, padded, LANES):
                    store(x0, b, load(xb, b))
                    store(p0, b, load(pb, b))
                drifts = 0
                for code in codes:
                    if code == A:
                        if len(values):
                            for b in range(0, padded, LANES):
                                store(before, b, load(xb, b))
                        add(xb, pb, padded, tau_drift)
                        moved = True
                        if len(values) and someone_crossed(xb, padded, values, sides):
                            take_out_crossed(
                                xb, pb, before, count, numbers, time + (n + drifts / counts[A]) * step, step / counts[A],
                                values, sides, exit_index, exit_time, exit_x, exit_p,
                            )  # fmt: skip
                        drifts += 1
                    elif code == O:
                        friction_and_noise(
                            xb, pb, padded, start, inverse_width, cells, bath, mass, tau_bath, noise, row * padded
                        )
                        row += 1
                    elif moved:
                        kick_moved(xb, pb, force, padded, start, inverse_width, cells, kick, tau_kick)
                        moved = False
                    else:
                        add(pb, force, padded, tau_kick)
                if someone_lost(xb, pb, padded, x0):
                    take_out_lost(
                        xb, pb, x0, p0, count, numbers, time + n * step, exit_index, exit_time, exit_x, exit_p
                    )
                n += 1
        for b in range(count):
            x[numbers[b]], p[numbers[b]] = xb[b], pb[b]
