"""Compiled traversal of the links between two tiers, on arrays of interleaved real and imaginary parts.

Scratch of the tier below: `commuted` M = d^o ρ + s ρ d^o and `opposed` P = d^o ρ - s ρ d^o with s = (-1)^n, in the slots of
`products`. With a_left = α + β and a_right = α - β the coupling a_left d^o ρ + s a_right ρ d^o is α M + β P. For the Padé
exponents of a band centred at μ, α = 0 downwards but for the band's own pole, and upwards always β = 0, and all weights are
real up to common phases: one real axpy per link (LD(18): η* = -η of the other sign).
"""

from __future__ import annotations

import numba as nb
import numpy as np

jit = nb.njit(cache=True, error_model="numpy", boundscheck=False, fastmath={"contract"})
within = nb.njit(error_model="numpy", boundscheck=False, fastmath={"contract"}, inline="always")
summing = nb.njit(cache=True, error_model="numpy", boundscheck=False, fastmath={"contract", "reassoc", "nsz"})

DIAGONAL, DOWN, UP, ELIMINATE = 1, 2, 4, 8  # tasks of `traverse`, to be added up
SMALL = 24  # blocks of at most so many reals: loops along the run, otherwise within the block


U = np.uint64  # indices of this type need no test for negative values: loops of a few elements run several times faster
TWO, FOUR, SIX, EIGHT, ONE, THREE, FIVE, SEVEN = (U(i) for i in (2, 4, 6, 8, 1, 3, 5, 7))


@within
def axpy(y, p, x, q, length, re, im):  # type: ignore[no-untyped-def]
    """y += (re + i im) x for `length` reals from p and q on."""
    if im == 0.0:
        for e in range(length):
            y[p + e] += re * x[q + e]
    else:
        for e in range(length // TWO):
            a, b = x[q + TWO * e], x[q + TWO * e + ONE]
            y[p + TWO * e] += re * a - im * b
            y[p + TWO * e + ONE] += re * b + im * a


@within
def spread(y, p, x, q, block, weights, row, first, count, filled, real):  # type: ignore[no-untyped-def]
    """y_k += w_k x for the ADOs k of a run: count blocks of y from p on, one of x from q on; filled: non-zero weights."""
    column = row + ONE
    if block > SMALL or TWO * filled < count:
        for k in range(count):
            if weights[row, first + k] != 0.0 or weights[column, first + k] != 0.0:
                axpy(y, p + k * block, x, q, block, weights[row, first + k], weights[column, first + k])
    elif real and block == EIGHT:  # four elements: spelled out, since the compiler does not unroll it
        a, b, c, d = x[q], x[q + ONE], x[q + TWO], x[q + THREE]
        e, f, g, h = x[q + FOUR], x[q + FIVE], x[q + SIX], x[q + SEVEN]
        for k in range(count):
            u, i = weights[row, first + k], p + EIGHT * k
            y[i] += u * a
            y[i + ONE] += u * b
            y[i + TWO] += u * c
            y[i + THREE] += u * d
            y[i + FOUR] += u * e
            y[i + FIVE] += u * f
            y[i + SIX] += u * g
            y[i + SEVEN] += u * h
    else:
        for j in range(block // TWO):
            a, b = x[q + TWO * j], x[q + TWO * j + ONE]
            if real:
                for k in range(count):
                    u, i = weights[row, first + k], p + block * k + TWO * j
                    y[i] += u * a
                    y[i + ONE] += u * b
            else:
                for k in range(count):
                    u, v, i = weights[row, first + k], weights[column, first + k], p + block * k + TWO * j
                    y[i] += u * a - v * b
                    y[i + ONE] += u * b + v * a


@summing
def collect(y, p, x, q, block, weights, row, first, count, filled, real):  # type: ignore[no-untyped-def]
    """y += Σ_k w_k x_k: the transpose of `spread`; one block of y from p on, count blocks of x from q on."""
    column = row + ONE
    if block > SMALL or TWO * filled < count:
        for k in range(count):
            if weights[row, first + k] != 0.0 or weights[column, first + k] != 0.0:
                axpy(y, p, x, q + k * block, block, weights[row, first + k], weights[column, first + k])
    elif real and block == EIGHT:
        a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(count):
            u, i = weights[row, first + k], q + EIGHT * k
            a += u * x[i]
            b += u * x[i + ONE]
            c += u * x[i + TWO]
            d += u * x[i + THREE]
            e += u * x[i + FOUR]
            f += u * x[i + FIVE]
            g += u * x[i + SIX]
            h += u * x[i + SEVEN]
        y[p] += a
        y[p + ONE] += b
        y[p + TWO] += c
        y[p + THREE] += d
        y[p + FOUR] += e
        y[p + FIVE] += f
        y[p + SIX] += g
        y[p + SEVEN] += h
    else:
        for j in range(block // TWO):
            a, b = 0.0, 0.0
            if real:
                for k in range(count):
                    u, i = weights[row, first + k], q + block * k + TWO * j
                    a += u * x[i]
                    b += u * x[i + ONE]
            else:
                for k in range(count):
                    u, v, i = weights[row, first + k], weights[column, first + k], q + block * k + TWO * j
                    a += u * x[i] - v * x[i + ONE]
                    b += u * x[i + ONE] + v * x[i]
            y[p + TWO * j] += a
            y[p + TWO * j + ONE] += b


@within
def relax(y, x, p, block, count, kappa, first, levels, level):  # type: ignore[no-untyped-def]
    """y = (i levels - kappa) x for the ADOs of a run from p on, one complex kappa each."""
    if block > SMALL:
        for k in range(count):
            re, shift = -kappa[TWO * (first + k)], kappa[TWO * (first + k) + ONE]
            for j in range(block // TWO):
                im, i = levels[level + j] - shift, p + block * k + TWO * j
                a, b = x[i], x[i + ONE]
                y[i] = re * a - im * b
                y[i + ONE] = re * b + im * a
    else:
        for j in range(block // TWO):
            energy = levels[level + j]
            for k in range(count):
                re, im = -kappa[TWO * (first + k)], energy - kappa[TWO * (first + k) + ONE]
                i = p + block * k + TWO * j
                a, b = x[i], x[i + ONE]
                y[i] = re * a - im * b
                y[i + ONE] = re * b + im * a


@jit
def traverse(  # type: ignore[no-untyped-def]
    task, x, y, inverse, kappa, energy, layout_start, start, source, code, charge, value, size,
    down, up, down_filled, up_filled, real, commuted, opposed, up_commuted, up_opposed,
):
    """One pass over the links of tier n, whose elements are x (read) and y (written).

    DIAGONAL: y = (i energy - kappa) x, otherwise y starts as it is; DOWN: y += coupling from the tier below;
    UP: up_commuted, up_opposed += coupling of x; ELIMINATE: t = inverse · (coupling from below) takes the place of x and y,
    run by run. energy: of every element of each layout; kappa (2 N,). down, up (4, codes): weights α (real, imaginary), β of
    each link code; *_filled (2, codes + 1): how many α, β before each code are not zero; real (4,): all α, β of
    down, up are real.
    """
    n = source.shape[1]
    longest = 0
    for i in range(start.size - 1):
        longest = max(longest, (start[i + 1] - start[i]) * size[charge[start[i]]])
    scratch = np.zeros(2 * longest if task & ELIMINATE else 0)
    if task & ELIMINATE:
        here, there = scratch, scratch
    else:
        here, there = y, x
    zero, final = U(0), U(n - 1)
    for run in range(U(start.size - 1)):
        first, count = U(start[run]), U(start[run + ONE]) - U(start[run])
        group = U(charge[first])
        block = TWO * U(size[group])
        begin, length = TWO * U(value[first]), block * count
        p = begin
        if task & ELIMINATE:
            p = zero
            for e in range(length):
                scratch[e] = 0.0
        if task & DIAGONAL:
            relax(here, there, begin, block, count, kappa, first, energy, U(layout_start[group]))
        if task & DOWN:
            for r in range(final):
                if code[run, r] >= 0:
                    w, q = U(code[run, r]), TWO * U(source[run, r])
                    if down[0, w] != 0.0 or down[1, w] != 0.0:
                        axpy(here, p, commuted, q, length, down[0, w], down[1, w])
                    if down[2, w] != 0.0 or down[3, w] != 0.0:
                        axpy(here, p, opposed, q, length, down[2, w], down[3, w])
            if code[run, final] >= 0:
                w, q = U(code[run, final]), TWO * U(source[run, final])
                filled = U(down_filled[0, w + count] - down_filled[0, w])
                if filled > 0:
                    spread(here, p, commuted, q, block, down, zero, w, count, filled, real[0])
                filled = U(down_filled[1, w + count] - down_filled[1, w])
                if filled > 0:
                    spread(here, p, opposed, q, block, down, TWO, w, count, filled, real[1])
        if task & ELIMINATE:
            for e in range(length // TWO):
                re, im = scratch[TWO * e], scratch[TWO * e + ONE]
                u, v = inverse[begin + TWO * e], inverse[begin + TWO * e + ONE]
                scratch[TWO * e] = re * u - im * v
                scratch[TWO * e + ONE] = re * v + im * u
        if task & UP:
            for r in range(final):
                if code[run, r] >= 0:
                    w, q = U(code[run, r]), TWO * U(source[run, r])
                    if up[0, w] != 0.0 or up[1, w] != 0.0:
                        axpy(up_commuted, q, there, p, length, up[0, w], up[1, w])
                    if up[2, w] != 0.0 or up[3, w] != 0.0:
                        axpy(up_opposed, q, there, p, length, up[2, w], up[3, w])
            if code[run, final] >= 0:
                w, q = U(code[run, final]), TWO * U(source[run, final])
                filled = U(up_filled[0, w + count] - up_filled[0, w])
                if filled > 0:
                    collect(up_commuted, q, there, p, block, up, zero, w, count, filled, real[2])
                filled = U(up_filled[1, w + count] - up_filled[1, w])
                if filled > 0:
                    collect(up_opposed, q, there, p, block, up, TWO, w, count, filled, real[3])
