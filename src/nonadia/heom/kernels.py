"""Compiled loops over the tables of `hierarchy`. Pure functions of arrays; every meaning is documented there.

Products of one tier: left[o] = d^o ρ_I and right[o] = ρ_I d^o for every stored ADO I and operator o. A coupling between
tiers is then a signed, weighted gather ("down", tier n - 1 → n) or scatter ("up", n → n - 1), and the matrix products are
done once per operator, not once per pole.
"""

from __future__ import annotations

import numba as nb
import numpy as np

_jit = nb.njit(cache=True, error_model="numpy", boundscheck=False)


@_jit
def multiply(values, charge, value, product, table, start, offset, n_operators, data, left, right):  # type: ignore[no-untyped-def]
    """left[o] = d^o ρ, right[o] = ρ d^o of one tier; `left` and `right` must be zero where no block contributes."""
    for i in range(charge.size):
        g = charge[i]
        for o in range(n_operators):
            base = product[i] + offset[g, o]
            for row in range(start[g * n_operators + o], start[g * n_operators + o + 1]):
                side, d, m, k = table[row, 0], table[row, 1], table[row, 2], table[row, 3]
                x, rows, columns = value[i] + table[row, 5], table[row, 6], table[row, 7]
                y, rs, cs = base + table[row, 8], table[row, 9], table[row, 10]
                if side == 0:
                    for a in range(m):
                        for b in range(columns):
                            s = 0j
                            for c in range(k):
                                s += data[d + a * k + c] * values[x + c * columns + b]
                            left[y + a * rs + b * cs] = s
                else:
                    for a in range(rows):
                        for b in range(k):
                            s = 0j
                            for c in range(m):
                                s += values[x + a * columns + c] * data[d + c * k + b]
                            right[y + a * rs + b * cs] = s


@_jit
def contract(  # type: ignore[no-untyped-def]
    out, charge, value, product, self_tau, table, start, offset, n_operators, data, left, right, transpose
):
    """Up, the closing products: out += Σ_o [ d^ō left[o] + right[o] d^ō ] of one tier.

    On self-conjugate ADOs X + τ X† is added: the links of the partner ADOs above are not stored.
    """
    scratch = np.zeros(transpose.size, dtype=np.complex128)
    for i in range(charge.size):
        g = charge[i]
        if self_tau[i] == 0:
            target, origin = out, value[i]
        else:
            scratch[:] = 0.0
            target, origin = scratch, 0
        for o in range(n_operators):
            base = product[i] + offset[g, o]
            for row in range(start[g * n_operators + o], start[g * n_operators + o + 1]):
                side, m, k, d = table[row, 0], table[row, 2], table[row, 3], table[row, 4]
                x, rows, columns = origin + table[row, 5], table[row, 6], table[row, 7]
                y, rs, cs = base + table[row, 8], table[row, 9], table[row, 10]
                if side == 0:  # D̄ is (k, m): from the sector of d^o a back to that of a
                    for a in range(k):
                        for b in range(columns):
                            s = 0j
                            for c in range(m):
                                s += data[d + a * m + c] * left[y + c * rs + b * cs]
                            target[x + a * columns + b] += s
                else:  # D̄ is (k, m): from the sector of b to the one that d^o maps to it
                    for a in range(rows):
                        for b in range(m):
                            s = 0j
                            for c in range(k):
                                s += right[y + a * rs + c * cs] * data[d + c * m + b]
                            target[x + a * columns + b] += s
        if self_tau[i] != 0:
            for e in range(transpose.size):
                out[value[i] + e] += scratch[e] + self_tau[i] * np.conj(scratch[transpose[e]])


@_jit
def gather(  # type: ignore[no-untyped-def]
    out, modes, charge, value, link, size, lower_charge, lower_product, offset, operator, a_left, a_right, r_sign,
    left, right, transpose
):
    """Down: out_J = Σ_r s_r [ a_left d^o ρ_I + r_sign a_right ρ_I d^o ], I = J - j_r, added to `out`."""
    n = modes.shape[1]
    for i in range(charge.size):
        base, length, zero = value[i], size[charge[i]], charge[i] == 0
        for r in range(n):
            entry = link[i, r]
            if entry < 0:
                continue
            target = entry >> 3
            sign = -1.0 if entry & 1 else 1.0
            j = modes[i, r]
            wl, wr = sign * a_left[j], sign * r_sign * a_right[j]
            if entry & 2:
                p = lower_product[target] + offset[lower_charge[target], operator[j] ^ 1]
                if zero:
                    for e in range(length):
                        t = p + transpose[e]
                        out[base + e] += wl * np.conj(right[t]) + wr * np.conj(left[t])
                else:
                    for e in range(length):
                        out[base + e] += wl * np.conj(right[p + e]) + wr * np.conj(left[p + e])
            else:
                p = lower_product[target] + offset[lower_charge[target], operator[j]]
                for e in range(length):
                    out[base + e] += wl * left[p + e] + wr * right[p + e]


@_jit
def scatter(  # type: ignore[no-untyped-def]
    values, modes, charge, value, link, size, lower_charge, lower_product, offset, operator, b_left, b_right, r_sign,
    left, right, transpose
):
    """Up, before the products: left[o] += Σ_j s b_left ρ_{I+j}, right[o] += r_sign Σ_j s b_right ρ_{I+j}."""
    n = modes.shape[1]
    flip = 1.0 if n % 2 else -1.0  # sign of a conjugate link upwards relative to downwards: (-1)^{n+1}
    for i in range(charge.size):
        base, length, zero = value[i], size[charge[i]], charge[i] == 0
        for r in range(n):
            entry = link[i, r]
            if entry < 0 or entry & 4:
                continue
            target = entry >> 3
            sign = -1.0 if entry & 1 else 1.0
            if entry & 2:
                j = modes[i, r] ^ 1
                wl, wr = flip * sign * b_left[j], flip * sign * r_sign * b_right[j]
                p = lower_product[target] + offset[lower_charge[target], operator[j]]
                if zero:
                    for e in range(length):
                        v = np.conj(values[base + transpose[e]])
                        left[p + e] += wl * v
                        right[p + e] += wr * v
                else:
                    for e in range(length):
                        v = np.conj(values[base + e])
                        left[p + e] += wl * v
                        right[p + e] += wr * v
            else:
                j = modes[i, r]
                wl, wr = sign * b_left[j], sign * r_sign * b_right[j]
                p = lower_product[target] + offset[lower_charge[target], operator[j]]
                for e in range(length):
                    v = values[base + e]
                    left[p + e] += wl * v
                    right[p + e] += wr * v


@_jit
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


@_jit
def diagonal(out, charge, value, kappa, layout_start, energy):  # type: ignore[no-untyped-def]
    """out = -i(E_a - E_b) - Σκ for every element of one tier; `energy` holds E_a - E_b layout by layout."""
    for i in range(charge.size):
        g = charge[i]
        for e in range(layout_start[g + 1] - layout_start[g]):
            out[value[i] + e] = -1j * energy[layout_start[g] + e] - kappa[i]


@_jit
def self_energy(  # type: ignore[no-untyped-def]
    out, modes, charge, value, kappa_sum, size, layout_start, rows, columns, kappa, operator, r_sign,
    a_left, a_right, b_left, b_right, energies, state_start, state_end, weight
):
    """Diagonal of Σ_j (up ∘ inverse diagonal of the tier above ∘ down): the preconditioner's tier self-energy.

    weight[o, a', a] = |⟨a'|d^o|a⟩|²; state_start/end[o, a] bound the states a' that d^o reaches from a.
    """
    count = operator.size
    for i in range(charge.size):
        g = charge[i]
        for e in range(size[g]):
            a, b = rows[layout_start[g] + e], columns[layout_start[g] + e]
            s = 0j
            for j in range(count):
                member = False
                for r in range(modes.shape[1]):
                    if modes[i, r] == j:
                        member = True
                if member:
                    continue
                o = operator[j]
                shift = -kappa_sum[i] - kappa[j]
                ll, rr = a_left[j] * b_left[j], a_right[j] * b_right[j] * r_sign * r_sign
                for c in range(state_start[o, a], state_end[o, a]):
                    s += ll * weight[o, c, a] / (shift - 1j * (energies[c] - energies[b]))
                for c in range(state_start[o ^ 1, b], state_end[o ^ 1, b]):
                    s += rr * weight[o, b, c] / (shift - 1j * (energies[a] - energies[c]))
            out[value[i] + e] = s


@_jit
def lowest_tiers(  # type: ignore[no-untyped-def]
    vectors, out, diagonal_0, diagonal_1, inverse, r_sign,
    modes_1, charge_1, value_1, product_1, link_1, self_tau_1,
    modes_2, charge_2, value_2, link_2,
    charge_0, value_0, product_0, self_tau_0, products_0, products_1,
    table, start, offset, n_operators, data, size, operator, a_left, a_right, b_left, b_right, transpose
):
    """𝓛 on tiers 0 (and 1), minus (up) inverse (down) through the tier above them, for every row of `vectors`.

    With an empty diagonal_1 tier 0 stands alone and tier 1 is the one above; r_sign[n] = (-1)^n.
    """
    n0, n1 = diagonal_0.size, diagonal_1.size
    left_0, right_0 = np.zeros(products_0, dtype=np.complex128), np.zeros(products_0, dtype=np.complex128)
    left_1, right_1 = np.zeros(products_1, dtype=np.complex128), np.zeros(products_1, dtype=np.complex128)
    zl_0, zr_0 = np.zeros_like(left_0), np.zeros_like(left_0)
    zl_1, zr_1 = np.zeros_like(left_1), np.zeros_like(left_1)
    top = np.zeros(inverse.size, dtype=np.complex128)
    for row in range(vectors.shape[0]):
        x0, x1 = vectors[row, :n0], vectors[row, n0 : n0 + n1]
        y0, y1 = out[row, :n0], out[row, n0 : n0 + n1]
        y0[:] = diagonal_0 * x0
        y1[:] = diagonal_1 * x1
        multiply(x0, charge_0, value_0, product_0, table, start, offset, n_operators, data, left_0, right_0)
        zl_0[:] = 0.0
        zr_0[:] = 0.0
        if n1 == 0:
            top[:] = 0.0
            gather(top, modes_1, charge_1, value_1, link_1, size, charge_0, product_0, offset, operator,
                   a_left, a_right, r_sign[1], left_0, right_0, transpose)
            top *= -inverse
            scatter(top, modes_1, charge_1, value_1, link_1, size, charge_0, product_0, offset, operator,
                    b_left, b_right, r_sign[1], zl_0, zr_0, transpose)
        else:
            gather(y1, modes_1, charge_1, value_1, link_1, size, charge_0, product_0, offset, operator,
                   a_left, a_right, r_sign[1], left_0, right_0, transpose)
            scatter(x1, modes_1, charge_1, value_1, link_1, size, charge_0, product_0, offset, operator,
                    b_left, b_right, r_sign[1], zl_0, zr_0, transpose)
            multiply(x1, charge_1, value_1, product_1, table, start, offset, n_operators, data, left_1, right_1)
            top[:] = 0.0
            gather(top, modes_2, charge_2, value_2, link_2, size, charge_1, product_1, offset, operator,
                   a_left, a_right, r_sign[2], left_1, right_1, transpose)
            top *= -inverse
            zl_1[:] = 0.0
            zr_1[:] = 0.0
            scatter(top, modes_2, charge_2, value_2, link_2, size, charge_1, product_1, offset, operator,
                    b_left, b_right, r_sign[2], zl_1, zr_1, transpose)
            contract(y1, charge_1, value_1, product_1, self_tau_1, table, start, offset, n_operators, data, zl_1, zr_1,
                     transpose)
        contract(y0, charge_0, value_0, product_0, self_tau_0, table, start, offset, n_operators, data, zl_0, zr_0, transpose)
