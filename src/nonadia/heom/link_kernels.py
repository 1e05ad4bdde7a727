"""Compiled traversal of the links between two tiers, on arrays of interleaved real and imaginary parts.

Scratch of the tier below: `commuted` M = d^o ρ + s ρ d^o and `opposed` P = d^o ρ - s ρ d^o with s = (-1)^n, in the slots of
`products`. With a_left = α + β and a_right = α - β the coupling a_left d^o ρ + s a_right ρ d^o is α M + β P. For the Padé
exponents of a band centred at μ α = 0 downwards, and upwards always β = 0, and the weights that remain are real up to one
common phase: one real axpy per link (LD(18): η* = -η of the other sign).
"""

from __future__ import annotations

import numba as nb
import numpy as np

jit = nb.njit(cache=True, error_model="numpy", boundscheck=False, fastmath={"contract"})
summing = nb.njit(cache=True, error_model="numpy", boundscheck=False, fastmath={"contract", "reassoc", "nsz"})

DIAGONAL, DOWN, UP, ELIMINATE = 1, 2, 4, 8  # tasks of `traverse`, to be added up
SMALL = 24  # blocks of at most so many reals: loops along the run, otherwise within the block


@jit
def axpy(y, x, re, im):  # type: ignore[no-untyped-def]
    """y += (re + i im) x."""
    if im == 0.0:
        for e in range(y.size):
            y[e] += re * x[e]
    else:
        for e in range(y.size // 2):
            y[2 * e] += re * x[2 * e] - im * x[2 * e + 1]
            y[2 * e + 1] += re * x[2 * e + 1] + im * x[2 * e]


@jit
def spread(y, x, re, im, dense):  # type: ignore[no-untyped-def]
    """y_k += w_k x for the ADOs k of a run, w = re + i im, one after another; dense: hardly any weight is zero."""
    block = x.size
    if block > SMALL:
        for k in range(re.size):
            if re[k] != 0.0 or im[k] != 0.0:
                axpy(y[k * block : (k + 1) * block], x, re[k], im[k])
    elif block == 2 and dense:
        a, b = x[0], x[1]
        for k in range(re.size):
            y[2 * k] += re[k] * a - im[k] * b
            y[2 * k + 1] += re[k] * b + im[k] * a
    elif block == 8 and dense:  # four elements: spelled out, since the compiler does not unroll it
        a, b, c, d, e, f, g, h = x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
        for k in range(re.size):
            u, v = re[k], im[k]
            y[8 * k] += u * a - v * b
            y[8 * k + 1] += u * b + v * a
            y[8 * k + 2] += u * c - v * d
            y[8 * k + 3] += u * d + v * c
            y[8 * k + 4] += u * e - v * f
            y[8 * k + 5] += u * f + v * e
            y[8 * k + 6] += u * g - v * h
            y[8 * k + 7] += u * h + v * g
    elif dense:
        for e in range(block // 2):
            a, b = x[2 * e], x[2 * e + 1]
            p, q = y[2 * e :], y[2 * e + 1 :]
            for k in range(re.size):
                p[block * k] += re[k] * a - im[k] * b
                q[block * k] += re[k] * b + im[k] * a
    else:
        for k in range(re.size):
            if re[k] != 0.0 or im[k] != 0.0:
                for e in range(block // 2):
                    y[block * k + 2 * e] += re[k] * x[2 * e] - im[k] * x[2 * e + 1]
                    y[block * k + 2 * e + 1] += re[k] * x[2 * e + 1] + im[k] * x[2 * e]


@summing
def collect(y, x, re, im, dense):  # type: ignore[no-untyped-def]
    """y += Σ_k w_k x_k: the transpose of `spread`."""
    block = y.size
    if block > SMALL:
        for k in range(re.size):
            if re[k] != 0.0 or im[k] != 0.0:
                axpy(y, x[k * block : (k + 1) * block], re[k], im[k])
    elif block == 2 and dense:
        a, b = 0.0, 0.0
        for k in range(re.size):
            a += re[k] * x[2 * k] - im[k] * x[2 * k + 1]
            b += re[k] * x[2 * k + 1] + im[k] * x[2 * k]
        y[0] += a
        y[1] += b
    elif block == 8 and dense:
        a, b, c, d, e, f, g, h = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(re.size):
            u, v = re[k], im[k]
            a += u * x[8 * k] - v * x[8 * k + 1]
            b += u * x[8 * k + 1] + v * x[8 * k]
            c += u * x[8 * k + 2] - v * x[8 * k + 3]
            d += u * x[8 * k + 3] + v * x[8 * k + 2]
            e += u * x[8 * k + 4] - v * x[8 * k + 5]
            f += u * x[8 * k + 5] + v * x[8 * k + 4]
            g += u * x[8 * k + 6] - v * x[8 * k + 7]
            h += u * x[8 * k + 7] + v * x[8 * k + 6]
        for i, s in enumerate((a, b, c, d, e, f, g, h)):
            y[i] += s
    elif dense:
        for e in range(block // 2):
            a, b = 0.0, 0.0
            u, v = x[2 * e :], x[2 * e + 1 :]
            for k in range(re.size):
                a += re[k] * u[block * k] - im[k] * v[block * k]
                b += re[k] * v[block * k] + im[k] * u[block * k]
            y[2 * e] += a
            y[2 * e + 1] += b
    else:
        for k in range(re.size):
            if re[k] != 0.0 or im[k] != 0.0:
                for e in range(block // 2):
                    y[2 * e] += re[k] * x[block * k + 2 * e] - im[k] * x[block * k + 2 * e + 1]
                    y[2 * e + 1] += re[k] * x[block * k + 2 * e + 1] + im[k] * x[block * k + 2 * e]


@jit
def relax(y, x, block, kappa, levels):  # type: ignore[no-untyped-def]
    """y = (i levels - kappa) x for the ADOs of a run, one complex kappa each."""
    if block > SMALL:
        for k in range(kappa.size // 2):
            re, shift = -kappa[2 * k], kappa[2 * k + 1]
            a, b = x[k * block : (k + 1) * block], y[k * block : (k + 1) * block]
            for e in range(levels.size):
                im = levels[e] - shift
                b[2 * e] = re * a[2 * e] - im * a[2 * e + 1]
                b[2 * e + 1] = re * a[2 * e + 1] + im * a[2 * e]
    elif block == 2:
        for k in range(kappa.size // 2):
            re, im = -kappa[2 * k], levels[0] - kappa[2 * k + 1]
            y[2 * k], y[2 * k + 1] = re * x[2 * k] - im * x[2 * k + 1], re * x[2 * k + 1] + im * x[2 * k]
    else:
        for e in range(block // 2):
            level, a, b, p, q = levels[e], x[2 * e :], x[2 * e + 1 :], y[2 * e :], y[2 * e + 1 :]
            for k in range(kappa.size // 2):
                re, im = -kappa[2 * k], level - kappa[2 * k + 1]
                p[block * k] = re * a[block * k] - im * b[block * k]
                q[block * k] = re * b[block * k] + im * a[block * k]


@jit
def traverse(  # type: ignore[no-untyped-def]
    task, x, y, inverse, kappa, energy, layout_start, start, source, code, charge, value, size,
    down, up, down_filled, up_filled, commuted, opposed, up_commuted, up_opposed,
):
    """One pass over the links of tier n, whose elements are x (read) and y (written).

    DIAGONAL: y = (i energy - kappa) x, otherwise y starts as it is; DOWN: y += coupling from the tier below;
    UP: up_commuted, up_opposed += coupling of x; ELIMINATE: t = inverse · (coupling from below) takes the place of x and y,
    run by run. energy: of every element of each layout; kappa (2 N,). down, up (4, codes): weights α (real, imaginary), β of
    each link code; *_filled (2, codes + 1): how many α, β before each code are not zero.
    """
    n = source.shape[1]
    longest = 0
    for q in range(start.size - 1):
        longest = max(longest, (start[q + 1] - start[q]) * size[charge[start[q]]])
    scratch = np.zeros(2 * longest if task & ELIMINATE else 0)
    for q in range(start.size - 1):
        j0, count = start[q], start[q + 1] - start[q]
        block = 2 * size[charge[j0]]
        begin, length = 2 * value[j0], block * count
        if task & ELIMINATE:
            here = scratch[:length]
            here[:] = 0.0
            there = here
        else:
            here = y[begin : begin + length] if task & (DIAGONAL | DOWN) else x[begin : begin + length]
            there = x[begin : begin + length]
        if task & DIAGONAL:
            levels = energy[layout_start[charge[j0]] : layout_start[charge[j0]] + block // 2]
            relax(here, there, block, kappa[2 * j0 : 2 * (j0 + count)], levels)
        if task & DOWN:
            for r in range(n - 1):
                w, p = code[q, r], 2 * source[q, r]
                if w >= 0:
                    if down[0, w] != 0.0 or down[1, w] != 0.0:
                        axpy(here, commuted[p : p + length], down[0, w], down[1, w])
                    if down[2, w] != 0.0 or down[3, w] != 0.0:
                        axpy(here, opposed[p : p + length], down[2, w], down[3, w])
            w, p = code[q, n - 1], 2 * source[q, n - 1]
            if w >= 0:
                filled = down_filled[0, w + count] - down_filled[0, w]
                if filled > 0:
                    spread(here, commuted[p : p + block], down[0, w : w + count], down[1, w : w + count], 2 * filled > count)
                filled = down_filled[1, w + count] - down_filled[1, w]
                if filled > 0:
                    spread(here, opposed[p : p + block], down[2, w : w + count], down[3, w : w + count], 2 * filled > count)
        if task & ELIMINATE:
            factor = inverse[begin : begin + length]
            for e in range(length // 2):
                re = here[2 * e] * factor[2 * e] - here[2 * e + 1] * factor[2 * e + 1]
                here[2 * e + 1] = here[2 * e] * factor[2 * e + 1] + here[2 * e + 1] * factor[2 * e]
                here[2 * e] = re
        if task & UP:
            for r in range(n - 1):
                w, p = code[q, r], 2 * source[q, r]
                if w >= 0:
                    if up[0, w] != 0.0 or up[1, w] != 0.0:
                        axpy(up_commuted[p : p + length], there, up[0, w], up[1, w])
                    if up[2, w] != 0.0 or up[3, w] != 0.0:
                        axpy(up_opposed[p : p + length], there, up[2, w], up[3, w])
            w, p = code[q, n - 1], 2 * source[q, n - 1]
            if w >= 0:
                filled = up_filled[0, w + count] - up_filled[0, w]
                if filled > 0:
                    collect(up_commuted[p : p + block], there, up[0, w : w + count], up[1, w : w + count], 2 * filled > count)
                filled = up_filled[1, w + count] - up_filled[1, w]
                if filled > 0:
                    collect(up_opposed[p : p + block], there, up[2, w : w + count], up[3, w : w + count], 2 * filled > count)
