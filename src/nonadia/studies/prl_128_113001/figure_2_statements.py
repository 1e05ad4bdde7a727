"""What the Letter says about Fig. 2, measured on `diatomic-letter`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nonadia.plot import closed
from nonadia.studies.statement import Statement, statement

from .figure_2 import EARLY, LATE, RUN
from .figure_2_late import after_passage, power
from .reading import (
    RATE,
    RATE_UNIT,
    SEEN,
    SMALL,
    Array,
    Data,
    cycles,
    during,
    group,
    parameters,
    residual,
    snapshot,
)

if TYPE_CHECKING:
    import xarray as xr

ROUGHLY = 1 / 16  # of T0: half of the T0/8 in which the Letter counts
_DELAYED = (
    "ours is 0.09 T0 later, where T0/8 is the way from a maximum to zero: dT_geo/dt, negative around 5T0/8 and positive behind "
    "it, moves the maximum of dT_n/dt; that of dT_marg/dt is where the Letter has it"
)


def statements(data: Data) -> list[Statement]:
    """In the order of the panels."""
    return _surfaces(data) + _early(data) + _rates(data) + after_passage(data)


def _surfaces(data: Data) -> list[Statement]:
    """What the motion shows; that the surfaces are harmonic, T0, and where the packet starts are input."""
    packet, given = group(data, RUN, "wavepacket"), parameters(data, RUN)
    population = packet["adiabatic_population"].values[:, 1]
    s = packet["time"].values / given["T0"]
    half = float(np.interp(0.5, s, population))
    leaving = np.where(during(s, 0.0, 0.5), -np.gradient(population, s), -np.inf)
    T_n, T_free = packet["nuclear_kinetic_energy"].values, free(data).kinetic
    gained = float(np.interp(0.5, s, T_n - T_free))
    return [
        statement(
            "figure-2a", "The packet splits as it goes through the avoided crossing between R = 0.5 and 1 bohr",
            "⟨R⟩ when population leaves BO2 fastest, first passage", packet["position"].values[np.argmax(leaving), 0], "bohr",
            low=0.5, high=1.0,
        ),
        statement(
            "figure-2a", "… into two branches, one on each surface", "population of BO2 at T0/2", half, low=0.1, high=0.9,
        ),
        statement(
            "figure-2a", "The transfer to the lower surface gives energy of the electrons to the nuclei",
            "T_n at T0/2 less that without coupling", gained, "Hartree", low=1e-3,
        ),
    ]  # fmt: skip


@dataclass(frozen=True)
class Free:
    """The motion on the upper surface without coupling: kinetic energy and its rate along the run."""

    kinetic: Array
    rate: Array


def free(data: Data) -> Free:
    """A packet in the parabola k2 (R - R2)²/2 from rest at distance 0.5: T = P²/2M + σ_p²/2M, closed form.

    P = -M ω d sin ωt;  σ_p² = ⟨p²⟩ cos² ωt + M²ω²⟨x²⟩ sin² ωt, of the ground state of the lower surface.
    """
    given = parameters(data, RUN)
    M, w, w_1 = given["M"], np.sqrt(given["k2"] / given["M"]), np.sqrt(given["k1"] / given["M"])
    x2, p2, d = 1 / (2 * M * w_1), M * w_1 / 2, 0.5
    t = group(data, RUN)["time"].values
    swing = (M * w * d) ** 2 + (M * w) ** 2 * x2 - p2
    return Free(np.asarray((p2 + swing * np.sin(w * t) ** 2) / (2 * M)), np.asarray(swing * w * np.sin(2 * w * t) / (2 * M)))


def _instants(data: Data) -> tuple[xr.Dataset, Array, float]:
    fields, period = group(data, RUN), parameters(data, RUN)["T0"]
    return fields, cycles(fields, period), period


def _early(data: Data) -> list[Statement]:
    fields, _, period = _instants(data)
    upper = group(data, RUN, "wavepacket")["adiabatic_force"].values[1, 0]
    at = snapshot(fields, EARLY * period)
    there = at.within(SEEN)
    ratio = at.slope(at.F, there) / at.slope(upper, there)
    return [
        statement(
            "figure-2b", "At T0/8 the exact force has a slope similar to that of F_BO2",
            "slope of F over that of F_BO2, weighted with n", ratio, near=(1.0, 0.1),
        ),
        statement(
            "figure-2b", "… and is amplified by quantum corrections", "slope of F over that of F_BO2, less 1", ratio - 1.0,
            low=0.01,
            known="ours: the packet is still left of the coupling at T0/8, and F has the slope of F_BO2 to 1e-4",
        ),
        power(data, "figure-2b", EARLY),
    ]  # fmt: skip


def _rates(data: Data) -> list[Statement]:
    fields, s, _ = _instants(data)
    marg, whole, geo = (RATE * fields[f"rate_{name}"].values for name in ("T_marg", "T_n", "T_geo"))
    apart = np.abs(marg - RATE * free(data).rate)
    first = np.abs(marg).max()
    before, after = apart[during(s, 0.0, 0.5)].max(), apart[during(s, 0.5, 1.0)].max()
    again = np.abs(np.interp(s[during(s, 0.5, 1.0)] - 0.5, s, marg) - marg[during(s, 0.5, 1.0)]).max()
    until = during(s, 0.0, LATE)
    unimportant, built = np.abs(geo[until]).max(), np.abs(geo[during(s, LATE, 1.5)]).max()
    early, late = (float(np.interp(part, s, marg)) for part in (EARLY, LATE))
    found = []
    for name, rate in (("T_marg", marg), ("T_n", whole)):
        peaks = [float(s[i]) for i in closed.maxima(s, rate)][:2]
        for part, peak, words in zip((EARLY, LATE), peaks, ("first maximum", "second maximum"), strict=True):
            when = "T0/8" if part == EARLY else "5T0/8"
            found.append(
                statement(
                    "figure-2c", f"The {words} of d{name}/dt is roughly at {when}", "its time over T0", peak,
                    near=(part, ROUGHLY), error=float(s[1] - s[0]) / 2,
                    known=_DELAYED if name == "T_n" and part == LATE else "",
                )
            )  # fmt: skip
    found += [
        statement(
            "figure-2c", "dT_marg/dt decreases significantly from T0/8 to 5T0/8",
            f"{late:.3f} {RATE_UNIT} over {early:.3f} at T0/8", late / early, high=0.75,
        ),
        statement(
            "figure-2c", "For t > T0/2 the rate is no longer periodic",
            "largest |dT_marg/dt(t) - dT_marg/dt(t - T0/2)| over largest rate", again / first, low=0.25,
        ),
        statement(
            "figure-2c", "Its departure from the periodic motion without coupling comes after T0/2",
            "largest departure between T0/2 and T0 over that before T0/2", after / before, low=2.0,
        ),
        statement(
            "figure-2c", "… and is none before T0/2 (if the Letter's sentence is read so)",
            "largest departure before T0/2 over largest rate", before / first, high=0.1,
            known="ours begins with the first passage of the coupling, from T0/4 on: at T0/2 the packet turns round at R = 1",
        ),
        statement(
            "figure-2c", "dT_geo/dt is unimportant before 5T0/8", "largest |dT_geo/dt| until then over largest dT_marg/dt",
            unimportant / first, high=SMALL,
            known="ours is largest at 0.45 T0, where it is 24% of dT_marg/dt; at 5T0/8 it is 18%",
        ),
        statement(
            "figure-2c", "… on average", "mean |dT_geo/dt| over mean |dT_marg/dt|, until 5T0/8",
            np.abs(geo[until]).mean() / np.abs(marg[until]).mean(), high=SMALL,
        ),
        statement(
            "figure-2c", "… and builds up as χ crosses again and again", "largest |dT_geo/dt| after 5T0/8 over that before",
            built / unimportant, low=3.0,
        ),
        statement(
            "figure-2c", "EF(5): T_n = T_marg + T_geo (of χ and A; of the metric; of the full wave function)",
            "largest residual at the two instants", _parts(data), "Hartree", high=1e-6,
        ),
        statement(
            "figure-2c", "E_tot = T_marg + T_geo + E_BO is conserved", "largest change", np.ptp(_total(fields)), "Hartree",
            high=1e-7,
        ),
        statement(
            "figure-2c", "EF(10): dT_marg/dt is the work of E on the nuclei", "largest |left - right| over largest |left|",
            residual(fields, "power"), high=1e-5,
        ),
        statement(
            "figure-2c", "EF(17): dP/dt is the mean force", "largest |left - right| over largest |left|",
            residual(fields, "momentum"), high=1e-5,
        ),
    ]  # fmt: skip
    return found


def _parts(data: Data) -> float:
    """T_marg from n and v of the two instants, T_geo from the metric, T_n from Ψ."""
    fields, packet = group(data, RUN), group(data, RUN, "wavepacket")
    given, worst = parameters(data, RUN), 0.0
    for part in (EARLY, LATE):
        at = snapshot(fields, part * given["T0"])
        geometric = float(np.interp(at.time, fields["time"], fields["T_geo"]))
        whole = float(np.interp(at.time, packet["time"], packet["nuclear_kinetic_energy"]))
        worst = max(worst, abs(at.marginal_energy(given["M"]) + geometric - whole))
    return worst


def _total(fields: xr.Dataset) -> Array:
    return np.asarray(fields["T_marg"].values + fields["T_geo"].values + fields["E_BO"].values)
