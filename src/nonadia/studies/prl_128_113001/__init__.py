"""Every figure of C. Li, R. Requist, E. K. U. Gross, Phys. Rev. Lett. 128, 113001 (2022), EF, from shipped inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nonadia.studies.study import Study

_OURS = "All parameters are ours: the Letter's are in a supplement that we did not have."


def study() -> Study:
    """Figs. 1 and 2, and what the Letter's text says about regimes, momentum, work, angular momentum and gauges."""
    from nonadia.studies.study import Calculation, Figure, Run, Study

    from . import angular_momentum, figure_1, figure_2, figure_2_statements, gauge, momentum, packets, regimes, single_nuclei

    none, every = {"factorization.fields": "none"}, {"factorization.fields": "all"}
    phase = every | {"factorization.gauge": "adiabatic-phase", "factorization.gauge_state": 2}
    temporal = every | {"factorization.gauge": "temporal", "propagation.duration": "T0/4", "propagation.store_every": "T0/544"}
    instants = {"factorization.fields": ["T0/8", "5*T0/8"]}
    paths = none | {"trajectories.quantum": 100, "propagation.duration": "T0/2"}
    laser = none | {"parameters.ramp": "1 fs", "propagation.duration": "1 fs", "propagation.store_every": "0.02 fs"}
    psi = none | {"propagation.store_psi": True}
    return Study(
        name="prl-128-113001",
        title="Energy, momentum and angular momentum transfer between electrons and nuclei",
        source="C. Li, R. Requist, E. K. U. Gross, Phys. Rev. Lett. 128, 113001 (2022)",
        note=f"{_OURS} 13 statements are not reproduced with them; the tables say which and why.",
        runs=(
            Run("spiral", "spiral", none),
            Run("diatomic-letter", "diatomic-letter", instants),
            Run("diatomic-nonadiabatic", "diatomic-nonadiabatic", none),
            Run("diatomic", "diatomic", every),
            Run("diatomic-adiabatic", "diatomic-adiabatic", every),
            Run("adiabatic-temporal-gauge", "diatomic-adiabatic", temporal),
            Run("adiabatic-phase-gauge", "diatomic-adiabatic", phase),
            Run("intermediate-temporal-gauge", "diatomic", temporal),
            Calculation("marginal-packets", packets.compute, packets.NOTE),
            Run("intermediate-phase-gauge", "diatomic", phase),
            Run("jahn-teller", "jahn-teller", psi),
            Run("quantum-trajectories", "diatomic", paths),
            Calculation("single-nuclei", single_nuclei.compute, single_nuclei.NOTE),
            Run("rotating-diatomic", "rotating-diatomic", psi),
            Run("h2plus-laser", "h2plus", laser),
        ),
        figures=(
            Figure(
                "figure-1",
                "Fig. 1: two nuclei on a spiral",
                "Centre of the packet in the exactly solvable model EF(20)-(24), ten cycles of T0 = 6.8 fs. (a) Its way in "
                "the plane of X1 and X2 by Newton's equation, with the exact mean force and without the internuclear "
                "magnetic force D. (b) Kinetic energy of the centre, and below how far it is from that of the packet. "
                f"{_OURS}",
                figure_1.draw,
                figure_1.statements,
                ("spiral",),
            ),
            Figure(
                "figure-2",
                "Fig. 2: energy transfer after a vertical excitation",
                "Two-level diatomic molecule, T0 = 13.6 fs. (a) Born-Oppenheimer surfaces; the packet as (⟨R⟩, E_BO) over "
                "time with dots and arrows. (b), (d) |χ|²/2, 100 v, 5 F and five times the forces of the surfaces at T0/8 "
                f"and 5T0/8 (v and F where |χ|² is above 0.1% of its maximum). (c) Rates; dots: the two instants. {_OURS} "
                "Shown is diatomic-letter (gap 0.025 Hartree, coupling of width 0.12 bohr at R = 1 bohr), the nearest to "
                "the Letter's Fig. 2(c) that was found.",
                figure_2.draw,
                figure_2_statements.statements,
                ("diatomic-letter",),
            ),
            Figure(
                "regimes",
                "Adiabatic regimes: energies and populations",
                "The Letter's text on the adiabatic regimes. (a) Rates, (b) marginal and geometric kinetic energy and the "
                f"change of the electrons' energy E_BO, (c) populations of the surfaces. {_OURS}",
                regimes.draw,
                regimes.statements,
                ("diatomic-nonadiabatic", "diatomic", "diatomic-adiabatic"),
            ),
            Figure(
                "momentum",
                "Momentum and work: EF(17), EF(19)",
                "Spiral, two cycles: (a) mean forces F and, hundredfold, D; (b) power of the magnetic force on each "
                "nucleus, and the sum. (c) Intermediate molecule: dP/dt of the full wave function, the mean force, and the "
                "mean of the force function over 100 quantum trajectories. (d) Conical intersection, x and y as two nuclei "
                f"in one dimension: rate of T_marg of one nucleus less the work of all forces on it. "
                f"Not drawn: H2+ in a laser. {_OURS}",
                momentum.draw,
                momentum.statements,
                ("spiral", "quantum-trajectories", "single-nuclei", "h2plus-laser"),
            ),
            Figure(
                "angular-momentum",
                "Angular momentum: EF(18)",
                "(a), (b) A particle around a conical intersection (linear E x e), (c), (d) two nuclei that turn around "
                "each other with an electron in p orbitals. Left: angular momenta of nuclei and electrons and their sum. "
                "Right: dL/dt of the full wave function, the torque of the force operator, and that of the effective "
                f"electric field alone. {_OURS} The Letter shows no example of EF(18).",
                angular_momentum.draw,
                angular_momentum.statements,
                ("jahn-teller", "rotating-diatomic"),
            ),
            Figure(
                "gauge",
                "Energy of the marginal system in several gauges",
                "⟨χ|H_n|χ⟩ in the temporal gauge (dots: χ propagated alone until T0/4), with Φ real and positive along BO "
                "state 2 (adiabatic phase), and with A = 0, for (a) the adiabatic and (b) the intermediate molecule. Until T0: "
                "later the other two gauges have spikes, where ⟨φ_2|Φ⟩ or n nearly vanishes. (c) Adiabatic: what T_marg and "
                f"the mean scalar potential of the temporal gauge exchange. {_OURS}",
                gauge.draw,
                gauge.statements,
                (
                    "diatomic-adiabatic",
                    "adiabatic-temporal-gauge",
                    "intermediate-temporal-gauge",
                    "marginal-packets",
                    "adiabatic-phase-gauge",
                    "diatomic",
                    "intermediate-phase-gauge",
                ),
            ),
        ),
    )
