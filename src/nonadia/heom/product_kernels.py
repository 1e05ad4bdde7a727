"""Compiled operator products of one tier: ρ → M = d^o ρ + s ρ d^o, P = d^o ρ - s ρ d^o in slots, and the way back.

Arrays of elements are interleaved real and imaginary parts; the tables are those of `products`. phase (2,): M and P are
multiplied by its elements (and by their conjugates where the slot holds an adjoint).
"""

from __future__ import annotations

import numpy as np

from .link_kernels import jit


@jit
def forward_elements(  # type: ignore[no-untyped-def]
    rho, commuted, opposed, first, value, slot, flipped, group, size, width, dagger, element, sign, phase,
    left_start, left_column, left_data, right_start, right_column, right_data,
):
    """M and P of every ADO of one tier, element by element; left_data, right_data: the values of d. rho, M, P: complex."""
    turn_m, turn_p = phase[0], phase[1]
    for s in range(group.size):
        g = group[s]
        begin, count = first[g], first[g + 1] - first[g]
        if count == 0:
            continue
        flip = -1.0 if dagger[s] else 1.0
        for y in range(size[s]):
            row = element[s] + y
            x = value[begin]
            for i in range(count):
                place = slot[s] + y + size[s] * (flipped[begin + i] if dagger[s] else i)
                a, b = 0j, 0j
                for t in range(left_start[row], left_start[row + 1]):
                    a += left_data[t] * rho[x + left_column[t]]
                for t in range(right_start[row], right_start[row + 1]):
                    b += right_data[t] * rho[x + right_column[t]]
                m, p = turn_m * (a + sign * b), turn_p * (a - sign * b)
                commuted[place] = complex(m.real, flip * m.imag)
                opposed[place] = complex(p.real, flip * p.imag)
                x += width[s]


@jit
def backward_elements(  # type: ignore[no-untyped-def]
    out, commuted, opposed, first, value, slot, flipped, group, size, width, dagger, element, sign, phase, self_tau,
    transpose, left_start, left_column, left_data, right_start, right_column, right_data,
):
    """out += Σ_o [ d^ō X_left + X_right d^ō ], X_left = M + P, X_right = s (M - P); on self-conjugate ADOs X + τ X†."""
    turn_m, turn_p = phase[0], phase[1]
    for s in range(group.size):
        g = group[s]
        begin, count = first[g], first[g + 1] - first[g]
        if count == 0:
            continue
        flip = -1.0 if dagger[s] else 1.0
        for y in range(size[s]):
            row = element[s] + y
            x = value[begin]
            for i in range(count):
                place = slot[s] + y + size[s] * (flipped[begin + i] if dagger[s] else i)
                m, p = commuted[place], opposed[place]
                m, p = turn_m * complex(m.real, flip * m.imag), turn_p * complex(p.real, flip * p.imag)
                a, b = m + p, sign * (m - p)
                tau = self_tau[begin + i]
                for t in range(left_start[row], left_start[row + 1]):
                    v = left_data[t].conjugate() * a
                    out[x + left_column[t]] += v
                    if tau != 0:
                        out[x + transpose[left_column[t]]] += tau * v.conjugate()
                for t in range(right_start[row], right_start[row + 1]):
                    v = right_data[t].conjugate() * b
                    out[x + right_column[t]] += v
                    if tau != 0:
                        out[x + transpose[right_column[t]]] += tau * v.conjugate()
                x += width[s]


@jit
def multiply_left(out, d_re, d_im, d, m, k, is_complex, x, n):  # type: ignore[no-untyped-def]
    """out (m × n) = D (m × k) x (k × n), interleaved."""
    for a in range(m):
        row = out[2 * a * n : 2 * (a + 1) * n]
        row[:] = 0.0
        for c in range(k):
            v = d_re[d + a * k + c]
            source = x[2 * c * n : 2 * (c + 1) * n]
            for e in range(source.size):
                row[e] += v * source[e]
            if is_complex:
                v = d_im[d + a * k + c]
                for e in range(n):
                    row[2 * e] -= v * source[2 * e + 1]
                    row[2 * e + 1] += v * source[2 * e]


@jit
def multiply_right(re, im, d_re, d_im, d, m, k, is_complex, x, n):  # type: ignore[no-untyped-def]
    """re + i im (m × n) = x (m × k) D (k × n), x interleaved."""
    for a in range(m):
        row_re, row_im = re[a * n : (a + 1) * n], im[a * n : (a + 1) * n]
        row_re[:] = 0.0
        row_im[:] = 0.0
        for c in range(k):
            u, v = x[2 * (a * k + c)], x[2 * (a * k + c) + 1]
            factor = d_re[d + c * n : d + (c + 1) * n]
            for e in range(n):
                row_re[e] += u * factor[e]
                row_im[e] += v * factor[e]
            if is_complex:
                factor = d_im[d + c * n : d + (c + 1) * n]
                for e in range(n):
                    row_re[e] -= v * factor[e]
                    row_im[e] += u * factor[e]


@jit
def forward_blocks(  # type: ignore[no-untyped-def]
    rho, commuted, opposed, first, value, slot, flipped, group, size, width, dagger, target, target_start, block_size,
    sign, phase, d_re, d_im, is_complex,
):
    """M and P of every ADO of one tier, block by block."""
    left, re, im = np.zeros(2 * block_size), np.zeros(block_size), np.zeros(block_size)
    mr, mi, pr, pi = phase[0].real, phase[0].imag, phase[1].real, phase[1].imag
    for s in range(group.size):
        g = group[s]
        flip = -1.0 if dagger[s] else 1.0
        for i in range(first[g + 1] - first[g]):
            x = 2 * value[first[g] + i]
            here = rho[x : x + 2 * width[g]]
            begin = 2 * (slot[s] + size[s] * (flipped[first[g] + i] if dagger[s] else i))
            ms, ps = commuted[begin : begin + 2 * size[s]], opposed[begin : begin + 2 * size[s]]
            for q in range(target_start[s], target_start[s + 1]):
                y, row_stride, column_stride, m, n = target[q, 0], target[q, 1], target[q, 2], target[q, 3], target[q, 4]
                if target[q, 5] >= 0:
                    multiply_left(left, d_re, d_im, target[q, 5], m, target[q, 6], is_complex, here[2 * target[q, 7] :], n)
                else:
                    left[:] = 0.0
                if target[q, 9] >= 0:
                    multiply_right(
                        re, im, d_re, d_im, target[q, 9], m, target[q, 10], is_complex, here[2 * target[q, 11] :], n
                    )
                else:
                    re[:] = 0.0
                    im[:] = 0.0
                for a in range(m):
                    for b in range(n):
                        e = 2 * (y + a * row_stride + b * column_stride)
                        f = a * n + b
                        ur, ui = left[2 * f] + sign * re[f], left[2 * f + 1] + sign * im[f]
                        vr, vi = left[2 * f] - sign * re[f], left[2 * f + 1] - sign * im[f]
                        ms[e] = mr * ur - mi * ui
                        ms[e + 1] = flip * (mr * ui + mi * ur)
                        ps[e] = pr * vr - pi * vi
                        ps[e + 1] = flip * (pr * vi + pi * vr)


@jit
def backward_blocks(  # type: ignore[no-untyped-def]
    out, commuted, opposed, first, value, slot, flipped, group, size, width, dagger, target, target_start, block_size,
    sign, phase, self_tau, transpose, d_re, d_im, is_complex,
):
    """out += Σ_o [ d^ō X_left + X_right d^ō ], X_left = M + P, X_right = s (M - P); on self-conjugate ADOs X + τ X†."""
    left, right = np.zeros(2 * block_size), np.zeros(2 * block_size)
    product, re, im = np.zeros(2 * block_size), np.zeros(block_size), np.zeros(block_size)
    mr, mi, pr, pi = phase[0].real, phase[0].imag, phase[1].real, phase[1].imag
    for s in range(group.size):
        g = group[s]
        flip = -1.0 if dagger[s] else 1.0
        for i in range(first[g + 1] - first[g]):
            tau = self_tau[first[g] + i]
            x = 2 * value[first[g] + i]
            here = out[x : x + 2 * width[g]]
            begin = 2 * (slot[s] + size[s] * (flipped[first[g] + i] if dagger[s] else i))
            ms, ps = commuted[begin : begin + 2 * size[s]], opposed[begin : begin + 2 * size[s]]
            for q in range(target_start[s], target_start[s + 1]):
                y, row_stride, column_stride, m, n = target[q, 0], target[q, 1], target[q, 2], target[q, 3], target[q, 4]
                for a in range(m):
                    for b in range(n):
                        e = 2 * (y + a * row_stride + b * column_stride)
                        f = 2 * (a * n + b)
                        ur, ui, vr, vi = ms[e], flip * ms[e + 1], ps[e], flip * ps[e + 1]
                        ur, ui, vr, vi = mr * ur - mi * ui, mr * ui + mi * ur, pr * vr - pi * vi, pr * vi + pi * vr
                        left[f], left[f + 1] = ur + vr, ui + vi
                        right[f], right[f + 1] = sign * (ur - vr), sign * (ui - vi)
                if target[q, 5] >= 0:
                    k = target[q, 6]
                    multiply_left(product, d_re, d_im, target[q, 8], k, m, is_complex, left, n)
                    add_block(here, 2 * target[q, 7], product, 2 * k * n, tau, transpose)
                if target[q, 9] >= 0:
                    k = target[q, 10]
                    multiply_right(re, im, d_re, d_im, target[q, 12], m, n, is_complex, right, k)
                    for e in range(m * k):
                        product[2 * e], product[2 * e + 1] = re[e], im[e]
                    add_block(here, 2 * target[q, 11], product, 2 * m * k, tau, transpose)


@jit
def add_block(here, begin, product, length, tau, transpose):  # type: ignore[no-untyped-def]
    target, source = here[begin : begin + length], product[:length]
    for e in range(length):
        target[e] += source[e]
    if tau != 0:
        for e in range(length // 2):
            t = 2 * transpose[begin // 2 + e]
            here[t] += tau * source[2 * e]
            here[t + 1] -= tau * source[2 * e + 1]
