"""References written as plainly as possible: Philox and Box-Muller in NumPy, and the splitting as a loop over steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nonadia.langevin.field import Uniform

_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox(counter: NDArray[np.uint64], key: tuple[int, int]) -> NDArray[np.uint64]:
    """Philox4x32-10 of counters (..., 4) of 32-bit words."""
    c = [np.asarray(counter)[..., k].astype(np.uint64) for k in range(4)]
    k0, k1 = key
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> _SHIFT) ^ c[1] ^ np.uint64(k0), b & _LOW, (a >> _SHIFT) ^ c[3] ^ np.uint64(k1), a & _LOW]
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return np.stack(c, axis=-1)


def normals(key: tuple[int, int], trajectories: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """(numbers, trajectories)."""
    j, i = np.broadcast_arrays(np.asarray(numbers, np.uint64)[:, None], np.asarray(trajectories, np.uint64))
    half = j >> np.uint64(1)
    w = philox(np.stack([half & _LOW, half >> _SHIFT, i & _LOW, i >> _SHIFT], axis=-1), key)
    u = (((w[..., 0] | (w[..., 1] << _SHIFT)) >> np.uint64(11)) + np.uint64(1)) * 2.0**-53
    v = ((w[..., 2] | (w[..., 3] << _SHIFT)) >> np.uint64(11)) * 2.0**-53
    angle = np.where(j % 2 == 0, np.cos(2 * np.pi * v), np.sin(2 * np.pi * v))
    return np.asarray(np.sqrt(-2.0 * np.log(u)) * angle)


def cubic(rows: NDArray[np.float64], table: Uniform, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The polynomial of the cell of each x (field.Uniform)."""
    s = (x - table.start) * table.inverse_width
    k = np.nan_to_num(np.clip(np.floor(s), -1, table.cells), nan=-1.0)
    u, a = s - k, rows[k.astype(int) + 1]
    return np.asarray(((a[:, 3] * u + a[:, 2]) * u + a[:, 1]) * u + a[:, 0])


def make_table(lower: float, upper: float, cells: int, *functions, outside: float = np.nan) -> Uniform:  # type: ignore[no-untyped-def]
    """F, γ, D through four points of each cell; `outside`: all three beyond the table."""
    h = (upper - lower) / cells
    u = np.arange(4) / 3
    x = lower + h * (np.arange(cells)[:, None] + u)
    edge = np.array([[outside, 0.0, 0.0, 0.0]])
    rows = [np.vstack([edge, f(x) @ np.linalg.inv(np.vander(u, increasing=True)).T, edge]) for f in functions]
    return Uniform(lower, 1 / h, cells, np.ascontiguousarray(rows[0]), np.hstack(rows[1:]))


def advance(scheme: str, x, p, table: Uniform, mass: float, step: float, noise, exits=()):  # type: ignore[no-untyped-def]
    """noise (steps, O's, N). Returns x, p and {trajectory: (exit, time, x, p)}; exits: (value, side) each."""
    x, p, left = x.copy(), p.copy(), {}
    for n, xi in enumerate(noise):
        x0, p0, slot, drifts = x.copy(), p.copy(), 0, 0
        for letter in scheme:
            tau = step / scheme.count(letter)
            if letter == "B":
                p = p + tau * cubic(table.kick, table, x)
            elif letter == "A":
                before, x = x, x + tau / mass * p
                for b in range(len(x)):
                    reached = []
                    for e, (value, side) in enumerate(exits):
                        if (x[b] > value) if side > 0 else (x[b] < value):
                            part = (value - before[b]) / (x[b] - before[b])
                            reached.append((min(max(part, 0.0), 1.0), e))
                    if reached:  # on a straight line with constant momentum
                        part, e = min(reached)
                        when = (n + drifts / scheme.count("A")) * step + part * tau
                        left[b] = (e, when, before[b] + part * (x[b] - before[b]), p[b])
                        x[b] = p[b] = np.nan
                drifts += 1
            else:
                rate = cubic(table.bath[:, :4], table, x) / mass
                still = rate == 0
                span = np.where(still, tau, -np.expm1(-2 * rate * tau) / np.where(still, 1.0, 2 * rate))
                spread = np.sqrt(2 * cubic(table.bath[:, 4:], table, x) * span)
                p = np.exp(-rate * tau) * p + spread * xi[slot]
                slot += 1
        for b in range(len(x)):
            if not np.isnan(x0[b]) and b not in left and not np.isfinite(x[b] + p[b]):
                left[b] = (-2, n * step, x0[b], p0[b])
                x[b] = p[b] = np.nan
    return x, p, left
