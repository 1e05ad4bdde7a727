"""Noise keyed by (seed, stream, trajectory, step): normal numbers that do not depend on how the work is cut.

    ξ_ij = normal number j of trajectory i:  w_0..w_3 = Philox4x32-10(counter = (j//2 mod 2³², j//2 >> 32, i mod 2³², i >> 32), key)
    u = ((w_0 + 2³² w_1) >> 11 + 1)/2⁵³ in (0, 1],   v = ((w_2 + 2³² w_3) >> 11)/2⁵³ in [0, 1)
    ξ = √(-2 ln u) cos 2πv (j even),  √(-2 ln u) sin 2πv (j odd)                                    (Box and Muller 1958)

Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11 (2011), doi:10.1145/2063384.2063405.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
Key = tuple[int, int]
_LOW = np.uint64(0xFFFFFFFF)


def keys(seed: int, stream: int) -> Key:
    """Two 32-bit words from `seed` (>= 0) and the number of the stream (>= 0; one for every use of noise), by SeedSequence."""
    if seed < 0 or stream < 0:
        raise ValueError(f"seed: {seed}, stream: {stream}; both must be integers >= 0")
    first, second = np.random.SeedSequence([seed, stream]).generate_state(2, np.uint32)
    return int(first), int(second)


def words(counter: NDArray[np.uint64], key: Key) -> NDArray[np.uint64]:
    """Philox4x32-10 of counters (..., 4) of 32-bit words: four random 32-bit words each, same shape."""
    c = [np.asarray(counter)[..., k].astype(np.uint64) for k in range(4)]
    k0, k1 = key
    for _ in range(ROUNDS):
        a, b = np.uint64(MULTIPLIERS[0]) * c[0], np.uint64(MULTIPLIERS[1]) * c[2]
        shift = np.uint64(32)
        c = [(b >> shift) ^ c[1] ^ np.uint64(k0), b & _LOW, (a >> shift) ^ c[3] ^ np.uint64(k1), a & _LOW]
        k0, k1 = (k0 + WEYL[0]) % 2**32, (k1 + WEYL[1]) % 2**32
    return np.stack(c, axis=-1)


def fill(out: NDArray[np.float64], key: Key, first_trajectory: int, first_step: int) -> None:
    """out (S, W, B): W normal numbers of each step and trajectory; out[s, w, b] is number (first_step + s)·W + w of
    trajectory first_trajectory + b."""
    steps, width, count = out.shape
    j = (first_step * width + np.arange(steps * width, dtype=np.uint64))[:, None]
    i = np.broadcast_to(np.uint64(first_trajectory) + np.arange(count, dtype=np.uint64), (len(j), count))
    half, shift = np.broadcast_to(j >> np.uint64(1), i.shape), np.uint64(32)
    w = words(np.stack([half & _LOW, half >> shift, i & _LOW, i >> shift], axis=-1), key)
    u = (((w[..., 0] | (w[..., 1] << shift)) >> np.uint64(11)) + np.uint64(1)) * 2.0**-53
    v = ((w[..., 2] | (w[..., 3] << shift)) >> np.uint64(11)) * 2.0**-53
    r = np.sqrt(-2.0 * np.log(u))
    out[:] = (r * np.where(j % 2 == 0, np.cos(2 * np.pi * v), np.sin(2 * np.pi * v))).reshape(out.shape)


def coarse(out: NDArray[np.float64], fine: NDArray[np.float64]) -> None:
    """out[s] = (fine[2s] + fine[2s+1])/√2: the noise of the companion ensemble with twice the step, on the same path."""
    np.add(fine[0::2], fine[1::2], out=out)
    out *= np.sqrt(0.5)
