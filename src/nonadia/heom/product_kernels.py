"""Compiled operator products of one tier: ρ → M = d^o ρ + s ρ d^o, P = d^o ρ - s ρ d^o in slots, and the way back.

Arrays of elements are interleaved real and imaginary parts; the tables are those of `products`. phase (2,): M and P are
multiplied by its elements (and by their conjugates where the slot holds an adjoint).
"""

from __future__ import annotations

import numpy as np

from .link_kernels import ONE, TWO, U, jit


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
            x = U(value[begin])
            for i in range(count):
                place = U(slot[s] + y + size[s] * (flipped[begin + i] if dagger[s] else i))
                a, b = 0j, 0j
                for t in range(left_start[row], left_start[row + 1]):
                    a += left_data[t] * rho[x + U(left_column[t])]
                for t in range(right_start[row], right_start[row + 1]):
                    b += right_data[t] * rho[x + U(right_column[t])]
                m, p = turn_m * (a + sign * b), turn_p * (a - sign * b)
                commuted[place] = complex(m.real, flip * m.imag)
                opposed[place] = complex(p.real, flip * p.imag)
                x += U(width[s])


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
            x = U(value[begin])
            for i in range(count):
                place = U(slot[s] + y + size[s] * (flipped[begin + i] if dagger[s] else i))
                m, p = commuted[place], opposed[place]
                m, p = turn_m * complex(m.real, flip * m.imag), turn_p * complex(p.real, flip * p.imag)
                a, b = m + p, sign * (m - p)
                tau = self_tau[begin + i]
                for t in range(left_start[row], left_start[row + 1]):
                    v = left_data[t].conjugate() * a
                    out[x + U(left_column[t])] += v
                    if tau != 0:
                        out[x + U(transpose[left_column[t]])] += tau * v.conjugate()
                for t in range(right_start[row], right_start[row + 1]):
                    v = right_data[t].conjugate() * b
                    out[x + U(right_column[t])] += v
                    if tau != 0:
                        out[x + U(transpose[right_column[t]])] += tau * v.conjugate()
                x += U(width[s])


@jit
def multiply_left(out, d_re, d_im, d, m, k, is_complex, x, q, n):  # type: ignore[no-untyped-def]
    """out (m × n) = D (m × k, from d on) x (k × n, from real q on), interleaved."""
    length = TWO * n
    for a in range(m):
        p = a * length
        for e in range(length):
            out[p + e] = 0.0
        for c in range(k):
            v, f = d_re[d + a * k + c], q + c * length
            for e in range(length):
                out[p + e] += v * x[f + e]
            if is_complex:
                v = d_im[d + a * k + c]
                for e in range(n):
                    out[p + TWO * e] -= v * x[f + TWO * e + ONE]
                    out[p + TWO * e + ONE] += v * x[f + TWO * e]


@jit
def multiply_right(re, im, d_re, d_im, d, m, k, is_complex, x, q, n):  # type: ignore[no-untyped-def]
    """re + i im (m × n) = x (m × k, from real q on) D (k × n, from d on), x interleaved."""
    for a in range(m):
        p = a * n
        for e in range(n):
            re[p + e] = 0.0
            im[p + e] = 0.0
        for c in range(k):
            u, v = x[q + TWO * (a * k + c)], x[q + TWO * (a * k + c) + ONE]
            f = d + c * n
            for e in range(n):
                re[p + e] += u * d_re[f + e]
                im[p + e] += v * d_re[f + e]
            if is_complex:
                for e in range(n):
                    re[p + e] -= v * d_im[f + e]
                    im[p + e] += u * d_im[f + e]


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
            x = TWO * U(value[first[g] + i])
            begin = TWO * U(slot[s] + size[s] * (flipped[first[g] + i] if dagger[s] else i))
            for t in range(target_start[s], target_start[s + 1]):
                m, n = U(target[t, 3]), U(target[t, 4])
                place, row, column = begin + TWO * U(target[t, 0]), TWO * U(target[t, 1]), TWO * U(target[t, 2])
                if target[t, 5] >= 0:
                    k, q = U(target[t, 6]), x + TWO * U(target[t, 7])
                    multiply_left(left, d_re, d_im, U(target[t, 5]), m, k, is_complex, rho, q, n)
                else:
                    left[:] = 0.0
                if target[t, 9] >= 0:
                    k, q = U(target[t, 10]), x + TWO * U(target[t, 11])
                    multiply_right(re, im, d_re, d_im, U(target[t, 9]), m, k, is_complex, rho, q, n)
                else:
                    re[:] = 0.0
                    im[:] = 0.0
                for a in range(m):
                    for b in range(n):
                        e, f = place + a * row + b * column, a * n + b
                        ur, ui = left[TWO * f] + sign * re[f], left[TWO * f + ONE] + sign * im[f]
                        vr, vi = left[TWO * f] - sign * re[f], left[TWO * f + ONE] - sign * im[f]
                        commuted[e] = mr * ur - mi * ui
                        commuted[e + ONE] = flip * (mr * ui + mi * ur)
                        opposed[e] = pr * vr - pi * vi
                        opposed[e + ONE] = flip * (pr * vi + pi * vr)


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
            x = TWO * U(value[first[g] + i])
            begin = TWO * U(slot[s] + size[s] * (flipped[first[g] + i] if dagger[s] else i))
            for t in range(target_start[s], target_start[s + 1]):
                m, n = U(target[t, 3]), U(target[t, 4])
                place, row, column = begin + TWO * U(target[t, 0]), TWO * U(target[t, 1]), TWO * U(target[t, 2])
                for a in range(m):
                    for b in range(n):
                        e, f = place + a * row + b * column, TWO * (a * n + b)
                        ur, ui, vr, vi = commuted[e], flip * commuted[e + ONE], opposed[e], flip * opposed[e + ONE]
                        ur, ui, vr, vi = mr * ur - mi * ui, mr * ui + mi * ur, pr * vr - pi * vi, pr * vi + pi * vr
                        left[f], left[f + ONE] = ur + vr, ui + vi
                        right[f], right[f + ONE] = sign * (ur - vr), sign * (ui - vi)
                if target[t, 5] >= 0:
                    k = U(target[t, 6])
                    multiply_left(product, d_re, d_im, U(target[t, 8]), k, m, is_complex, left, U(0), n)
                    add_block(out, x, TWO * U(target[t, 7]), product, TWO * k * n, tau, transpose)
                if target[t, 9] >= 0:
                    k = U(target[t, 10])
                    multiply_right(re, im, d_re, d_im, U(target[t, 12]), m, n, is_complex, right, U(0), k)
                    for h in range(m * k):
                        product[TWO * h], product[TWO * h + ONE] = re[h], im[h]
                    add_block(out, x, TWO * U(target[t, 11]), product, TWO * m * k, tau, transpose)


@jit
def add_block(out, x, begin, product, length, tau, transpose):  # type: ignore[no-untyped-def]
    """Adds a block to the ADO at x, from its real `begin` on; with τ ≠ 0 also its adjoint."""
    p = x + begin
    for e in range(length):
        out[p + e] += product[e]
    if tau != 0:
        for e in range(length // TWO):
            t = x + TWO * U(transpose[begin // TWO + e])
            out[t] += tau * product[TWO * e]
            out[t + ONE] -= tau * product[TWO * e + ONE]
