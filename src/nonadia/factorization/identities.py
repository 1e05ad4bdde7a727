"""Energies, momenta, angular momenta and both sides of the subsystem Ehrenfest identities, EF(10), (17), (18), (19).

Right-hand sides are integrals of fields over n on a (refined) grid:
    ∫ n Σ_a E_a v_a,   ∫ n (E_a + Σ_b C_ba v_b),   ∫ n R × (E + C v),   Σ_μ Re⟨χ|ℱ̂_μ·v̂_μ|χ⟩
Left-hand sides never use a field: commutators of the full H with p̂ and R × p̂ on Ψ, and ∂_t Σ_a ∫|j_a|²/(2M_a n).
Per nucleus, the magnetic power is quadratic in v̂ (theory A5); by parts it needs no derivative of C:
    Re⟨χ|C_ba v̂_b v̂_a|χ⟩ = ∫ [ C_ba (n p_b p_a + ∂_an ∂_bn/(4n)) - ½ C_ba ∂_a∂_b n ]/(M_aM_b)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..models.molecule import Nucleus, VectorPotential
from ..wavepacket.fft import Complex
from .fields import Fields
from .moments import Moments, Real
from .problem import Action, Problem
from .spectral import Refinement

# densities below this part of the maximum add nothing but rounding errors to an integral
NEGLIGIBLE = 1e-20

NATURAL = 0.01  # residuals are relative to the largest side, or to this part of the natural scale if that is larger
SLOW = 1e-8  # per atomic unit of time (2.4 ns): slower changes of momentum are none


@dataclass
class Balance:
    """All integrals of one snapshot. Arrays over nuclear components are in the order of `component_names`."""

    numbers: dict[str, float] = field(default_factory=dict)
    vectors: dict[str, Real] = field(default_factory=dict)  # over components
    torques: dict[str, Real] = field(default_factory=dict)  # over planes of rotation, see `planes`
    powers: dict[str, Real] = field(default_factory=dict)  # over nuclei


@dataclass(frozen=True)
class Component:
    """Component i of a nucleus: name, mass m_i, its position R_i = Σ_a S_ia x_a and momentum p_i = Σ_a T_ia p_a."""

    name: str
    nucleus: int
    mass: float
    position: Real
    momentum: Real


def components(nuclei: tuple[Nucleus, ...], masses: Real) -> list[Component]:
    """All components of all nuclei, in order."""
    found = []
    for index, nucleus in enumerate(nuclei):
        own = nucleus.mass is None
        T, m = nucleus.momentum_map(masses), nucleus.component_masses(masses)
        for i, name in enumerate(nucleus.components):
            label = name if own else f"{nucleus.name}.{name}"
            found.append(Component(label, index, float(m[i]), nucleus.positions[i], T[i]))
    return found


def planes(nuclei: tuple[Nucleus, ...]) -> list[tuple[int, int, int, str]]:
    """(nucleus, component i, component j, name) of every R_i p_j - R_j p_i; i, j count over all components."""
    found, first = [], 0
    for index, nucleus in enumerate(nuclei):
        for i, j in nucleus.planes:
            found.append((index, first + i, first + j, f"{nucleus.components[i]},{nucleus.components[j]}"))
        first += len(nucleus.components)
    return found


def significant(n: Real) -> Real:
    """1 where the density counts in integrals, else 0."""
    return (n > NEGLIGIBLE * n.max()).astype(float)


def left_sides(problem: Problem, psi: Complex, action: Action, t: float) -> Balance:
    """Energies, momenta, their rates by commutators on the full ψ (S, *R), on the propagation grid."""
    dV, weight, masses = problem.volume, problem.weight, problem.masses
    parts = components(problem.nuclei, masses)
    rate = -1j * action.total
    out = Balance()

    def expectation(a: Complex, b: Complex) -> float:
        return float(np.vdot(a, b).real) * dV * weight

    molecule = problem.molecule
    vector = molecule.vector_potential(t) if molecule is not None else None
    scalar = molecule.scalar_potential(t) if molecule is not None else None
    n = weight * np.einsum("s...,s...->...", psi.conj(), psi).real
    flow = _flow(problem, psi, vector, n)
    out.numbers["norm"] = float(n.sum()) * dV
    out.numbers["T_n"] = expectation(psi, action.kinetic)
    out.numbers["E_BO"] = expectation(psi, action.electronic)
    out.numbers["E_external"] = 0.0 if scalar is None else float((n * scalar.value).sum()) * dV
    out.numbers["E_total"] = expectation(psi, action.total)
    vector_power = 0.0
    if vector is not None:
        vector_power = float(sum((flow[a] * vector.rate[a]).sum() / masses[a] for a in range(len(masses)))) * dV
    out.numbers["rate_T_n"] = 2.0 * expectation(action.kinetic, rate) + vector_power
    driven = 0.0 if action.electronic_rate is None else expectation(psi, action.electronic_rate)
    out.numbers["rate_E_BO"] = 2.0 * expectation(action.electronic, rate) + driven
    out.numbers["power_external"] = driven + vector_power
    if scalar is not None:
        out.numbers["power_external"] += float((n * scalar.rate).sum()) * dV
    forces = problem.electronic_force(psi, action.electronic, t)
    for a in range(len(masses)):
        if scalar is not None:
            forces[a] = forces[a] - n * scalar.gradient[a]
        if vector is not None:
            forces[a] = forces[a] + n * vector.rate[a]
            for b in range(len(masses)):
                forces[a] = forces[a] + (vector.jacobian[b, a] - vector.jacobian[a, b]) * flow[b] / masses[b]
    mean_flow = np.array([f.sum() * dV for f in flow])
    out.vectors["momentum"] = np.array([c.momentum @ mean_flow for c in parts])
    mean_force = np.array([f.sum() * dV for f in forces])
    out.vectors["identity_momentum_lhs"] = np.array([c.momentum @ mean_force for c in parts])
    grids = list(np.meshgrid(*problem.mesh, indexing="ij", sparse=True))
    out.torques["angular_momentum"] = _torques(problem, parts, grids, flow) * dV
    out.torques["identity_angular_momentum_lhs"] = _torques(problem, parts, grids, forces) * dV
    out.vectors["position"] = np.array([c.position @ [float((n * x).sum()) * dV for x in grids] for c in parts])
    return out


def _flow(problem: Problem, psi: Complex, vector: VectorPotential | None, n: Real) -> list[Real]:
    """n p_a = Im⟨ψ|∂_aψ⟩ + n A_a on the propagation grid."""
    grid = Refinement(problem.coordinates)
    flow = [np.zeros(n.shape) for _ in problem.coordinates]
    for s in range(len(psi)):
        hat = grid.forward(psi[s])
        for a in range(len(flow)):
            flow[a] += problem.weight * (psi[s].conj() * grid.at(hat, a).reshape(n.shape)).imag
    return flow if vector is None else [f + n * vector.value[a] for a, f in enumerate(flow)]


def _torques(problem: Problem, parts: list[Component], grids: Sequence[Real], density: Sequence[Real]) -> Real:
    """Σ over the grid of R_i d_j - R_j d_i for each plane, d_i = Σ_a T_ia density_a."""
    found = []
    for _, i, j, _ in planes(problem.nuclei):
        total = 0.0
        for sign, x, y in ((1.0, parts[i], parts[j]), (-1.0, parts[j], parts[i])):
            for a, s in enumerate(x.position):
                for b, w in enumerate(y.momentum):
                    if s and w:
                        total += sign * s * w * float((grids[a] * density[b]).sum())
        found.append(total)
    return np.array(found)


def right_sides(problem: Problem, m: Moments, f: Fields, grid: Refinement, vector: VectorPotential | None) -> Balance:
    """Integrals of fields on the (refined) grid, and what contains T_marg, whose integrand needs that grid too."""
    masses, dV = f.masses, grid.volume
    count = len(masses)
    parts = components(problem.nuclei, masses)
    out = Balance()
    counts = significant(f.n)
    n = f.n * counts
    flow = n * f.p
    weighted = counts / np.maximum(f.n, 1e-300)  # 1/n where it counts
    fluctuation = [0.25 * f.dn[a] ** 2 * weighted for a in range(count)]  # (∂√n)²
    T_marg = sum((fluctuation[a] + flow[a] * f.p[a]) / (2.0 * masses[a]) for a in range(count))
    out.numbers["T_marg"] = float(np.sum(T_marg)) * dV
    out.numbers["T_geo"] = float((n * f.geo).sum()) * dV
    if f.E is None:
        return out
    out.numbers["rate_T_marg"] = _marginal_rate(m, f, masses, vector, counts) * dV
    E = f.E * counts
    power = flow * E / masses[:, None]
    out.numbers["identity_power_lhs"] = out.numbers["rate_T_marg"]
    out.numbers["identity_power_rhs"] = float(power.sum()) * dV
    # a scale that does not vanish when the sides do: rms force times rms velocity, zero-point motion included; of a free
    # packet, which has no force, one that would change the momentum in 1/SLOW atomic units of time
    force = f.force * counts
    speed = [float((flow[a] * f.p[a] + fluctuation[a]).sum() * dV) / masses[a] ** 2 for a in range(count)]
    size = [float((n * force[a] ** 2).sum() * dV) + (SLOW * masses[a]) ** 2 * speed[a] for a in range(count)]
    out.vectors["force_scale"] = np.array([np.sqrt(sum(c.momentum[a] ** 2 * size[a] for a in range(count))) for c in parts])
    out.numbers["power_scale"] = float(sum(np.sqrt(size[a] * speed[a]) for a in range(count)))
    grids = list(np.meshgrid(*grid.mesh, indexing="ij", sparse=True))
    reach = sum(float((n.reshape(grid.shape) * x**2).sum()) for x in grids) * dV
    out.numbers["torque_scale"] = float(np.sqrt(reach * sum(size)))
    magnetic = n * f.magnetic_force * counts
    electric = n * E
    mean_electric, mean_force = electric.sum(axis=1) * dV, (electric + magnetic).sum(axis=1) * dV
    out.vectors["mean_electric_force"] = np.array([c.momentum @ mean_electric for c in parts])
    out.vectors["identity_momentum_rhs"] = np.array([c.momentum @ mean_force for c in parts])
    out.vectors["mean_intranuclear_force"] = _intranuclear(parts, f.C * counts, flow, dV)
    total = out.vectors["identity_momentum_rhs"] - out.vectors["mean_electric_force"]
    out.vectors["mean_internuclear_force"] = total - out.vectors["mean_intranuclear_force"]
    shape = grid.shape
    shaped = [x.reshape(shape) for x in electric]
    out.torques["torque_electric"] = _torques(problem, parts, grids, shaped) * dV
    whole = [x.reshape(shape) for x in electric + magnetic]
    out.torques["identity_angular_momentum_rhs"] = _torques(problem, parts, grids, whole) * dV
    _powers(out, problem, parts, m, f, counts, flow, E, dV)
    return out


def _marginal_rate(m: Moments, f: Fields, masses: Real, vector: VectorPotential | None, counts: Real) -> float:
    """Σ of ∂_t Σ_a |J_a|²/(2M_a n), J_a = ⟨ψ|∂_aψ⟩ + i n A_a, over the grid."""
    assert m.tau_0 is not None and m.j_rate is not None
    n_rate = 2.0 * m.tau_0.real
    inverse = counts / np.maximum(f.n, 1e-300)
    total = 0.0
    for a in range(len(masses)):
        J, J_rate = m.j[a], m.j_rate[a]
        if vector is not None:
            A, change = vector.value[a].reshape(-1), vector.rate[a].reshape(-1)
            J = J + 1j * f.n * A
            J_rate = J_rate + 1j * (n_rate * A + f.n * change)
        ratio = J * inverse
        total += float(((2.0 * (ratio.conj() * J_rate).real - np.abs(ratio) ** 2 * n_rate) / (2.0 * masses[a])).sum())
    return total


def _intranuclear(parts: list[Component], C: Real, flow: Real, dV: float) -> Real:
    """Σ over components k of the same nucleus of ∫ n C_ki v_k, C_ki = Σ_ab T_kb T_ia C_ba; summed over the grid."""
    count = len(flow)
    integrals = np.zeros((count,) * 3)
    for b, a, c in np.ndindex(count, count, count):
        integrals[b, a, c] = float((C[b, a] * flow[c]).sum()) * dV if a != b else 0.0
    found = np.zeros(len(parts))
    for i, one in enumerate(parts):
        for other in parts:
            if other is not one and other.nucleus == one.nucleus:
                found[i] += np.einsum("b,a,c,bac->", other.momentum, one.momentum, other.momentum / other.mass, integrals)
    return found


def _powers(
    out: Balance, problem: Problem, parts: list[Component], m: Moments, f: Fields, counts: Real, flow: Real, E: Real, dV: float
) -> None:
    """Electric and magnetic power of every nucleus, and the sum of EF(19)."""
    count, nuclei = len(f.masses), len(problem.nuclei)
    electric = np.zeros(nuclei)
    work = np.array([[float((flow[b] * E[a]).sum()) * dV for b in range(count)] for a in range(count)])
    for part in parts:
        electric[part.nucleus] += part.momentum @ work @ part.momentum / part.mass
    out.powers["electric_power"] = electric
    inside, between = np.zeros(nuclei), np.zeros(nuclei)
    if count > 1:
        # K_bacd = ∫ C_ba × symmetrised (p_c p_d) with the quantum terms, c, d being momenta of grid coordinates
        weighted = counts / np.maximum(f.n, 1e-300)
        pairs: dict[tuple[int, int], Real] = {}
        for c in range(count):
            for d in range(c, count):
                curvature = 2.0 * (m.second[c, d] + m.G[c, d]).real  # ∂_c∂_d n
                pairs[c, d] = flow[c] * f.p[d] * counts + 0.25 * f.dn[c] * f.dn[d] * weighted - 0.5 * curvature * counts
        K = np.zeros((count,) * 4)
        for b in range(count):
            for a in range(count):
                if a != b:
                    for (c, d), product in pairs.items():
                        K[b, a, c, d] = K[b, a, d, c] = float((f.C[b, a] * product).sum()) * dV
        for one in parts:
            for other in parts:
                if other is not one:
                    C = np.einsum("b,a,c,d,bacd->", other.momentum, one.momentum, other.momentum, one.momentum, K)
                    power = float(C) / (one.mass * other.mass)
                    (inside if one.nucleus == other.nucleus else between)[one.nucleus] += power
    out.powers["magnetic_power_intranuclear"], out.powers["magnetic_power_internuclear"] = inside, between
    out.powers["magnetic_power"] = inside + between
    out.numbers["identity_work_rhs"] = float((electric + inside + between).sum())
    out.numbers["identity_work_lhs"] = out.numbers["rate_T_marg"]
