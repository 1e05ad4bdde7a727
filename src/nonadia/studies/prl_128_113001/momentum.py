"""Momentum, EF(17), and work, EF(19): the internuclear force, its power on each nucleus, and quantum trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import style
from nonadia.studies.statement import Statement, statement
from nonadia.units import FS

from .reading import Array, Data, above, during, group, letter, parameters, residual
from .spiral import Spiral

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

SPIRAL, MOLECULE = "spiral", "diatomic-letter"
_SHOWN = 2.0  # cycles of the spiral


def draw(data: Data) -> Figure:
    """(a) F̄ and 100 D̄ on the nuclei, (b) magnetic powers, (c) dP/dt three ways, (d) what EF(19) leaves for one nucleus."""
    figure = style.new_figure(9.8, 7.2)
    (forces, powers), (momenta, alone) = figure.subplots(2, 2)
    fields = group(data, SPIRAL)
    spiral = Spiral.of(parameters(data, SPIRAL))
    now = during(fields["time"].values / spiral.T0, 0.0, _SHOWN)
    t = fields["time"].values[now] / FS
    D = fields["mean_internuclear_force"].values[now]
    F = fields["identity_momentum_rhs"].values[now] - D
    magnetic, electric = fields["magnetic_power"].values[now], fields["electric_power"].values[now]
    rates = spiral.rates(fields["time"].values[now])
    for k, colour in enumerate(style.OKABE_ITO[:2]):
        forces.plot(t, 1e2 * F[:, k], color=colour, label=f"$\\bar F_{k + 1}$")
        forces.plot(t, 1e4 * D[:, k], color=colour, linestyle=style.DASHES[1], label=f"100 $\\bar D_{k + 1}$")
        powers.plot(t, 1e8 * magnetic[:, k], color=colour, label=f"nucleus {k + 1}")
        alone.plot(t, 1e8 * (rates[k] - electric[:, k] - magnetic[:, k]), color=colour, label=f"nucleus {k + 1}")
    powers.plot(t, 1e8 * magnetic.sum(axis=1), color=style.BLACK, linestyle=style.DASHES[1], label="sum")
    whole = rates.sum(axis=0) - (electric + magnetic).sum(axis=1)
    alone.plot(t, 1e8 * whole, color=style.BLACK, linestyle=style.DASHES[1], label="sum")
    forces.set_ylabel("force ($10^{-2}$ Hartree/bohr)")
    powers.set_ylabel("magnetic power ($10^{-8}$ a.u.)")
    alone.set_ylabel("$dT_{\\mu,marg}/dt$ - work on $\\mu$ ($10^{-8}$ a.u.)")
    for axes in (forces, powers, alone):
        style.zero_line(axes)
        axes.set_xlim(t[0], t[-1])
    molecule, paths = group(data, MOLECULE), group(data, MOLECULE, "trajectories")
    t = molecule["time"].values / FS
    momenta.plot(t, molecule["identity_momentum_lhs"].values[:, 0], color=style.GREY, linewidth=4.0, label="$dP/dt$ of Ψ")
    momenta.plot(t, molecule["identity_momentum_rhs"].values[:, 0], color=style.OKABE_ITO[0], label="$\\int nF$")
    every = slice(None, None, 6)
    where, mean = paths["time"].values[every] / FS, _ensemble(data)[every]
    momenta.plot(where, mean, "o", color=style.OKABE_ITO[1], markersize=4, label="mean of trajectories")
    style.zero_line(momenta)
    momenta.set_xlim(t[0], t[-1])
    momenta.set_ylabel("force (Hartree/bohr)")
    for axes, name in ((forces, "a"), (powers, "b"), (momenta, "c"), (alone, "d")):
        axes.set_xlabel("time t (fs)")
        letter(axes, name)
        above(axes, 4)
    return figure


def _ensemble(data: Data) -> Array:
    """Mean force function on the quantum trajectories."""
    return np.asarray(group(data, MOLECULE, "trajectories")["quantum_force"].values[:, :, 0].mean(axis=1))


def statements(data: Data) -> list[Statement]:
    """EF(17), (19), the powers that cancel, and what does not hold for one nucleus."""
    fields, molecule = group(data, SPIRAL), group(data, MOLECULE)
    spiral = Spiral.of(parameters(data, SPIRAL))
    t = fields["time"].values
    D, D_part = fields["mean_internuclear_force"].values, fields["mean_intranuclear_force"].values
    magnetic, electric = fields["magnetic_power"].values, fields["electric_power"].values
    rates = spiral.rates(t).T
    left = molecule["identity_momentum_lhs"].values[:, 0]
    early = during(molecule["time"].values / parameters(data, MOLECULE)["T0"], 0.0, 0.5)
    sizes = np.abs(magnetic).max(axis=0)
    per_nucleus = np.abs(rates - electric - magnetic).max(axis=0)
    spread = np.abs(rates.sum(axis=1) - fields["rate_T_marg"].values).max()
    packet = group(data, MOLECULE, "wavepacket")
    momentum = np.abs(packet["momentum"].values[:, 0] - molecule["momentum"].values[:, 0]).max()
    return [
        statement(
            "momentum-a", "In one dimension the intranuclear curvature is absent", "largest intranuclear magnetic force",
            np.abs(D_part).max(), "Hartree/bohr", high=1e-12,
        ),
        statement(
            "momentum-a", "The internuclear curvature is not: D acts on both nuclei", "smaller of the two largest |D|",
            np.abs(D).max(axis=0).min(), "Hartree/bohr", low=1e-5,
        ),
        statement(
            "momentum-a", "EF(17): without D the momentum's change is not that of the force",
            "largest |dP/dt - F| over that of dP/dt - F - D", _without(fields), low=1e6,
        ),
        statement(
            "momentum-b", "The power of D on each nucleus is not zero", "smaller of the two largest powers", sizes.min(),
            "a.u.", low=1e-8,
        ),
        statement(
            "momentum-b", "… but they compensate each other: magnetic forces do no work", "largest |sum| over largest power",
            np.abs(magnetic.sum(axis=1)).max() / sizes.max(), high=1e-6,
        ),
        statement(
            "momentum-b", "EF(10) and EF(19) have the same right side", "largest difference over largest power",
            _same(fields["identity_power_rhs"].values, fields["identity_work_rhs"].values), high=1e-8,
        ),
        statement("momentum-c", "EF(6): the momentum of χ is that of Ψ", "largest difference", momentum, "a.u.", high=1e-6),
        statement(
            "momentum-c", "EF(17), molecule", "largest |left - right| over largest |left|", residual(molecule, "momentum"),
            high=1e-5,
        ),
        statement(
            "momentum-c", "Averaged over an ensemble of trajectories the force function gives dP/dt",
            "largest difference over largest |dP/dt|, t ≤ T0/2",
            np.abs(_ensemble(data) - left)[early].max() / np.abs(left).max(), high=0.02,
        ),
        statement(
            "momentum-d", "dT_μ,marg/dt of a single nucleus is not the work on it", "smaller of the two largest differences",
            per_nucleus.min(), "a.u.", low=1e-8, error=float(spread),
        ),
        statement(
            "momentum-d", "… nor the work of F or E alone", "smaller of the two largest differences, without D",
            np.abs(rates - electric).max(axis=0).min(), "a.u.", low=1e-8, error=float(spread),
        ),
        statement(
            "momentum-d", "EF(19): only the sum over nuclei is an equality",
            "largest |sum| over largest difference of one nucleus",
            np.abs(rates.sum(axis=1) - (electric + magnetic).sum(axis=1)).max() / per_nucleus.max(), high=1e-4,
        ),
    ]  # fmt: skip


def _without(fields: xr.Dataset) -> float:
    left, right = fields["identity_momentum_lhs"].values, fields["identity_momentum_rhs"].values
    D = fields["mean_internuclear_force"].values
    return float(np.abs(left - right + D).max() / np.abs(left - right).max())


def _same(one: Array, other: Array) -> float:
    return float(np.abs(one - other).max() / np.abs(one).max())
