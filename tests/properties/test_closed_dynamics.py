"""Random closed systems in motion: norm, energy, time reversal, gauge, basis, place and names of what is described."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import nonadia as na
from nonadia.factorization.along import Ledger
from nonadia.wavepacket.hamiltonian import Hamiltonian
from nonadia.wavepacket.propagate import snapshots

from .cases import cases
from .molecules import Closed, Recipe, bump, closed, end, recipes, start

T = 5.0
Seeds = st.integers(0, 10**6)
FIELDS = ("density", "velocity", "metric", "electric_field", "force", "scalar_potential_gi")
NUMBERS = ("T_n", "T_marg", "T_geo", "E_BO", "E_total", "rate_T_n", "rate_T_marg", "identity_power_lhs")


def distance(a: NDArray, b: NDArray, system: Closed) -> float:
    return float(np.sqrt(np.sum(np.abs(a - b) ** 2) * system.molecule().volume))


def same_fields(found: object, other: object, accuracy: float, names: tuple[str, ...] = FIELDS) -> None:
    """Where the density is not small, relative to the largest value there."""
    good = found.density.values > 1e-3 * found.density.values.max()  # type: ignore[attr-defined]
    for name in names:
        a, b = found[name].values[..., good], other[name].values[..., good]  # type: ignore[index]
        assert np.abs(a - b).max() < accuracy * max(np.abs(a).max(), 1e-3), name


@cases(4)
@given(recipes(driven=False), Seeds)
def test_norm_and_energy_are_conserved(recipe: Recipe, seed: int) -> None:
    system = closed(recipe)
    molecule, psi = system.molecule(), start(system, seed)
    h, after = Hamiltonian(molecule), end(molecule, psi, 0.0, T)
    assert abs(np.sum(np.abs(after) ** 2) * molecule.volume - 1.0) < 1e-11
    assert abs(h.energy(after, T) - h.energy(psi, 0.0)) < 1e-7


@cases(4)
@given(recipes(), Seeds)
def test_time_reversal(recipe: Recipe, seed: int) -> None:
    """ψ*(t) obeys H*(T - t) with -A: forward, conjugate, forward again, conjugate is the start."""
    system = closed(recipe)
    psi = start(system, seed)
    there = end(system.molecule(), psi, 0.0, T)
    back = replace(
        system,
        matrix=lambda *a: system.matrix(*a[:-1], T - a[-1]).conj(),
        vector=None if system.vector is None else tuple(lambda *a, f=f: -f(*a[:-1], T - a[-1]) for f in system.vector),
        scalar=None if system.scalar is None else lambda *a: system.scalar(*a[:-1], T - a[-1]),  # type: ignore[misc]
    )
    again = end(back.molecule(), there.conj(), 0.0, T).conj()
    assert distance(again, psi, system) < 4e-8


@cases(3)
@given(recipes(), Seeds)
def test_gauge_of_the_external_fields(recipe: Recipe, seed: int) -> None:
    """ψ → e^{iθ(R,t)}ψ, A → A - ∂θ, v → v - ∂_tθ: the same motion, and all that can be measured of it is the same."""
    system = replace(closed(recipe), points={1: 96, 2: 44})  # the derivatives of ψe^{iθ} need more than those of ψ
    shape, rate = bump(np.random.default_rng(seed), 0.5), 0.05
    step = 1e-3

    def theta(*a: NDArray) -> NDArray:
        return np.asarray(shape(*a) * np.cos(rate * a[-1]))

    def slope(axis: int, *a: NDArray) -> NDArray:
        """∂_aθ by differences of order 6, exact to 1e-13 here."""
        moved = [theta(*(x + k * step * (i == axis) for i, x in enumerate(a[:-1])), a[-1]) for k in (1, -1, 2, -2, 3, -3)]
        return np.asarray((45 * (moved[0] - moved[1]) - 9 * (moved[2] - moved[3]) + (moved[4] - moved[5])) / (60 * step))

    old = system.vector or tuple(lambda *a: 0.0 * a[0] for _ in system.masses)
    lift = system.scalar or (lambda *a: 0.0)
    other = replace(
        system,
        vector=tuple(lambda *a, f=f, i=i: f(*a) - slope(i, *a) for i, f in enumerate(old)),
        scalar=lambda *a: lift(*a) + rate * shape(*a) * np.sin(rate * a[-1]),
    )
    molecule, turned, psi = system.molecule(), other.molecule(), start(system, seed)
    grids = np.meshgrid(*molecule.mesh, indexing="ij")
    one = end(molecule, psi, 0.0, T)
    two = end(turned, psi * np.exp(1j * theta(*grids, 0.0)), 0.0, T)
    assert distance(two, one * np.exp(1j * theta(*grids, T)), system) < 1e-6
    a, b = (na.factorize(wave, hamiltonian=m, time=T, refinement=1) for wave, m in ((one, molecule), (two, turned)))
    same_fields(a, b, 1e-3, ("density", "velocity", "metric", "electric_field", "force"))
    good = a.density.values > 1e-3 * a.density.values.max()
    lifted = a.scalar_potential_gi.values + rate * shape(*grids, T) * np.sin(rate * T)  # v is a part of it
    assert np.abs(b.scalar_potential_gi.values - lifted)[good].max() < 1e-6


@cases(4)
@given(recipes(), Seeds)
def test_basis_of_the_electrons(recipe: Recipe, seed: int) -> None:
    """A constant unitary: H → U H U†, ψ → Uψ; nothing of the factorization changes."""
    system = closed(recipe)
    rng, n = np.random.default_rng(seed), system.states
    u = np.linalg.qr(rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)))[0]
    other = replace(system, matrix=lambda *a: np.einsum("ij,jk...,lk->il...", u, system.matrix(*a), u.conj()))
    psi = start(system, seed)
    one, two = end(system.molecule(), psi, 0.0, T), end(other.molecule(), np.tensordot(u, psi, 1), 0.0, T)
    assert distance(two, np.tensordot(u, one, 1), system) < 3e-8
    pairs = ((one, system), (np.tensordot(u, one, 1), other))
    a, b = (na.factorize(wave, hamiltonian=s.molecule(), time=T, refinement=1) for wave, s in pairs)
    same_fields(a, b, 1e-7)
    for name in NUMBERS:
        assert np.allclose(a[name].values, b[name].values, rtol=1e-9, atol=1e-10), name


@cases(4)
@given(recipes(), Seeds, st.floats(-20.0, 20.0))
def test_where_the_origin_is(recipe: Recipe, seed: int, shift: float) -> None:
    """The whole system moved by a constant."""
    system = closed(recipe)

    def moved(f: object) -> object:
        return lambda *a: f(*(x - shift for x in a[:-1]), a[-1])  # type: ignore[operator]

    other = replace(
        system,
        matrix=moved(system.matrix),
        shift=shift,
        vector=None if system.vector is None else tuple(moved(f) for f in system.vector),
        scalar=None if system.scalar is None else moved(system.scalar),
    )
    psi = start(system, seed)
    one, two = end(system.molecule(), psi, 0.0, T), end(other.molecule(), psi, 0.0, T)
    assert distance(one, two, system) < 3e-8
    a, b = (na.factorize(one, hamiltonian=s.molecule(), time=T, refinement=1) for s in (system, other))
    same_fields(a, b, 1e-6)


@cases(4)
@given(recipes(dimensions=(2, 2)), Seeds)
def test_order_of_the_coordinates(recipe: Recipe, seed: int) -> None:
    """x and y exchanged, masses and A with them; C_xy = -C_yx."""
    system = closed(recipe)

    def exchanged(f: object) -> object:
        return lambda x, y, t: f(y, x, t)  # type: ignore[operator]

    def swapped_matrix(x: NDArray, y: NDArray, t: float) -> NDArray:
        return system.matrix(y, x, t)

    other = replace(
        system,
        matrix=swapped_matrix,
        masses=system.masses[::-1],
        vector=None if system.vector is None else tuple(exchanged(f) for f in system.vector[::-1]),
        scalar=None if system.scalar is None else exchanged(system.scalar),
    )
    psi = start(system, seed)
    one, two = end(system.molecule(), psi, 0.0, T), end(other.molecule(), psi.swapaxes(1, 2).copy(), 0.0, T)
    assert distance(one, two.swapaxes(1, 2), system) < 3e-8
    a = na.factorize(one, hamiltonian=system.molecule(), time=T, refinement=1)
    b = na.factorize(one.swapaxes(1, 2).copy(), hamiltonian=other.molecule(), time=T, refinement=1)
    good = a.density.values > 1e-3 * a.density.values.max()
    for name, axes in (("velocity", 1), ("force", 1), ("electric_field", 1), ("metric", 2), ("berry_curvature", 2)):
        mine, theirs = a[name].values, b[name].values.swapaxes(-1, -2)
        theirs = theirs[::-1] if axes == 1 else theirs[::-1, ::-1]
        size = np.abs(mine[..., good]).max()
        assert np.abs(mine - theirs)[..., good].max() < 1e-8 * max(size, 1e-3), name


@cases(6)
@given(recipes(), Seeds)
def test_conjugation_turns_what_is_odd_in_time(recipe: Recipe, seed: int) -> None:
    """ψ → ψ*, H → H*, A → -A: v, C and the drift of A turn round; n, g, ε_gi, T and E_BO stay."""
    recipe = replace(recipe, driven=False)
    system = closed(recipe)
    other = replace(
        system,
        matrix=lambda *a: system.matrix(*a).conj(),
        vector=None if system.vector is None else tuple(lambda *a, f=f: -f(*a) for f in system.vector),
    )
    psi = start(system, seed)
    a = na.factorize(psi, hamiltonian=system.molecule(), refinement=1)
    b = na.factorize(psi.conj(), hamiltonian=other.molecule(), refinement=1)
    same_fields(a, b, 1e-9, ("density", "metric", "scalar_potential_gi", "electric_field", "force"))
    good = a.density.values > 1e-3 * a.density.values.max()
    for name in ("velocity", "vector_potential", *(["berry_curvature"] if recipe.dimensions > 1 else [])):
        mine, theirs = a[name].values[..., good], b[name].values[..., good]
        assert np.abs(mine + theirs).max() < 1e-9 * max(np.abs(mine).max(), 1e-3), name
    for name in ("T_n", "T_marg", "T_geo", "E_BO", "E_total"):
        assert abs(float(a[name]) - float(b[name])) < 1e-10, name
    for name in ("rate_T_n", "rate_T_marg"):
        assert abs(float(a[name]) + float(b[name])) < 1e-9 * max(abs(float(a[name])), 1e-4), name


@cases(4)
@given(recipes(), Seeds)
def test_identities_close_within_what_is_stated(recipe: Recipe, seed: int) -> None:
    """EF(10), (17), (18), (19) at a few times; a run that calls itself converged has small residuals."""
    system = closed(recipe)
    molecule, times = system.molecule(), np.linspace(0.0, T, 3)
    ledger = Ledger(molecule, times, fields="none", tolerance=1e-5)
    records = [ledger.record(s) for s in snapshots(molecule, start(system, seed), list(times), tolerance=1e-8)]
    found = ledger.dataset(list(times), records)
    assert found.attrs["converged"] == 1, found.attrs["messages"]
    for name in ("power", "momentum", "work"):
        assert found.attrs[f"max_residual_{name}"] <= 1e-5, name
    assert np.allclose(found.T_n.values, found.T_marg.values + found.T_geo.values, rtol=1e-9)


@cases(8)
@given(recipes(), Seeds)
def test_what_leaves_a_place_flows_through_its_borders(recipe: Recipe, seed: int) -> None:
    """∂_t n + Σ_a ∂_a(n v_a) = 0 at every R, with v of the factorization (A included) and ∂_tn = 2 Im ⟨ψ|Hψ⟩."""
    system = closed(recipe)
    molecule, psi = system.molecule(), start(system, seed)
    found = na.factorize(psi, hamiltonian=molecule, refinement=1)
    rate = 2.0 * (psi.conj() * Hamiltonian(molecule).apply(psi, 0.0)).sum(axis=0).imag
    divergence = np.zeros_like(rate)
    for a, c in enumerate(molecule.coordinates):
        flux = np.nan_to_num(found.density.values * found.velocity.values[a])
        k = 2j * np.pi * np.fft.fftfreq(c.points, c.step).reshape([-1 if b == a else 1 for b in range(rate.ndim)])
        divergence += np.fft.ifft(k * np.fft.fft(flux, axis=a), axis=a).real
    assert np.abs(rate + divergence).max() < 1e-4 * np.abs(rate).max()
