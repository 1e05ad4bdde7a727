"""Compiled loops over one tier: operator products in either form, molecular operators, diagonals, the lowest tiers.

`place` of a tier: (first, value, slot, flipped, self_tau) of `hierarchy.Tier`; `tables`: (group, size, width, dagger,
element, target, target_start, block_size, sparse, transpose) of `products`; `data`: (left start, column, d), (right start,
column, d), (Re d, Im d, complex).
"""

from __future__ import annotations

import numpy as np

from .link_kernels import DOWN, ELIMINATE, UP, U, jit, summing, traverse
from .product_kernels import backward_blocks, backward_elements, forward_blocks, forward_elements


@jit
def forward(rho, commuted, opposed, place, tables, data, sign, phase):  # type: ignore[no-untyped-def]
    """M = phase[0] (d^o ρ + sign ρ d^o) and P = phase[1] (d^o ρ - sign ρ d^o) of every ADO of one tier; complex arrays."""
    first, value, slot, flipped, _ = place
    group, size, width, dagger, element, target, target_start, block_size, sparse, _ = tables
    left, right, (d_re, d_im, is_complex) = data
    if sparse:
        forward_elements(
            rho, commuted, opposed, first, value, slot, flipped, group, size, width, dagger, element, sign, phase,
            left[0], left[1], left[2], right[0], right[1], right[2],
        )  # fmt: skip
    else:
        forward_blocks(
            rho.view(np.float64), commuted.view(np.float64), opposed.view(np.float64), first, value, slot, flipped, group, size,
            width, dagger, target, target_start, block_size, sign, phase, d_re, d_im, is_complex,
        )  # fmt: skip


@jit
def backward(out, commuted, opposed, place, tables, data, sign, phase):  # type: ignore[no-untyped-def]
    """out += Σ_o [ d^ō (M + P) + sign (M - P) d^ō ] of every ADO of one tier, M, P times their phase; complex arrays."""
    first, value, slot, flipped, self_tau = place
    group, size, width, dagger, element, target, target_start, block_size, sparse, transpose = tables
    left, right, (d_re, d_im, is_complex) = data
    if sparse:
        backward_elements(
            out, commuted, opposed, first, value, slot, flipped, group, size, width, dagger, element, sign, phase, self_tau,
            transpose, left[0], left[1], left[2], right[0], right[1], right[2],
        )  # fmt: skip
    else:
        backward_blocks(
            out.view(np.float64), commuted.view(np.float64), opposed.view(np.float64), first, value, slot, flipped, group, size,
            width, dagger, target, target_start, block_size, sign, phase, self_tau, transpose, d_re, d_im, is_complex,
        )  # fmt: skip


@jit
def link(task, x, y, inverse, kappa, energy, layout_start, size, charge, value, links, weights, products):  # type: ignore[no-untyped-def]
    """`traverse` for complex arrays; links: (start, source, code); weights: (down, up, down_filled,

    up_filled, real) of `coupling`; products: M and P downwards and upwards.
    """
    traverse(
        task, x.view(np.float64), y.view(np.float64), inverse.view(np.float64), kappa.view(np.float64), energy, layout_start,
        links[0], links[1], links[2], charge, value, size, weights[0], weights[1], weights[2], weights[3], weights[4],
        products[0].view(np.float64), products[1].view(np.float64), products[2].view(np.float64),
        products[3].view(np.float64),
    )  # fmt: skip


@jit
def sandwich(out, values, charge, value, block_start, block_table, matrix, c_left, c_right):  # type: ignore[no-untyped-def]
    """out += c_left M ρ + c_right ρ M for a charge-conserving M (dimension × dimension), every ADO of one tier."""
    for i in range(charge.size):
        g = charge[i]
        for row in range(block_start[g], block_start[g + 1]):
            x = value[i] + block_table[row, 0]
            a0, m, b0, n = block_table[row, 1], block_table[row, 2], block_table[row, 3], block_table[row, 4]
            for a in range(m):
                for b in range(n):
                    s = 0j
                    for c in range(m):
                        s += c_left * matrix[a0 + a, a0 + c] * values[x + c * n + b]
                    for c in range(n):
                        s += c_right * values[x + a * n + c] * matrix[b0 + c, b0 + b]
                    out[x + a * n + b] += s


@jit
def diagonal(out, charge, value, kappa, layout_start, energy):  # type: ignore[no-untyped-def]
    """out = -i(E_a - E_b) - Σκ for every element of one tier; `energy` holds E_a - E_b layout by layout."""
    for i in range(charge.size):
        g, p = charge[i], U(value[i])
        re, im = -kappa[i].real, -kappa[i].imag
        for e in range(U(layout_start[g]), U(layout_start[g + 1])):
            out[p] = complex(re, im - energy[e])
            p += U(1)


@summing
def self_energy(  # type: ignore[no-untyped-def]
    out, modes, charge, value, kappa_sum, size, layout_start, rows, columns, kappa_re, kappa_im, first, strength, energies,
    state_start, state_end, weight
):
    """Diagonal of Σ_j (up ∘ inverse diagonal of the tier above ∘ down): the preconditioner's tier self-energy.

    first (operators + 1,): first mode of each operator; strength (4, M): Re, Im of a_left b_left, then of a_right b_right.
    weight[o, a', a] = |⟨a'|d^o|a⟩|²; state_start/end[o, a] bound the states a' that d^o reaches from a.
    """
    here = strength.copy()
    for i in range(charge.size):
        g = charge[i]
        here[:] = strength
        for r in range(modes.shape[1]):
            here[:, modes[i, r]] = 0.0  # a mode is in the set only once
        shift, phase = -kappa_sum[i].real, -kappa_sum[i].imag
        for e in range(size[g]):
            a, b = rows[layout_start[g] + e], columns[layout_start[g] + e]
            re, im = 0.0, 0.0
            for o in range(first.size - 1):
                begin, end = U(first[o]), U(first[o + 1])
                for c in range(state_start[o, a], state_end[o, a]):
                    w, turn = weight[o, c, a], phase - energies[c] + energies[b]
                    for j in range(begin, end):
                        x, y = shift - kappa_re[j], turn - kappa_im[j]
                        q = w / (x * x + y * y)
                        re += q * (here[0, j] * x + here[1, j] * y)
                        im += q * (here[1, j] * x - here[0, j] * y)
                for c in range(state_start[o ^ 1, b], state_end[o ^ 1, b]):
                    w, turn = weight[o, b, c], phase - energies[a] + energies[c]
                    for j in range(begin, end):
                        x, y = shift - kappa_re[j], turn - kappa_im[j]
                        q = w / (x * x + y * y)
                        re += q * (here[2, j] * x + here[3, j] * y)
                        im += q * (here[3, j] * x - here[2, j] * y)
            out[value[i] + e] = complex(re, im)


@jit
def lowest_tiers(  # type: ignore[no-untyped-def]
    vectors, out, diagonal_0, diagonal_1, inverse, tables, data, size, layout_start, energy, kappa, work_0, work_1,
    place_0, place_1, charge_1, links_1, charge_2, value_2, links_2, weights_1, weights_2, phases,
):
    """𝓛 on tiers 0 (and 1), minus (up) inverse (down) through the tier above them, for every row of `vectors`.

    With an empty diagonal_1 tier 0 stands alone and tier 1 is the one above; inverse: -1/diagonal of that tier.
    """
    n0, n1 = diagonal_0.size, diagonal_1.size
    for row in range(vectors.shape[0]):
        x0, x1 = vectors[row, :n0], vectors[row, n0 : n0 + n1]
        y0, y1 = out[row, :n0], out[row, n0 : n0 + n1]
        y0[:] = diagonal_0 * x0
        y1[:] = diagonal_1 * x1
        forward(x0, work_0[0], work_0[1], place_0, tables, data, -1.0, phases[0])
        work_0[2][:] = 0.0
        work_0[3][:] = 0.0
        if n1 == 0:
            link(ELIMINATE | DOWN | UP, x0, y0, inverse, kappa, energy, layout_start, size, charge_1, place_1[1], links_1,
                 weights_1, work_0)  # fmt: skip
        else:
            link(DOWN | UP, x1, y1, inverse, kappa, energy, layout_start, size, charge_1, place_1[1], links_1, weights_1,
                 work_0)  # fmt: skip
            forward(x1, work_1[0], work_1[1], place_1, tables, data, 1.0, phases[2])
            work_1[2][:] = 0.0
            work_1[3][:] = 0.0
            link(ELIMINATE | DOWN | UP, x1, y1, inverse, kappa, energy, layout_start, size, charge_2, value_2, links_2,
                 weights_2, work_1)  # fmt: skip
            backward(y1, work_1[2], work_1[3], place_1, tables, data, 1.0, phases[3])
        backward(y0, work_0[2], work_0[3], place_0, tables, data, -1.0, phases[1])
