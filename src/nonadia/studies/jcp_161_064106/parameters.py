"""The parameters of this study (all ours) and the runs that its figures are made from."""

from __future__ import annotations

from typing import Any

from ..study import Run

EPS0, LAM, GAMMA, Q = 60.0, 15.0, 20.0, 0.2  # meV, meV, meV, 1
A = 0.3  # width of the switch, as junction-position-dependent and junction-vibration have it
BANDWIDTH = 10_000.0  # meV, likewise, of junction and junction-position-dependent
OMEGA_Q = LAM_Q = 300.0  # meV
BIASES = (0.3, 0.5)  # V: panels (a) and (b) of Fig. 5; Fig. 7 is at the second
TEMPERATURE = 300.0  # K

LEVEL: dict[str, Any] = {"parameters.eps0": f"{EPS0:g} meV", "parameters.lam": f"{LAM:g} meV"}
CONSTANT: dict[str, Any] = LEVEL | {"parameters.Gamma": f"{GAMMA / 2:g} meV"}  # far from x = 0 one lead of GAMMA is left
SWITCHED: dict[str, Any] = LEVEL | {"parameters.Gamma": f"{GAMMA:g} meV", "parameters.q": Q}
VIBRATION: dict[str, Any] = SWITCHED | {"parameters.omega_q": f"{OMEGA_Q:g} meV", "parameters.lam_q": f"{LAM_Q:g} meV"}
SAME_BAND: dict[str, Any] = {"leads.L.bandwidth": "5 eV", "leads.R.bandwidth": "5 eV"}  # as junction-vibration

_FINE = {"start": -20, "stop": 14, "points": 681}
_EQUILIBRIUM_FINE = {"start": -13, "stop": 7, "points": 401}  # the ends of _EQUILIBRIUM: potentials start at the right one
_MARKERS = [-16, -14, -12, -10, -8, -6.5, -5, -4, -3.5, -2.8, -2.2, -1.5, -1, -0.6, -0.3, -0.15, 0,
            0.15, 0.3, 0.6, 1, 2, 3.5, 5, 7]  # fmt: skip
_SWITCH = [-1, -0.8, -0.6, -0.45, -0.3, -0.2, -0.15, -0.1, -0.05, 0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6, 0.8, 1]
_EQUILIBRIUM = [-13, -12, -11, -10, -9, -8, -7, -6, -5, -4.5, -4, -3.5, -3.2, -3, -2.8, -2.6, -2.2, -1.8, -1.4,
                *_SWITCH, 1.5, 2, 3, 4, 5, 6, 7]  # fmt: skip
_DRIVEN = [-19, -18, -17, -16.5, -16.2, -15.9, -15.6, -15, -14.5, -14, -13, -12, -11, -10, -9, -8.5, -8.2, -7.9, -7.6,
           -7, -6, -5, -4, -3, -2.2, -1.5, *_SWITCH, 1.5, 1.8, 2.1, 2.5, 3, 4, 5, 6, 7, 8, 9, 10, 10.3, 10.6, 11, 11.5,
           12, 13]  # fmt: skip
_NEAR_INELASTIC = [-12, -11, -10, -9, -8, -7, -6.6, -6.3, -6, -5.7, -5.4, -5.1, -4.8, -4.5, -4, -3, -2,
                   0.3, 0.45, 0.6, 0.8, 1, 1.2, 1.5, 1.8, 2.1, 2.5, 3, 4, 5, 6]  # fmt: skip

NO_BIAS: dict[str, Any] = {"parameters.bias": "0 V"}
_SWEEP: dict[str, Any] = {"sweep.bias": ["0 V", *(f"{bias:g} V" for bias in BIASES)]}
_DRIVEN_BY: dict[str, Any] = {"parameters.bias": f"{BIASES[1]:g} V"}
_HEOM: dict[str, Any] = {"forces.method": "heom", "forces.x": _MARKERS}
_GLOBAL: dict[str, Any] = {"forces.tolerance_mode": "global", "forces.tolerance": 2e-3}
_EXACT: dict[str, Any] = {"forces.x": _FINE}
_SHIPPED: dict[str, Any] = {"forces.x": {"start": -16, "stop": 9, "points": 1001}}  # the rest as shipped
SLOWER = OMEGA_Q - 50.0  # meV: the second frequency of the quantum mode, to see its extrema of Eq. (64) move

RUNS = (
    Run("constant", "junction", CONSTANT | NO_BIAS | _EXACT),
    Run("constant-heom", "junction", CONSTANT | NO_BIAS | _HEOM),
    Run("switched", "junction-position-dependent", SWITCHED | _SWEEP | _EXACT),
    Run("switched-heom", "junction-position-dependent", SWITCHED | _SWEEP | _HEOM),
    Run("without-vibration", "junction-position-dependent", SWITCHED | SAME_BAND | NO_BIAS | {"forces.x": _EQUILIBRIUM_FINE}),
    Run("without-vibration-bias", "junction-position-dependent", SWITCHED | SAME_BAND | _DRIVEN_BY | _EXACT),
    Run("vibration", "junction-vibration", VIBRATION | NO_BIAS | {"forces.x": _EQUILIBRIUM}),
    Run("vibration-bias", "junction-vibration", VIBRATION | _DRIVEN_BY | _GLOBAL | {"forces.x": _DRIVEN}),
    Run(
        "vibration-slower",
        "junction-vibration",
        VIBRATION | {"parameters.omega_q": f"{SLOWER:g} meV"} | _DRIVEN_BY | _GLOBAL | {"forces.x": _NEAR_INELASTIC},
    ),
    Run("shipped-constant", "junction", _SHIPPED),
    Run("shipped-switched", "junction-position-dependent", _SHIPPED),
)
