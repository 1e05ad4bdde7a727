"""Mäck, Thoss, Rudge, J. Chem. Phys. 161, 064106 (2024): every figure, and what the paper says about it.

    parameters  ours; the runs
    curves      one bias of a run; extrema; the positions of LD(58), (62), (64)
    panels      what the figures share
    equilibrium statements of more than one figure; wide_band  LD(55)
    inelastic   positions of the extrema in Fig. 7
    figure_1 … figure_7   draw(data), statements(data)
    shipped_parameters    likewise, for junction and junction-position-dependent as they are shipped

LD(n) is equation n of the paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..study import Study


def study() -> Study:
    """The study, without computing anything."""
    from ..study import Study
    from . import figure_1, figure_2, figure_3, figure_4, figure_5, figure_6, figure_7, shipped_parameters
    from .parameters import EPS0, GAMMA, LAM, OMEGA_Q, RUNS, A, Q

    modules = (figure_1, figure_2, figure_3, figure_4, figure_5, figure_6, figure_7, shipped_parameters)
    return Study(
        name="jcp-161-064106",
        title="Electronic friction with a coupling that depends on the position",
        source="M. Mäck, M. Thoss, S. L. Rudge, J. Chem. Phys. 161, 064106 (2024)",
        note=(
            "All parameters are ours: the numbers of the paper were not available to us. One set serves Figs. 1 to 7: "
            f"eps0 = {EPS0:g} meV, lam = {LAM:g} meV, Gamma = {GAMMA:g} meV (half of it, constant, in Fig. 1), a = {A:g}, "
            f"q = {Q:g}, Omega = 4 meV, 300 K, half width of the bands 10 eV (5 eV in Figs. 6 and 7), "
            f"omega_q = lam_q = {OMEGA_Q:g} meV. One more figure, shipped-parameters, has junction and "
            "junction-position-dependent as they are shipped (eps0 = 100, lam = 20, Gamma = 50 meV, q = 0.1; ours, too): two "
            "wells with a barrier at x'."
        ),
        runs=RUNS,
        figures=tuple(module.FIGURE for module in modules),
    )
