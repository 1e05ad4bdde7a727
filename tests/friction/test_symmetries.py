"""Exact symmetries of F, γ, D, populations and currents, by HEOM and by Green's functions, to 1e-10."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nonadia.baths.decompose import decompose
from nonadia.friction.evaluate import GridForces, by_heom, by_negf
from nonadia.models.frozen import FrozenJunction, LeadBath, channels_of
from nonadia.models.junction import Junction
from nonadia.models.width import LevelWidth

from ..heom.cases import random_junction

ARRAYS = ("h", "dh", "u", "du", "vibronic", "dvibronic", "g", "dg")


def grid_of_one(frozen: FrozenJunction) -> FrozenJunction:
    return replace(frozen, **{name: getattr(frozen, name)[None] for name in ARRAYS})


def junction(interacting: bool) -> FrozenJunction:
    return grid_of_one(random_junction(levels=2, full_coupling=True, interacting=interacting, seed=3))


def solve(frozen: FrozenJunction, interacting: bool) -> GridForces:
    if not interacting:
        return by_negf(frozen, tolerance=1e-12)[0]
    return by_heom(frozen, [decompose(lead, 2, "pade") for lead in frozen.leads], 3)


def couplings(frozen: FrozenJunction) -> list[np.ndarray]:
    """Γ_K,mm' of every lead."""
    out = [np.zeros((frozen.n_levels,) * 2, dtype=complex) for _ in frozen.leads]
    for channel in frozen.channels:
        out[channel.lead] += channel.rate * np.outer(channel.vector, channel.vector.conj())
    return out


def with_couplings(frozen: FrozenJunction, gammas: list[np.ndarray]) -> FrozenJunction:
    return replace(frozen, channels=sum((channels_of(k, g) for k, g in enumerate(gammas)), ()))


def moved(lead: LeadBath, shift: float) -> LeadBath:
    width = LevelWidth(lead.width.poles + shift, lead.width.residues)
    return LeadBath(lead.name, lead.chemical_potential + shift, lead.temperature, width)


def same(a: GridForces, b: GridForces, force: float = 1.0, noise: float = 1.0) -> None:
    for name, factor in (("force", force), ("friction", 1.0), ("noise", noise)):
        expected = factor * getattr(a, name)
        np.testing.assert_allclose(
            getattr(b, name), expected, rtol=0, atol=1e-10 * np.max(np.abs(expected)), err_msg=name
        )


both = pytest.mark.parametrize("interacting", [False, True])


@both
def test_shift_of_all_energies(interacting: bool) -> None:
    frozen = junction(interacting)
    shifted = replace(frozen, h=frozen.h + 0.37 * np.eye(2), leads=tuple(moved(lead, 0.37) for lead in frozen.leads))
    same(solve(frozen, interacting), solve(shifted, interacting))


@both
def test_exchange_of_leads(interacting: bool) -> None:
    frozen = junction(interacting)
    swapped = with_couplings(
        replace(frozen, g=frozen.g[:, ::-1].copy(), dg=frozen.dg[:, :, ::-1].copy(), leads=frozen.leads[::-1]),
        couplings(frozen)[::-1],
    )
    a, b = solve(frozen, interacting), solve(swapped, interacting)
    same(a, b)
    np.testing.assert_allclose(b.current, a.current[:, ::-1], atol=1e-10 * np.abs(a.current).max())


@both
def test_relabelled_levels(interacting: bool) -> None:
    frozen = junction(interacting)
    order = [1, 0]

    def permuted(array: np.ndarray) -> np.ndarray:
        return array[..., order, :][..., order]

    other = with_couplings(
        replace(frozen, h=permuted(frozen.h), dh=permuted(frozen.dh), u=permuted(frozen.u), du=permuted(frozen.du)),
        [permuted(g) for g in couplings(frozen)],
    )
    a, b = solve(frozen, interacting), solve(other, interacting)
    same(a, b)
    np.testing.assert_allclose(b.population, a.population[:, order], atol=1e-10)


@both
def test_particle_hole(interacting: bool) -> None:
    """Holes: E → -E^T - Σ_m' U_mm', μ → -μ, Γ → Γ^T; the force differs by that of the constant tr E + Σ U."""
    frozen = junction(interacting)

    def holes(h: np.ndarray, u: np.ndarray) -> np.ndarray:
        return -np.swapaxes(h, -1, -2) - np.eye(2) * u.sum(axis=-1)[..., None]

    leads = tuple(
        LeadBath(x.name, -x.chemical_potential, x.temperature, LevelWidth(-x.width.poles.conj(), -x.width.residues.conj()))
        for x in frozen.leads
    )
    other = with_couplings(
        replace(frozen, h=holes(frozen.h, frozen.u), dh=holes(frozen.dh, frozen.du), leads=leads),
        [g.T for g in couplings(frozen)],
    )
    a, b = solve(frozen, interacting), solve(other, interacting)
    constant = np.trace(frozen.dh, axis1=-2, axis2=-1).real + np.triu(frozen.du).sum(axis=(-2, -1))
    np.testing.assert_allclose(b.force, a.force + constant, atol=1e-10 * np.abs(a.force).max())
    np.testing.assert_allclose(b.friction, a.friction, atol=1e-10 * np.abs(a.friction).max())
    np.testing.assert_allclose(b.noise, a.noise, atol=1e-10 * np.abs(a.noise).max())
    np.testing.assert_allclose(b.population, 1 - a.population, atol=1e-10)
    np.testing.assert_allclose(b.current, -a.current, atol=1e-10 * np.abs(a.current).max())


@both
def test_scale_of_energies(interacting: bool) -> None:
    """All energies times s: F and D scale with s, γ (in ħ for a dimensionless coordinate) does not."""
    frozen, s = junction(interacting), 27.2
    leads = tuple(
        LeadBath(x.name, s * x.chemical_potential, s * x.temperature, LevelWidth(s * x.width.poles, s * x.width.residues))
        for x in frozen.leads
    )
    other = with_couplings(
        replace(frozen, h=s * frozen.h, dh=s * frozen.dh, u=s * frozen.u, du=s * frozen.du, leads=leads),
        [s * g for g in couplings(frozen)],
    )
    same(solve(frozen, interacting), solve(other, interacting), force=s, noise=s)


@both
def test_units_of_the_input(interacting: bool) -> None:
    def model(energy: float, unit: str, scale_voltage: str) -> Junction:
        lead = {"temperature": "300 K", "bandwidth": f"{2 * energy} {unit}", "couplings": {"u": f"{0.05 * energy} {unit}"}}
        return Junction.from_dict(
            {
                "coordinates": {"x": {"mass": "1836.15267343", "unit": "1"}},
                "parameters": {"e": f"{0.1 * energy} {unit}"},
                "molecule": {
                    "potential": "0",
                    "levels": {"u": "e*x", "v": "e*x + e"},
                    "hoppings": {"u,v": "e/2"},
                    "interactions": {"u,v": "3*e"} if interacting else {},
                },
                "leads": {
                    "L": lead | {"chemical_potential": scale_voltage, "profile": "1 + x/5"},
                    "R": lead | {"chemical_potential": f"{-0.1 * energy} {unit}", "profile": "1 - x/5"},
                },
            }
        )

    x = np.array([[0.4]])
    same(
        solve(model(1.0, "eV", "0.1 V").at(x), interacting),
        solve(model(1000.0, "meV", "100 meV").at(x), interacting),
    )
