"""Noise keyed by (seed, stream, trajectory, step): normal numbers that do not depend on how the work is cut.

    ξ_ij: number j of trajectory i:  w_0..w_3 = Philox4x32-10(counter = (j//2 mod 2³², j//2 >> 32, i mod 2³², i >> 32), key)
    u = ((w_0 + 2³² w_1) >> 11 + 1)/2⁵³ in (0, 1],   v = ((w_2 + 2³² w_3) >> 11)/2⁵³ in [0, 1)
    ξ = √(-2 ln u) cos 2πv (j even),  √(-2 ln u) sin 2πv (j odd)                                    (Box and Muller 1958)

Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11 (2011), doi:10.1145/2063384.2063405.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .lane_math import inlined, log, sin_cos
from .lane_memory import load, load_words, store
from .lanes import LANES, ramp, sqrt, to_reals, words

Key = tuple[int, int]
MULTIPLIER_0, MULTIPLIER_1 = 0xD2511F53, 0xCD9E8D57
WEYL_0, WEYL_1 = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
LOW = 0xFFFFFFFF
SQRT_HALF = 0.5**0.5
_compiled: Any = njit(cache=True, nogil=True, error_model="numpy")


def keys(seed: int, stream: int) -> Key:
    """Two 32-bit words from `seed` (>= 0) and the number of the stream (>= 0; one for every use of noise), by SeedSequence."""
    if seed < 0 or stream < 0:
        raise ValueError(f"seed: {seed}, stream: {stream}; both must be integers >= 0")
    first, second = np.random.SeedSequence([seed, stream]).generate_state(2, np.uint32)
    return int(first), int(second)


@inlined
def random_words(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    """Philox4x32-10: four Words of 32 random bits from four of the counter and a key (uint64, 32 bits used)."""
    for _ in range(ROUNDS):
        a, b = c0 * MULTIPLIER_0, c2 * MULTIPLIER_1
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & LOW, (a >> 32) ^ c3 ^ k1, a & LOW
        k0, k1 = (k0 + np.uint64(WEYL_0)) & np.uint64(LOW), (k1 + np.uint64(WEYL_1)) & np.uint64(LOW)
    return c0, c1, c2, c3


@inlined
def normal_pairs(pair, i, k0, k1):  # type: ignore[no-untyped-def]
    """Normal numbers 2·pair and 2·pair + 1 (uint64) of the trajectories i (Words): two Reals."""
    w0, w1, w2, w3 = random_words(words(pair & np.uint64(LOW)), words(pair >> np.uint64(32)), i & LOW, i >> 32, k0, k1)
    u = to_reals(((w0 | (w1 << 32)) >> 11) + 1) * 2.0**-53
    v = to_reals((w2 | (w3 << 32)) >> 11) * 2.0**-53
    radius = sqrt(log(u) * -2.0)
    sine, cosine = sin_cos(v)
    return radius * cosine, radius * sine


@inlined
def fill_pairs(buffer, pair, pairs, padded, trajectories, k0, k1):  # type: ignore[no-untyped-def]
    """Numbers 2·pair, 2·pair + 1, … (2·pairs rows of length `padded`, a multiple of 8) of the trajectories, into `buffer`."""
    for m in range(pairs):
        for b in range(0, padded, LANES):
            first, second = normal_pairs(np.uint64(pair + m), load_words(trajectories, b), k0, k1)
            store(buffer, 2 * m * padded + b, first)
            store(buffer, (2 * m + 1) * padded + b, second)


@_compiled
def _fill(out: NDArray[np.float64], first_number: int, first_trajectory: int, key_0: int, key_1: int) -> None:
    rows, count = out.shape
    row, k0, k1 = np.empty(2 * LANES), np.uint64(key_0), np.uint64(key_1)
    for pair in range(first_number // 2, (first_number + rows + 1) // 2):
        for b in range(0, count, LANES):
            first, second = normal_pairs(np.uint64(pair), ramp(np.uint64(first_trajectory + b)), k0, k1)
            store(row, 0, first)
            store(row, LANES, second)
            for half in range(2):
                r = 2 * pair + half - first_number
                if 0 <= r < rows:
                    if b + LANES <= count:
                        store(out, r * count + b, load(row, half * LANES))
                    else:
                        for lane in range(count - b):
                            out[r, b + lane] = row[half * LANES + lane]


def fill(out: NDArray[np.float64], key: Key, first_trajectory: int, first_step: int) -> None:
    """out (S, W, B): W normal numbers of each step and trajectory; out[s, w, b] is number (first_step + s)·W + w of
    trajectory first_trajectory + b. Contiguous; without the GIL.
    """
    steps, width, count = out.shape
    if out.dtype != np.float64 or not out.flags.c_contiguous:
        raise ValueError(f"out: {out.dtype}, strides {out.strides}; must be a contiguous array of float64")
    if first_trajectory < 0 or first_step < 0:
        raise ValueError(f"first_trajectory: {first_trajectory}, first_step: {first_step}; both must be >= 0")
    _fill(out.reshape(steps * width, count), first_step * width, first_trajectory, *key)


def coarse(out: NDArray[np.float64], fine: NDArray[np.float64]) -> None:
    """out[s] = (fine[2s] + fine[2s+1])/√2: the noise of the companion ensemble with twice the step, on the same path."""
    np.add(fine[0::2], fine[1::2], out=out)
    out *= SQRT_HALF
