"""Symmetries that hold for any junction, any bias and any truncation of the hierarchy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nonadia.friction.evaluate import GridForces
from nonadia.models.frozen import FrozenJunction, LeadBath
from nonadia.models.width import LevelWidth

from .cases import cases
from .junctions import Recipe, close, couplings, heom, junction, recipes, solved, with_couplings

TENSORS = ("mean_force_molecule", "mean_force_coupling", "friction_molecule", "friction_coupling", "noise_molecule")
TENSORS += ("noise_coupling",)


def same(a: GridForces, b: GridForces, names: tuple[str, ...] = TENSORS, accuracy: float = 1e-9) -> None:
    scales = {"mean_force": a.force, "friction": a.friction, "noise": a.noise}
    for name in names:
        scale = next((np.abs(whole).max() for start, whole in scales.items() if name.startswith(start)), 0.0)
        close(getattr(b, name), getattr(a, name), accuracy, scale, name)


@cases(14)
@given(recipes())
def test_names_and_order_do_not_matter(recipe: Recipe) -> None:
    """Leads, levels and coordinates in another order."""
    frozen = junction(recipe)
    order = np.random.default_rng(recipe.seed + 1)
    k, m, c = (order.permutation(size) for size in (recipe.leads, recipe.levels, recipe.coordinates))

    def turned(array: NDArray) -> NDArray:
        return array[..., m, :][..., m]

    gammas = couplings(frozen)
    other = replace(
        frozen,
        h=turned(frozen.h),
        dh=turned(frozen.dh[:, c]),
        u=turned(frozen.u),
        du=turned(frozen.du[:, c]),
        vibronic=turned(frozen.vibronic),
        dvibronic=turned(frozen.dvibronic[:, c]),
        g=frozen.g[:, k],
        dg=frozen.dg[:, c][..., k],
        leads=tuple(frozen.leads[i] for i in k),
    )
    a, b = solved(frozen), solved(with_couplings(other, [turned(gammas[i]) for i in k]))
    close(b.force, a.force[:, c])
    for name in ("friction_molecule", "friction_coupling", "noise_molecule", "noise_coupling"):
        whole = np.abs(getattr(a, name.split("_")[0])).max()
        close(getattr(b, name), getattr(a, name)[:, c][:, :, c], 1e-9, whole, name)
    close(b.population, a.population[:, m])
    close(b.current, a.current[:, k], 1e-9, 1e-3)
    close(b.vibrational_occupation, a.vibrational_occupation)


@cases(14)
@given(recipes())
def test_particles_are_holes_of_holes(recipe: Recipe) -> None:
    """d → d†: E → -Eᵀ - Σ_m' U_mm', μ → -μ, Γ → Γᵀ, Λ → -Λᵀ (tr Λ = 0, or else the oscillator moves too).

    The force differs by that of the constant tr E + Σ_{m<m'} U; γ and D are the same, n → 1 - n, I → -I.
    """
    frozen, eye = junction(replace(recipe, vibration=recipe.vibration and recipe.levels > 1)), np.eye(recipe.levels)

    def traceless(matrix: NDArray) -> NDArray:
        return matrix - np.trace(matrix, axis1=-2, axis2=-1)[..., None, None] * eye / recipe.levels

    frozen = replace(frozen, vibronic=traceless(frozen.vibronic), dvibronic=traceless(frozen.dvibronic))

    def holes(h: NDArray, u: NDArray) -> NDArray:
        return -np.swapaxes(h, -1, -2) - eye * u.sum(axis=-1)[..., None]

    leads = tuple(
        LeadBath(x.name, -x.chemical_potential, x.temperature, LevelWidth(-x.width.poles.conj(), -x.width.residues.conj()))
        for x in frozen.leads
    )
    vibronic, dvibronic = (-np.swapaxes(part, -1, -2) for part in (frozen.vibronic, frozen.dvibronic))
    other = replace(frozen, h=holes(frozen.h, frozen.u), dh=holes(frozen.dh, frozen.du), leads=leads)
    other = replace(other, vibronic=vibronic, dvibronic=dvibronic)
    a, b = solved(frozen), solved(with_couplings(other, [g.T for g in couplings(frozen)]))
    constant = np.trace(frozen.dh, axis1=-2, axis2=-1).real + np.triu(frozen.du).sum(axis=(-2, -1))
    close(b.force, a.force + constant)
    same(a, b, TENSORS[2:])
    close(b.population, 1.0 - a.population)
    close(b.current, -a.current, 1e-9, 1e-3)


def in_basis(frozen: FrozenJunction, u: NDArray) -> FrozenJunction:
    """d → u d for every one-body operator."""
    parts = {name: u @ getattr(frozen, name) @ u.conj().T for name in ("h", "dh", "vibronic", "dvibronic")}
    return with_couplings(replace(frozen, **parts), [u @ g @ u.conj().T for g in couplings(frozen)])


@cases(12)
@given(recipes(levels=(2, 2)))
def test_basis_of_levels(recipe: Recipe) -> None:
    """Any unitary change of basis; two levels with one U keep their n_1 n_2 in every basis."""
    frozen = junction(recipe)
    rng = np.random.default_rng(recipe.seed + 2)
    u = np.linalg.qr(rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2)))[0]
    same(solved(frozen), solved(in_basis(frozen, u)))


@cases(12)
@given(recipes(coordinates=(2, 2)))
def test_tensors_under_a_change_of_coordinates(recipe: Recipe) -> None:
    """x = J y: F_y = Jᵀ F_x, γ_y = Jᵀ γ_x J, D_y = Jᵀ D_x J."""
    frozen = junction(recipe)
    J = np.random.default_rng(recipe.seed + 3).normal(size=(2, 2))
    slopes = {name: np.einsum("ij,gi...->gj...", J, getattr(frozen, name)) for name in ("dh", "du", "dvibronic", "dg")}
    a, b = solved(frozen), solved(replace(frozen, **slopes))
    close(b.force, a.force @ J)
    close(b.friction, J.T @ a.friction @ J)
    close(b.noise, J.T @ a.noise @ J)
    close(b.population, a.population)


@cases(12)
@given(recipes(), st.floats(-3.0, 3.0))
def test_unit_of_energy_and_its_zero(recipe: Recipe, zero: float) -> None:
    """All energies times s and moved by a constant: F → sF, γ → γ, D → sD, I → sI; ħ = 1 and x dimensionless."""
    frozen, s = junction(recipe), 27.211386
    leads = tuple(
        LeadBath(
            x.name,
            s * (x.chemical_potential + zero),
            s * x.temperature,
            LevelWidth(s * (x.width.poles + zero), s * x.width.residues),
        )
        for x in frozen.leads
    )
    parts = {name: s * getattr(frozen, name) for name in ("dh", "u", "du", "vibronic", "dvibronic", "frequencies")}
    other = replace(frozen, h=s * (frozen.h + zero * np.eye(recipe.levels)), leads=leads, **parts)
    a, b = solved(frozen), solved(with_couplings(other, [s * g for g in couplings(frozen)]))
    close(b.force, s * a.force)
    close(b.friction, a.friction)
    close(b.noise, s * a.noise)
    close(b.current, s * a.current, 1e-9, 1e-3)


@cases(10)
@given(recipes(leads=(2, 2)))
def test_a_lead_may_be_cut_in_two(recipe: Recipe) -> None:
    """Γ = Γ_1 + Γ_2 with the same μ, T, band and profile: two leads act as the one, and their currents add up."""
    frozen = junction(recipe)
    gammas, share = couplings(frozen), 0.3
    other = replace(
        frozen,
        g=frozen.g[:, [0, 0, 1]],
        dg=frozen.dg[..., [0, 0, 1]],
        leads=(frozen.leads[0], replace(frozen.leads[0], name="again"), frozen.leads[1]),
    )
    other = with_couplings(other, [share * gammas[0], (1.0 - share) * gammas[0], gammas[1]])
    a, b = solved(frozen), solved(other)
    same(a, b, ("mean_force_molecule", "mean_force_coupling", "friction_molecule", "noise_molecule"))
    close(b.friction, a.friction)
    close(b.noise, a.noise)
    close(b.current[:, 0] + b.current[:, 1], a.current[:, 0], 1e-9, 1e-3)


@cases(10)
@given(recipes(interacting=True))
def test_charge_is_conserved_and_the_noise_is_symmetric(recipe: Recipe) -> None:
    """Σ_K I_K = 0 in every truncation: it is the equation of tier 0."""
    found = heom(junction(recipe))
    assert abs(found.current.sum()) < 1e-10 * max(np.abs(found.current).max(), 1e-3)
    close(found.noise, np.swapaxes(found.noise, -1, -2))
