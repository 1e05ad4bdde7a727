"""What must not change, does not; what is not a model for Green's functions is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nonadia.baths import decompose
from nonadia.models.frozen import Channel, LeadBath
from nonadia.models.width import LevelWidth
from nonadia.negf import DecoupledLevelError, forces

from .models import general, junction, single_level

TENSORS = (
    "mean_force_molecule",
    "mean_force_coupling",
    "friction_molecule",
    "friction_coupling",
    "noise_molecule",
    "noise_coupling",
)


def same(first, second, names=TENSORS, relative=1e-10):
    for name in names:
        a, b = getattr(first, name), getattr(second, name)
        assert a == pytest.approx(b, abs=relative * max(np.abs(a).max(), 1e-12)), name


@pytest.fixture(scope="module")
def frozen():
    return general(8, points=2)


@pytest.fixture(scope="module")
def reference(frozen):
    return forces(frozen, tolerance=1e-12)


def test_exchange_of_leads(frozen, reference):
    order = [2, 0, 1]
    swapped = dataclasses.replace(
        frozen,
        g=frozen.g[..., order],
        dg=frozen.dg[..., order],
        leads=tuple(frozen.leads[k] for k in order),
        channels=tuple(dataclasses.replace(c, lead=order.index(c.lead)) for c in frozen.channels),
    )
    found = forces(swapped, tolerance=1e-12)
    same(found, reference)
    assert found.current == pytest.approx(reference.current[..., order], abs=1e-12 * np.abs(reference.current).max())


def test_shift_of_all_energies(frozen, reference):
    shift = 0.37
    leads = tuple(
        LeadBath(
            b.name,
            b.chemical_potential + shift,
            b.temperature,
            LevelWidth(b.width.poles + shift, b.width.residues),
        )
        for b in frozen.leads
    )
    moved = dataclasses.replace(frozen, h=frozen.h + shift * np.eye(3), leads=leads)
    same(forces(moved, tolerance=1e-12), reference)


def test_unitary_change_of_levels(frozen, reference):
    rng = np.random.default_rng(0)
    u = np.linalg.qr(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))[0]
    turned = dataclasses.replace(
        frozen,
        h=u @ frozen.h @ u.conj().T,
        dh=u @ frozen.dh @ u.conj().T,
        channels=tuple(dataclasses.replace(c, vector=u @ c.vector) for c in frozen.channels),
    )
    same(forces(turned, tolerance=1e-12), reference)


def test_particle_hole(frozen, reference):
    """d → d†: h → -h*, μ → -μ, V → -V*; γ and D are the same, F gains tr ∂h, n → 1 - n, I → -I."""
    leads = tuple(
        LeadBath(
            b.name,
            -b.chemical_potential,
            b.temperature,
            LevelWidth(-b.width.poles.conj(), -b.width.residues.conj()),
        )
        for b in frozen.leads
    )
    holes = dataclasses.replace(
        frozen,
        h=-frozen.h.conj(),
        dh=-frozen.dh.conj(),
        leads=leads,
        channels=tuple(Channel(c.lead, -c.vector.conj(), c.rate) for c in frozen.channels),
    )
    found = forces(holes, tolerance=1e-12)
    same(found, reference, TENSORS[1:])
    trace = np.trace(frozen.dh, axis1=-2, axis2=-1).real
    assert found.mean_force_molecule == pytest.approx(reference.mean_force_molecule + trace, abs=1e-11)
    assert found.population == pytest.approx(1 - reference.population, abs=1e-11)
    assert found.current == pytest.approx(-reference.current, abs=1e-12)


def test_scale_of_energies(frozen, reference):
    """All energies times s: F s, γ 1, D s, I s."""
    s = 17.0
    leads = tuple(
        LeadBath(
            b.name,
            s * b.chemical_potential,
            s * b.temperature,
            LevelWidth(s * b.width.poles, s * b.width.residues),
        )
        for b in frozen.leads
    )
    scaled = dataclasses.replace(
        frozen,
        h=s * frozen.h,
        dh=s * frozen.dh,
        leads=leads,
        channels=tuple(dataclasses.replace(c, rate=s * c.rate) for c in frozen.channels),
    )
    found = forces(scaled, tolerance=1e-12)
    assert found.mean_force / s == pytest.approx(reference.mean_force, abs=1e-10 * np.abs(reference.mean_force).max())
    assert found.friction == pytest.approx(reference.friction, abs=1e-10 * np.abs(reference.friction).max())
    assert found.noise / s == pytest.approx(reference.noise, abs=1e-10 * np.abs(reference.noise).max())
    assert found.current / s == pytest.approx(reference.current, abs=1e-10 * np.abs(reference.current).max())


def test_current_is_conserved_and_noise_is_positive(reference):
    assert np.abs(reference.current.sum(axis=-1)).max() < 1e-12 * np.abs(reference.current).max()
    assert np.all(np.linalg.eigvalsh(reference.noise) > 0)
    assert np.all((reference.population > 0) & (reference.population < 1))


def test_interacting_models_are_refused(frozen):
    u = np.zeros_like(frozen.u)
    u[..., 0, 1] = u[..., 1, 0] = 0.1
    with pytest.raises(ValueError, match="only without interactions"):
        forces(dataclasses.replace(frozen, u=u))


def test_level_without_lead_is_named():
    gammas = [np.diag([0.1, 0.0]), np.diag([0.2, 0.0])]
    hopping = np.array([0.02, 0.0, 0.03])
    h = np.zeros((3, 2, 2))
    h[:, 0, 1] = h[:, 1, 0] = hopping
    grid = junction(h, np.zeros((3, 1, 2, 2)), np.ones((3, 2)), np.zeros((3, 1, 2)), gammas, [0.0, 0.0], 0.025, 5.0)
    with pytest.raises(DecoupledLevelError, match=r"grid point \(1,\)"):
        forces(grid)


def test_number_of_exponents_must_fit():
    frozen = single_level(0.0, 0.0, position_dependent=True)
    with pytest.raises(ValueError, match="1 sets of exponents for 2 leads"):
        forces(frozen, [decompose(frozen.leads[0], 3)])
