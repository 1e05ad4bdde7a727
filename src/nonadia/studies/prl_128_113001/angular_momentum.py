"""Angular momentum, EF(18): a conical intersection, and two nuclei that turn around each other; no external magnetic field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import style
from nonadia.studies.statement import Statement, statement
from nonadia.units import FS

from .reading import Array, Data, above, group, letter, residual

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INTERSECTION, PAIR = "jahn-teller", "rotating-diatomic"
WEIGHT = {INTERSECTION: 0.5, PAIR: 1.0}  # of ⟨σ_y⟩ in the conserved angular momentum (linear, quadratic coupling)


def draw(data: Data) -> Figure:
    """(a), (c) angular momenta of nuclei and electrons, (b), (d) torques: dL/dt of Ψ, EF(18), that of the electric field."""
    figure = style.new_figure(9.8, 7.2)
    rows = figure.subplots(2, 2)
    for (momenta, torques), run, names in zip(rows, (INTERSECTION, PAIR), ("ab", "cd"), strict=True):
        fields = group(data, run)
        t = fields["time"].values / FS
        nuclei = [str(name) for name in fields["nucleus"].values]
        L, electrons = fields["angular_momentum"].values[:, :, 0], electronic(data, run)
        for k, colour in zip(range(len(nuclei)), style.OKABE_ITO, strict=False):
            name = f"_{{{nuclei[k]}}}" if len(nuclei) > 1 else ""
            momenta.plot(t, L[:, k], color=colour, label=f"$L{name}$")
            left, right, part = (
                1e3 * fields[which].values[:, k, 0]
                for which in ("identity_angular_momentum_lhs", "identity_angular_momentum_rhs", "torque_electric")
            )
            torques.plot(t, left, color=colour, linewidth=4.0, alpha=0.35, label=f"$dL{name}/dt$")
            torques.plot(t, right, color=colour, linewidth=1.2, label="EF(18)")
            torques.plot(t, part, color=colour, linestyle=style.DASHES[2], label="E alone")
        share = "½" if WEIGHT[run] == 0.5 else ""
        momenta.plot(t, electrons, color=style.GREY, linestyle=style.DASHES[1], label=f"{share}⟨$\\sigma_y$⟩")
        momenta.plot(t, L.sum(axis=1) + electrons, color=style.BLACK, linestyle=style.DASHES[3], label="sum")
        momenta.set_ylabel("angular momentum (ħ)")
        torques.set_ylabel("torque ($10^{-3}$ Hartree)")
        style.zero_line(torques)
        for axes, panel in ((momenta, names[0]), (torques, names[1])):
            axes.set_xlim(t[0], t[-1])
            axes.set_xlabel("time t (fs)")
            letter(axes, panel)
            above(axes, 4 if axes is momenta else 3)
    return figure


def electronic(data: Data, run: str) -> Array:
    """⟨σ_y⟩ of the two electronic states, times what an electron carries."""
    packet = group(data, run, "wavepacket")
    psi = packet["psi_real"].values + 1j * packet["psi_imag"].values
    volume = float(np.prod([packet[str(name)].values[1] - packet[str(name)].values[0] for name in packet["coordinate"].values]))
    return np.asarray(WEIGHT[run] * 2.0 * (psi[:, 0].conj() * psi[:, 1]).imag.sum(axis=(1, 2)) * volume)


def statements(data: Data) -> list[Statement]:
    """EF(18), the curvature's torque, conservation."""
    found = []
    for run, panels, words in ((INTERSECTION, "ab", "conical intersection"), (PAIR, "cd", "two nuclei")):
        fields = group(data, run)
        L, left = fields["angular_momentum"].values[:, :, 0], fields["identity_angular_momentum_lhs"].values[:, :, 0]
        alone = np.abs(fields["torque_electric"].values[:, :, 0] - left).max() / np.abs(left).max()
        total = L.sum(axis=1) + electronic(data, run)
        found += [
            statement(
                f"angular-momentum-{panels[0]}", f"Nuclei and electrons exchange angular momentum ({words})",
                "largest change of L of the nuclei", np.ptp(L.sum(axis=1)), "ħ", low=0.1,
            ),
            statement(
                f"angular-momentum-{panels[0]}", "… and their sum is conserved", "largest change of the sum", np.ptp(total),
                "ħ", high=1e-8,
            ),
            statement(
                f"angular-momentum-{panels[1]}", "EF(18): dL/dt is the torque of the force operator, for each nucleus",
                "largest |left - right| over largest |left|", residual(fields, "angular_momentum"), high=1e-5,
            ),
            statement(
                f"angular-momentum-{panels[1]}", "The electric field alone does not give it: the Berry curvature acts",
                "largest |torque of E - dL/dt| over largest |dL/dt|", alone, low=0.01,
            ),
        ]  # fmt: skip
    pair = group(data, PAIR)
    own, other = (np.abs(pair[f"mean_{kind}_force"].values).max(axis=0).min() for kind in ("intranuclear", "internuclear"))
    within = np.abs(pair["magnetic_power_intranuclear"].values).max()
    found += [
        statement(
            "angular-momentum-d", "A magnetic force within each nucleus, B × v", "smallest over components of the largest one",
            own, "Hartree/bohr", low=1e-4,
        ),
        statement(
            "angular-momentum-d", "… and one between the nuclei, D", "smallest over components of the largest one", other,
            "Hartree/bohr", low=1e-4,
        ),
        statement(
            "angular-momentum-d", "(B × v)·v = 0: the intranuclear magnetic force does no work", "largest power", within,
            "a.u.", high=1e-12,
        ),
    ]  # fmt: skip
    return found
