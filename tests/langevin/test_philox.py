"""Keyed noise: known answers, elementary functions, distribution, independence, and no dependence on how it is cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit
from scipy import stats

from nonadia.langevin.compiled import philox
from nonadia.langevin.compiled.lane_math import exp_expm1, log, sin_cos
from nonadia.langevin.compiled.lane_memory import load, load_words, store
from nonadia.langevin.compiled.lanes import LANES, to_reals

from . import plain

KEY = philox.keys(1, 0)


@njit
def generate(counters, key_0, key_1, out):  # type: ignore[no-untyped-def]
    c0, c1 = load_words(counters, 0), load_words(counters, LANES)
    c2, c3 = load_words(counters, 2 * LANES), load_words(counters, 3 * LANES)
    w0, w1, w2, w3 = philox.random_words(c0, c1, c2, c3, np.uint64(key_0), np.uint64(key_1))
    store(out, 0, to_reals(w0))
    store(out, LANES, to_reals(w1))
    store(out, 2 * LANES, to_reals(w2))
    store(out, 3 * LANES, to_reals(w3))


@njit
def functions(positive, unit, real, out):  # type: ignore[no-untyped-def]
    for b in range(0, len(real), LANES):
        store(out, b, log(load(positive, b)))
        sine, cosine = sin_cos(load(unit, b))
        store(out, len(real) + b, sine)
        store(out, 2 * len(real) + b, cosine)
        exponential, minus_one = exp_expm1(load(real, b))
        store(out, 3 * len(real) + b, exponential)
        store(out, 4 * len(real) + b, minus_one)


def test_known_answers() -> None:
    """The vectors for philox4x32-10 of the file kat_vectors of Random123 (Salmon et al. 2011)."""
    known = (
        ("00000000 00000000 00000000 00000000 00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    )
    for given, expected in known:
        numbers = [int(word, 16) for word in given.split()]
        counters, out = np.repeat(np.array(numbers[:4], np.uint64), LANES), np.empty(4 * LANES)
        counters[::LANES] ^= np.uint64(1)  # another counter in the first lane: the lanes are on their own
        generate(counters, *numbers[4:], out)
        answers = out.reshape(4, LANES)
        assert [f"{int(w):08x}" for w in answers[:, 3]] == expected.split()
        assert (answers[:, 1:] == answers[:, 3:4]).all() and (answers[:, 0] != answers[:, 1]).all()
        assert [f"{int(w):08x}" for w in plain.philox(np.array(numbers[:4]), tuple(numbers[4:]))] == expected.split()


def test_elementary_functions() -> None:
    """Against NumPy at 400,000 points, as parts of the value itself; one unit in the last place is at most 2.2e-16."""
    count, rng = 400_000, np.random.default_rng(1)
    positive = np.concatenate([1 - rng.integers(0, 1 << 53, count // 2) * 2.0**-53, np.exp(rng.uniform(-700, 700, count // 2))])
    positive[:4] = 1.0, 2.0**-53, 1 - 2.0**-53, math.sqrt(0.5)
    unit = rng.integers(0, 1 << 53, count) * 2.0**-53
    unit[:9] = np.arange(9) / 8
    unit[9:18] = np.clip(np.arange(9) / 8 + 2.0**-53, 0, 1)
    real = np.concatenate(
        [rng.uniform(-50, 50, count // 2), np.exp(rng.uniform(-40, 3, count // 2)) * rng.choice([-1, 1], count // 2)]
    )
    real[:9] = 0.0, -0.0, 1e-300, -1e-300, 50.0, -50.0, 0.5 * math.log(2), 707.0, -707.0
    out = np.empty((5, count))
    functions(positive, unit, real, out.reshape(-1))

    def differ(found: np.ndarray, expected: np.ndarray) -> float:
        return float(np.max(np.abs(found - expected) / np.where(expected == 0, 1.0, np.abs(expected))))

    assert differ(out[0], np.log(positive)) < 4e-16 and out[0, 0] == 0.0
    # |angle| <= π/4 is made before it is multiplied by 2π: a reference with all its digits at the zeros too
    quadrant = np.round(4 * unit).astype(int)
    rest = 2 * np.pi * (unit - quadrant / 4)
    turns = np.array([np.sin(rest), np.cos(rest), -np.sin(rest), -np.cos(rest)])
    assert differ(out[1], turns[quadrant % 4, np.arange(count)]) < 4e-16
    assert differ(out[2], turns[(quadrant + 1) % 4, np.arange(count)]) < 4e-16
    assert out[1, 2] == 1.0 and out[1, 4] == 0.0 and out[1, 6] == -1.0 and out[2, 2] == 0.0 and out[2, 4] == -1.0
    assert differ(out[3], np.exp(real)) < 4e-16 and out[3, 0] == 1.0
    assert differ(out[4], np.expm1(real)) < 5e-16 and out[4, 0] == 0.0


def test_exponentials_out_of_range() -> None:
    real = np.array([np.nan, np.inf, -np.inf, 708.0, 900.0, -900.0, 0.0, 1.0])
    out = np.empty((5, 8))
    functions(np.ones(8), np.zeros(8), real, out.reshape(-1))
    assert np.isnan(out[3:, 0]).all() and (out[3, [1, 4]] == out[3, 3]).all() and out[3, 3] == pytest.approx(math.exp(708))
    assert (0 < out[3, [2, 5]]).all() and (out[3, [2, 5]] < 1e-300).all() and (out[4, [2, 5]] == -1.0).all()


def test_the_numbers_are_those_described() -> None:
    """Any trajectory and step, also beyond 2³²; several numbers a step."""
    for first_trajectory, first_step, width in ((0, 0, 1), (2**33 + 5, 3, 3), (7, 2**34 + 1, 1), (2**32 - 3, 2**32 - 2, 2)):
        out = np.empty((6, width, 21))
        philox.fill(out, KEY, first_trajectory, first_step)
        numbers = first_step * width + np.arange(6 * width)
        expected = plain.normals(KEY, first_trajectory + np.arange(21), numbers).reshape(out.shape)
        assert np.abs(out - expected).max() < 4e-15


def test_cut_in_any_way() -> None:
    whole = np.empty((40, 3, 1000))
    philox.fill(whole, KEY, 17, 5)
    rng = np.random.default_rng(3)
    for _ in range(30):
        s, b = np.sort(rng.choice(41, 2, replace=False)), np.sort(rng.choice(1001, 2, replace=False))
        part = np.empty((s[1] - s[0], 3, b[1] - b[0]))
        philox.fill(part, KEY, 17 + int(b[0]), 5 + int(s[0]))
        assert np.array_equal(part, whole[s[0] : s[1], :, b[0] : b[1]])
    guarded = np.full(2 * 5 + 8, 7.0)
    philox.fill(guarded[:10].reshape(2, 1, 5), KEY, 0, 0)
    assert (guarded[10:] == 7.0).all(), "nothing is written behind the array"


def test_distribution() -> None:
    """Moments within four standard errors, a Kolmogorov-Smirnov test, and the tails, of two million numbers."""
    out = np.empty((100, 1, 20_000))
    philox.fill(out, philox.keys(2026, 0), 0, 0)
    x = out.ravel()
    n = len(x)
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3), (6, 15), (8, 105)):
        double = math.prod(range(2 * power - 1, 0, -2))
        assert abs((x**power).mean() - moment) < 4 * math.sqrt((double - moment**2) / n), power
    assert stats.kstest(x[::4], "norm").pvalue > 1e-3
    beyond = 2 * stats.norm.sf(4.0) * n
    assert abs((np.abs(x) > 4.0).sum() - beyond) < 4 * math.sqrt(beyond)
    assert np.abs(x).max() < math.sqrt(2 * 53 * math.log(2)) + 1e-12


def test_independence() -> None:
    """Correlations of 500,000 pairs, of the numbers and of their squares, within four standard errors."""
    out, other, third = (np.empty((50, 1, 10_001)) for _ in range(3))
    philox.fill(out, philox.keys(1, 0), 0, 0)
    philox.fill(other, philox.keys(1, 1), 0, 0)
    philox.fill(third, philox.keys(2, 0), 0, 0)
    x = out[:, 0]
    pairs = {
        "stream": (x, other[:, 0]),
        "seed": (x, third[:, 0]),
        "neighbours": (x[:, :-1], x[:, 1:]),
        "cosine and sine": (x[0::2], x[1::2]),
        "following pair": (x[1:-1:2], x[2::2]),
        "eight apart": (x[:, :-8], x[:, 8:]),
    }
    for name, (a, b) in pairs.items():
        a, b = a.ravel(), b.ravel()
        bound = 4 / math.sqrt(len(a))
        assert abs((a * b).mean()) < bound, name
        assert abs(((a**2 - 1) * (b**2 - 1)).mean() / 2) < bound, name


def test_keys() -> None:
    found = {philox.keys(seed, stream) for seed in range(30) for stream in range(30)}
    assert len(found) == 900 and all(0 <= k < 2**32 for key in found for k in key)
    assert philox.keys(10**30, 3) != philox.keys(10**30 + 1, 3)
    for seed, stream in ((-1, 0), (0, -1)):
        with pytest.raises(ValueError, match="integers >= 0"):
            philox.keys(seed, stream)


def test_coarse() -> None:
    fine = np.empty((10, 2, 33))
    philox.fill(fine, KEY, 0, 0)
    out = np.empty((5, 2, 33))
    philox.coarse(out, fine)
    assert np.allclose(out[3, 1], (fine[6, 1] + fine[7, 1]) / math.sqrt(2), rtol=1e-15, atol=0)


def test_wrong_arrays() -> None:
    for out in (np.empty((4, 1, 8), np.float32), np.empty((8, 1, 4)).T):
        with pytest.raises(ValueError, match="contiguous array of float64"):
            philox.fill(out, KEY, 0, 0)
    with pytest.raises(ValueError, match="first_step: -1"):
        philox.fill(np.empty((1, 1, 8)), KEY, 0, -1)
