"""Exponents tuned on the non-interacting partner model: the fewest poles for a given error of F, γ and D.

With g(ε) the error of the fitted J f, F and γ of the partner are linear in g, and D is bilinear (theory B6):

    δF = ∫ K_F g,   δγ = ∫ K_γ g,   δD = ∫ [P_KK' g_K J(1-f)_K' - P_KK' (J f)_K g_K'] - ∫ P_KK' g_K g_K'.

The kernels (`tabulated`) depend on the molecule and not on the occupation; for given pole positions the residues then follow
from linear least squares on exactly the observables that matter, and the positions from a small non-linear fit. Poles lie on
the line Re ε = μ (as those of the Fermi function do); the poles of J itself are always kept, so that J f + J(1-f) = J holds
identically. Measured on J2 (W = 10 eV, 300 K): 1e-4 of the maximum with 5, and 1e-4 at every x with 8 exponents per lead and
sign, where Padé needs 15 for D and 41-60 for F (theory B2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import least_squares

from ..baths.exponents import Exponents
from ..baths.pade import fermi
from ..models.frozen import LeadBath
from .tabulated import Kernels

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

RIDGE = 1e-6  # keeps residues of neighbouring poles from growing against each other
TABLE = 160  # positions κ' for which the targets are tabulated
NORM_STEPS = 10  # reweighting steps from least squares towards the smallest largest error


@dataclass(frozen=True)
class _Bath:
    """Leads that share one temperature and one J relative to μ, and their poles relative to μ (κ' = κ + iμ)."""

    leads: tuple[int, ...]
    bath: LeadBath

    @cached_property
    def band(self) -> ComplexArray:
        poles = self.bath.width.poles - self.bath.chemical_potential
        return -1j * poles.conj()

    @property
    def band_residue(self) -> ComplexArray:
        """η with 2 Re Σ η/(κ' + iz) = J."""
        return 1j * self.bath.width.residues.conj()

    @cached_property
    def symmetric(self) -> bool:
        """J(μ + z) = J(μ - z): then f - ½ is odd in z, and so is its fit."""
        return bool(np.all(np.abs(self.band.imag) <= 1e-12 * np.abs(self.band)))

    def energies(self, reach: float) -> FloatArray:
        """Energies relative to μ, from well inside k_BT to `reach`, where J f itself is compared."""
        positive = thermal_grid(self.bath.temperature, reach, 40)
        return positive if self.symmetric else np.concatenate([-positive[::-1], positive])

    def exact(self, z: FloatArray) -> FloatArray:
        """J (f - ½) at z = ε - μ."""
        return -0.5 * self.bath.width(z + self.bath.chemical_potential) * np.tanh(0.5 * z / self.bath.temperature)

    @property
    def per_pole(self) -> int:
        """Real basis functions of each pole: the odd one, and without symmetry the even one."""
        return 1 if self.symmetric else 2

    def of_pole(self, pole: complex, z: FloatArray) -> list[NDArray]:
        """2 Re i/(κ' + iz), and without symmetry 2 Re 1/(κ' + iz), at z = ε - μ."""
        if pole.imag == 0.0:
            scaled = np.asarray(2.0 / (pole.real**2 + z**2), dtype=float)
            return [z * scaled] if self.symmetric else [z * scaled, pole.real * scaled]
        inverse = 2.0 / (pole + 1j * z)
        return [-inverse.imag] if self.symmetric else [-inverse.imag, inverse.real]

    def basis_poles(self, kappa: FloatArray) -> FloatArray:
        """|κ'| belonging to each function of `functions`."""
        poles = np.concatenate([np.abs(self.band), kappa])
        return poles if self.symmetric else np.tile(poles, 2)

    def exponents(self, kappa: FloatArray, weights: FloatArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
        """κ', η^+, η^- from the weights of `functions` and the even part ½J."""
        poles = np.concatenate([self.band, kappa.astype(complex)])
        eta = 1j * weights[: poles.size].astype(complex)
        if not self.symmetric:
            eta = eta + weights[poles.size :]
        full = np.zeros(poles.size, dtype=complex)
        full[: self.band.size] = self.band_residue
        eta = eta + 0.5 * full
        return poles, eta, np.conj(full - eta)


def thermal_grid(temperature: float, reach: float, count: int) -> FloatArray:
    """Positive energies up to `reach`, even inside k_BT and geometric beyond."""
    return temperature * np.sinh(np.linspace(np.arcsinh(0.3), np.arcsinh(reach / temperature), count))


def filled_error(lead: LeadBath, exponents: Exponents, reach: float) -> float:
    """max |J f_fit - J f| within `reach` of μ (J has its maximum near 1), on a grid finer than that of the fit."""
    positive = thermal_grid(lead.temperature, reach, 333)
    z = np.concatenate([-positive[::-1], [0.0], positive])
    energy = z + lead.chemical_potential
    return float(np.abs(exponents.filled(energy) - lead.width(energy) * fermi(z / lead.temperature)).max())


def _baths(leads: Sequence[LeadBath]) -> list[_Bath]:
    groups: list[_Bath] = []
    for k, lead in enumerate(leads):
        for i, group in enumerate(groups):
            poles = lead.width.poles - lead.chemical_potential
            same = (
                np.isclose(lead.temperature, group.bath.temperature, rtol=1e-12)
                and poles.size == group.bath.width.poles.size
                and np.allclose(poles, group.bath.width.poles - group.bath.chemical_potential, rtol=1e-12)
                and np.allclose(lead.width.residues, group.bath.width.residues, rtol=1e-12)
            )
            if same:
                groups[i] = _Bath((*group.leads, k), group.bath)
                break
        else:
            groups.append(_Bath((k,), lead))
    return groups


class BathFit:
    """Fits for the geometries of the kernels; `fit(count)` gives one Exponents per lead with `count` poles besides the bands'.

    pointwise: errors relative to the value at each geometry instead of the largest over all.
    reach: J f itself is compared, too, at every energy up to this distance from μ (Hartree), with this weight relative to F,
        γ and D. With weight 1 it is kept as right as they are: an interacting molecule exchanges electrons at energies
        that its partner model never visits, and a wrong f there heats vibrations. A small weight is always needed: with few
        geometries F and γ, and D to first order, can be met by an f that is far off, which D sees in second order.
    """

    def __init__(
        self, leads: Sequence[LeadBath], k: Kernels, pointwise: bool = False, reach: float = 0.0, weight: float = 1.0
    ) -> None:
        self.leads = leads
        self.baths = _baths(leads)
        self.kernels, c = k, k.coordinates
        # linearised kernels of all targets (K, T, e): F and γ as they are, D around the exact occupation
        around = np.einsum("kqte,qe->kte", k.bilinear, k.empty) - np.einsum("qkte,qe->kte", k.bilinear, k.filled)
        self.targets = np.concatenate([k.linear, around], axis=1)
        sums = k.forces()
        exact = np.concatenate([values.reshape(len(values), -1) for values in sums], axis=1)
        self.scale = np.empty_like(exact)
        for block in (slice(0, c), slice(c, c + c * c), slice(c + c * c, None)):
            local = np.abs(exact[:, block]).max(axis=1, keepdims=True)
            # between the two: costs no pole, and keeps exponentially small tails from getting an arbitrary sign
            self.scale[:, block] = local if pointwise else np.sqrt(local.max() * np.maximum(local, 1e-4 * local.max()))
        self.scale[self.scale == 0] = 1.0
        widths = [bath.width(k.energy) for bath in self.leads]
        self.reach, self.weight = reach, weight
        goal = [self._project([f - 0.5 * j for f, j in zip(k.filled, widths, strict=True)])]
        if reach:
            goal += [weight * bath.exact(bath.energies(reach)) for bath in self.baths]
        self.goal = np.concatenate(goal)
        self._best: dict[int, list[FloatArray]] = {}
        self._tabulate()

    def _project(self, per_lead: Sequence[FloatArray | float]) -> FloatArray:
        """Scaled targets (p·T,) of a deviation of J f given for each lead over all nodes."""
        total = np.zeros(self.targets.shape[1:])
        for lead, values in enumerate(per_lead):
            if not np.isscalar(values):
                total += values * self.targets[lead]
        return (self.kernels.per_point(total) / self.scale).ravel()

    def _columns(self, bath: _Bath, poles: ComplexArray) -> FloatArray:
        """Targets of the functions of given poles κ' of one bath, (functions per pole, targets, poles)."""
        shifts = [self.leads[lead].chemical_potential for lead in bath.leads]
        found = []
        for pole in poles:
            per_lead = {
                lead: bath.of_pole(pole, self.kernels.energy - mu) for lead, mu in zip(bath.leads, shifts, strict=True)
            }
            for i in range(bath.per_pole):
                column = [self._project([per_lead[k][i] if k in per_lead else 0.0 for k in range(len(self.leads))])]
                if self.reach:
                    grids = [other.energies(self.reach) for other in self.baths]
                    column += [
                        self.weight * other.of_pole(pole, z)[i] if other is bath else np.zeros(z.size)
                        for other, z in zip(self.baths, grids, strict=True)
                    ]
                found.append(np.concatenate(column))
        return np.array(found).reshape(poles.size, bath.per_pole, -1).transpose(1, 2, 0)

    def _tabulate(self) -> None:
        """Band columns, and those of poles on the real κ' axis as splines in log κ': a fit then never sees the nodes again."""
        self._band: list[FloatArray] = []
        self._spline: list[CubicSpline] = []
        for bath in self.baths:
            first = np.pi * bath.bath.temperature
            width = max(float(np.abs(bath.band).max()), 20.0 * first, 2.0 * self.reach)
            grid = np.linspace(np.log(0.3 * first), np.log(8.0 * width), TABLE)
            self._band.append(self._columns(bath, bath.band))
            self._spline.append(CubicSpline(grid, np.moveaxis(self._columns(bath, np.exp(grid).astype(complex)), -1, 0)))

    def _matrix(self, positions: Sequence[FloatArray], exact: bool = False) -> FloatArray:
        """Targets of every basis function of every bath, (targets, basis); exact: without the splines."""
        blocks = []
        for bath, band, spline, kappa in zip(self.baths, self._band, self._spline, positions, strict=True):
            if exact:
                tuned = self._columns(bath, kappa.astype(complex))
            else:
                tuned = np.moveaxis(spline(np.clip(np.log(kappa), spline.x[0], spline.x[-1])), 0, -1)
            both = np.concatenate([band, tuned], axis=-1)
            blocks += [both[i] for i in range(bath.per_pole)]
        return np.concatenate(blocks, axis=1)

    def _residues(self, positions: Sequence[FloatArray], exact: bool = False) -> tuple[FloatArray, FloatArray]:
        """Weights of the basis functions that nearly minimise the largest target error, and those errors."""
        matrix = self._matrix(positions, exact)
        poles = np.concatenate([bath.basis_poles(kappa) for bath, kappa in zip(self.baths, positions, strict=True)])
        ridge = np.diag(RIDGE / poles)
        weight = np.ones(len(self.goal))
        for _ in range(NORM_STEPS):
            rows = np.concatenate([matrix * weight[:, None], ridge])
            solution = np.linalg.lstsq(rows, np.concatenate([self.goal * weight, np.zeros(len(ridge))]), rcond=1e-15)[0]
            error = matrix @ solution - self.goal
            weight = (np.abs(error) / np.abs(error).max() + 1e-3) ** 1.5
        return solution, error

    def fit(self, count: int) -> list[Exponents]:
        """The best of several starts; errors are for the caller to certify."""
        found: list[tuple[float, float, list[FloatArray]]] = []
        starts = self._starts(count)
        cuts = np.cumsum([kappa.size for kappa in starts[0]])[:-1]
        for start in starts:

            def objective(packed: FloatArray, cuts: NDArray = cuts) -> FloatArray:
                error = self._residues([np.exp(part) for part in np.split(packed, cuts)])[1]
                return error * np.abs(error) / np.abs(error).max()

            fit = least_squares(
                objective, np.log(np.concatenate(start)), x_scale=0.1, diff_step=1e-3, max_nfev=60, xtol=1e-4, ftol=1e-3
            )
            # rounded: the same physics in other units or another order should find the same poles
            positions = [
                np.exp(np.round(np.clip(part, spline.x[0], spline.x[-1]), 4))
                for part, spline in zip(np.split(fit.x, cuts), self._spline, strict=True)
            ]
            weights, error = self._residues(positions)
            poles = np.concatenate([b.basis_poles(kappa) for b, kappa in zip(self.baths, positions, strict=True)])
            found.append((float(np.abs(error).max()), float(np.abs(weights / poles).max()), positions))
        # of the fits about as good as the best, the one with the smallest residues: it truncates best
        good = 2.0 * min(found, key=lambda f: f[0])[0]
        chosen = min((f for f in found if f[0] <= good), key=lambda f: f[1])
        self._best[count] = chosen[2]
        return self._exponents(chosen[2], chosen[0])

    def _starts(self, count: int) -> list[list[FloatArray]]:
        """The first Matsubara poles, then a geometric sequence towards and beyond the band edge."""
        starts = []
        for exact in range(min(4, count)):
            for reach in (0.3, 0.8, 2.0):
                start = []
                for bath in self.baths:
                    first = np.pi * bath.bath.temperature
                    width = max(float(np.abs(bath.band).max()), 20.0 * first)
                    rest = np.geomspace((2.2 * exact + 1.0) * first, reach * width, count - exact)
                    start.append(np.concatenate([first * (1.0 + 2.0 * np.arange(exact)), rest]))
                starts.append(start)
        if count - 1 in self._best:  # the fit with one pole fewer, and one more in its widest gap or beyond its ends
            smaller = [np.sort(kappa) for kappa in self._best[count - 1]]
            for place in range(3):
                start = []
                for kappa in smaller:
                    gap = int(np.argmax(np.diff(np.log(kappa)))) if kappa.size > 1 else 0
                    middle = np.sqrt(kappa[gap] * kappa[min(gap + 1, kappa.size - 1)]) * 1.01
                    start.append(np.append(kappa, (middle, 3.0 * kappa[-1], 2.0 * kappa[0])[place]))
                starts.append(start)
        return starts

    def _exponents(self, positions: Sequence[FloatArray], largest: float) -> list[Exponents]:
        solution = self._residues(positions, exact=True)[0]
        out: dict[int, Exponents] = {}
        offset = 0
        for bath, kappa in zip(self.baths, positions, strict=True):
            size = bath.basis_poles(kappa).size
            poles, plus, minus = bath.exponents(kappa, solution[offset : offset + size])
            offset += size
            for lead in bath.leads:
                shifted = poles - 1j * self.leads[lead].chemical_potential
                out[lead] = Exponents(shifted, plus, minus, "fit", kappa.size, {"fitted_error": largest})
        return [out[lead] for lead in range(len(self.leads))]
