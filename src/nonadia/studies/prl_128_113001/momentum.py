"""Momentum, EF(17), and work, EF(19): the internuclear force, its power on each nucleus, and quantum trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import style
from nonadia.studies.statement import Statement, statement
from nonadia.units import FS

from .reading import Array, Data, above, during, group, letter, parameters, residual, smooth
from .spiral import Spiral

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPIRAL, MOLECULE, SINGLE, LASER = "spiral", "quantum-trajectories", "single-nuclei", "h2plus-laser"
_SHOWN = 2.0  # cycles of the spiral


def draw(data: Data) -> Figure:
    """(a) F̄ and 100 D̄ on the nuclei, (b) magnetic powers, (c) dP/dt three ways, (d) what EF(19) leaves for one nucleus."""
    figure = style.new_figure(9.8, 7.2)
    (forces, powers), (momenta, alone) = figure.subplots(2, 2)
    fields = group(data, SPIRAL)
    now = during(fields["time"].values / parameters(data, SPIRAL)["T0"], 0.0, _SHOWN)
    t = fields["time"].values[now] / FS
    D = fields["mean_internuclear_force"].values[now]
    F = fields["identity_momentum_rhs"].values[now] - D
    magnetic = fields["magnetic_power"].values[now]
    single = data[SINGLE].to_dataset()
    then = single["time"].values / FS
    left_over = (single["rate"] - single["electric_power"] - single["magnetic_power"]).values
    for k, colour in enumerate(style.OKABE_ITO[:2]):
        forces.plot(*smooth(t, 1e2 * F[:, k]), color=colour, label=f"$\\bar F_{k + 1}$")
        forces.plot(*smooth(t, 1e4 * D[:, k]), color=colour, linestyle=style.DASHES[1], label=f"100 $\\bar D_{k + 1}$")
        powers.plot(*smooth(t, 1e8 * magnetic[:, k]), color=colour, label=f"nucleus {k + 1}")
        name = str(single["nucleus"].values[k])
        alone.plot(*smooth(then, 1e6 * left_over[:, k]), color=colour, label=f"nucleus {name}")
    powers.plot(t, 1e8 * magnetic.sum(axis=1), color=style.BLACK, linestyle=style.DASHES[1], label="sum")
    total = 1e6 * left_over.sum(axis=1)
    alone.plot(then, total, color=style.BLACK, linestyle=style.DASHES[1], label="sum")
    forces.set_ylabel("force ($10^{-2}$ Hartree/bohr)")
    powers.set_ylabel("magnetic power ($10^{-8}$ a.u.)")
    alone.set_ylabel("$dT_{\\mu,marg}/dt$ - work on $\\mu$ ($10^{-6}$ a.u.)")
    molecule, paths = group(data, MOLECULE), group(data, MOLECULE, "trajectories")
    passed = molecule["time"].values / FS
    momenta.plot(passed, molecule["identity_momentum_lhs"].values[:, 0], color="#c4c4c4", linewidth=4.0, label="$dP/dt$ of Ψ")
    momenta.plot(passed, molecule["identity_momentum_rhs"].values[:, 0], color=style.OKABE_ITO[0], label="$\\int nF$")
    every = slice(None, None, 4)
    where, mean = paths["time"].values[every] / FS, _ensemble(data)[every]
    momenta.plot(where, mean, "o", color=style.OKABE_ITO[1], markersize=4, label="mean of trajectories")
    momenta.set_ylabel("force (Hartree/bohr)")
    for axes, name, last in (
        (forces, "a", t),
        (powers, "b", t),
        (momenta, "c", passed),
        (alone, "d", then),
    ):
        style.zero_line(axes)
        axes.set_xlim(0.0, last[-1])
        axes.set_xlabel("time t (fs)")
        letter(axes, name)
        above(axes, 4)
    return figure


def _ensemble(data: Data) -> Array:
    """Mean force function on the quantum trajectories."""
    return np.asarray(group(data, MOLECULE, "trajectories")["quantum_force"].values[:, :, 0].mean(axis=1))


def statements(data: Data) -> list[Statement]:
    """EF(17), (19), the powers that cancel, and what does not hold for one nucleus."""
    return _spiral(data) + _molecule(data) + _single(data) + _laser(data)


def _spiral(data: Data) -> list[Statement]:
    fields = group(data, SPIRAL)
    D = fields["mean_internuclear_force"].values
    magnetic, electric = fields["magnetic_power"].values, fields["electric_power"].values
    rates = Spiral.of(parameters(data, SPIRAL)).rates(fields["time"].values).T
    sizes = np.abs(magnetic).max(axis=0)
    return [
        statement(
            "momentum-a", "The internuclear curvature does not vanish: D acts on both nuclei", "smaller of the two largest |D|",
            np.abs(D).max(axis=0).min(), "Hartree/bohr", low=1e-5,
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
        statement(
            "momentum-b", "The work of E (here that of F) alone is not dT_μ,marg/dt of one nucleus",
            "smaller of the two largest differences", np.abs(rates - electric).max(axis=0).min(), "a.u.", low=1e-8,
        ),
    ]  # fmt: skip


def _molecule(data: Data) -> list[Statement]:
    molecule = group(data, MOLECULE)
    left = molecule["identity_momentum_lhs"].values[:, 0]
    return [
        statement(
            "momentum-c", "EF(17), molecule", "largest |left - right| over largest |left|", residual(molecule, "momentum"),
            high=1e-5,
        ),
        statement(
            "momentum-c", "Averaged over an ensemble of trajectories the force function gives dP/dt",
            "largest difference over largest |dP/dt|, until T0/2", np.abs(_ensemble(data) - left).max() / np.abs(left).max(),
            high=0.02,
        ),
    ]  # fmt: skip


def _single(data: Data) -> list[Statement]:
    single = data[SINGLE].to_dataset()
    rate, electric, magnetic = (single[name].values for name in ("rate", "electric_power", "magnetic_power"))
    error = float(np.abs(rate.sum(axis=1) - single["rate_T_marg"].values).max())
    off = np.abs(rate - electric - magnetic)
    words = "smaller of the two largest differences"
    return [
        statement(
            "momentum-d", "dT_μ,marg/dt of a single nucleus is not the work of the force operator on it", words,
            off.max(axis=0).min(), "a.u.", low=1e-6, error=error,
        ),
        statement(
            "momentum-d", "… nor that of E alone (in one dimension F = E)", words, np.abs(rate - electric).max(axis=0).min(),
            "a.u.", low=1e-6, error=error,
        ),
        statement(
            "momentum-d", "EF(19): only the sum over nuclei is an equality",
            "largest |sum| over largest difference of one nucleus",
            np.abs((rate - electric - magnetic).sum(axis=1)).max() / off.max(), high=0.01, error=error / off.max(),
        ),
    ]  # fmt: skip


def _laser(data: Data) -> list[Statement]:
    """Electrons in a field: it changes A and ε, not the form of EF(10)."""
    fields = group(data, LASER)
    return [
        statement(
            "momentum", "EF(10) has the same form when a field acts on the electrons (H2+ in a laser, 1 fs)",
            "largest |left - right| over largest |left|", residual(fields, "power"), high=1e-5,
        ),
        statement(
            "momentum", "(ours) … and the field does act: the energy changes", "largest change of E_tot",
            np.ptp(fields["E_total"].values), "Hartree", low=1e-3,
        ),
        statement(
            "momentum", "(ours) … and reaches the nuclei, which were at rest in the ground state", "largest |dT_marg/dt|",
            np.abs(fields["identity_power_lhs"].values).max(), "a.u.", low=1e-6,
        ),
    ]  # fmt: skip


def _same(one: Array, other: Array) -> float:
    return float(np.abs(one - other).max() / np.abs(one).max())
