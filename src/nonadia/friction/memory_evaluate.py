"""Memory kernels at every geometry, by Green's functions or by HEOM with given exponents and tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..baths.exponents import Exponents
from ..heom.fock import FockSpace
from ..heom.generator import Generator
from ..heom.hierarchy import build
from ..heom.memory import kernel_system
from ..heom.modes import Modes
from ..heom.reduction import Judge, Reduced, ReductionFailed, reduce
from ..heom.solver import NotConverged, SteadyStateSolver
from ..heom.terminator import closed
from ..models.frozen import ComplexArray, FloatArray, FrozenJunction
from ..negf.kernels import CorrelationModes, correlation_modes
from .evaluate import Progress

KERNELS = ("friction_kernel", "noise_kernel", "friction_spectrum", "noise_spectrum")
NEGLIGIBLE = 1e-3  # exponents of free electrons that are dropped, as a part of the tolerance of the reduction
STATES = 1e-12  # relative error of ρ_ss and ∂ρ_ss; auxiliary operators are orders smaller than ρ_ss itself
SHIFTED = 1e-3  # relative error of the shifted solves, as a part of the tolerance of the reduction


@dataclass(frozen=True)
class GridKernels:
    """γ_ij(t), D_ij(t) and their spectra at N geometries, atomic units, split by the force on the left.

    time (N, T, 2, c, 2, c), frequency (N, Ω, 2, c, 2, c): the third index is the molecular or the coupling part of force i,
    the fifth γ or D. reduced: one reduced system a geometry; change: its relative change in the last round; iterations of all
    solves.
    """

    time: FloatArray
    frequency: ComplexArray
    reduced: tuple[Reduced, ...] = ()
    change: float = 0.0
    iterations: int = 0

    def parts(self, name: str) -> FloatArray | ComplexArray:
        """One of `KERNELS`, (N, T or Ω, 2, c, c)."""
        values = self.time if name.endswith("_kernel") else self.frequency
        return values[..., 0 if name.startswith("friction") else 1, :]

    def total(self, name: str) -> FloatArray | ComplexArray:
        """One of `KERNELS`, (N, T or Ω, c, c)."""
        return np.asarray(self.parts(name).sum(axis=2))

    def difference(self, other: GridKernels) -> dict[str, FloatArray]:
        """|self - other| of every kernel, (N, T or Ω, c, c)."""
        return {name: np.abs(self.total(name) - other.total(name)) for name in KERNELS}

    def scales(self) -> dict[str, float]:
        """What errors are relative to: the largest magnitude over all geometries and times, or frequencies."""
        return {name: max(float(np.abs(self.total(name)).max()), np.finfo(float).tiny) for name in KERNELS}

    def shortened(self, time: FloatArray, frequency: FloatArray, tolerance: float) -> tuple[list[Reduced], float]:
        """Every reduced system with the fewest exponents within `tolerance`, and the largest relative error of the result."""
        short, worst = [], self.change
        for system in self.reduced:
            rates = -np.linalg.eigvals(system.matrix)
            judge = Judge(time, frequency, (float(rates.real.min()), float(np.abs(rates).max())))
            short.append(system.shortened(judge, tolerance))
            worst = max(worst, self.change + Judge.difference(judge.samples(short[-1]), judge.samples(system)))
        return short, worst

    def relative(self, errors: dict[str, FloatArray]) -> dict[str, float]:
        scale = self.scales()
        return {name: float(errors[name].max()) / scale[name] for name in KERNELS}


class FreeSystem:
    """A sum of exponentials as a `LinearSystem`: one complex unknown for each exponent, 𝓛 diagonal."""

    def __init__(self, modes: CorrelationModes, share: float) -> None:
        rates, functionals, sources = modes.flat(share)
        self._diagonal = -rates
        # each group of sources counts alike; then equally long on both sides: the scale of an eigenvector is free
        groups = sources.reshape(2, -1, rates.size)
        sizes = np.maximum(np.abs(groups).max(axis=(1, 2), initial=0.0), np.finfo(float).tiny)
        strength = np.linalg.norm(groups / sizes[:, None, None], axis=(0, 1))
        sight = np.linalg.norm(functionals, axis=0)
        scale = np.sqrt(sight / np.where(strength > 0, strength, 1.0))
        scale = np.where(scale > 0, scale, 1.0)
        self.sources = _real(sources * scale)
        self.functionals = _real(functionals.conj() / scale)
        self.rates = (float(rates.real.min()), float(np.abs(rates).max()))

    def apply(self, vector: FloatArray, adjoint: bool) -> FloatArray:
        diagonal = self._diagonal.conj() if adjoint else self._diagonal
        return np.asarray((diagonal * vector.view(complex)).view(float))

    def solve(self, shift: float, vectors: FloatArray, adjoint: bool) -> FloatArray:
        diagonal = (self._diagonal.conj() if adjoint else self._diagonal) - shift
        return _real(np.ascontiguousarray(vectors.T).view(complex) / diagonal)


def _real(rows: ComplexArray) -> FloatArray:
    """Complex rows (m, K) as real columns (2K, m)."""
    return np.ascontiguousarray(rows).view(float).T


def by_green(
    frozen: FrozenJunction,
    exponents: Sequence[Exponents],
    time: FloatArray,
    frequency: FloatArray,
    tolerance: float | None = None,
    progress: Progress | None = None,
) -> GridKernels:
    """Non-interacting models: what the exponents, one set a lead, represent, exactly. tolerance: of the reduced systems."""
    times, spectra, reduced, change = [], [], [], 0.0
    for i in range(len(frozen.g)):
        modes = correlation_modes(frozen[i], exponents)
        times.append(modes.at_times(time))
        spectra.append(modes.at_frequencies(frequency))
        if tolerance is not None:
            system = FreeSystem(modes, NEGLIGIBLE * tolerance)
            reduction = reduce(system, Judge(time, frequency, system.rates), tolerance)
            reduced.append(reduction.system)
            change = max(change, reduction.change)
        if progress is not None:
            progress(i + 1, len(frozen.g), f"Green's functions, {modes.energies.size} poles")
    return GridKernels(np.array(times), np.array(spectra), tuple(reduced), change)


def by_hierarchy(
    frozen: FrozenJunction,
    exponents: Sequence[Exponents],
    depth: int,
    time: FloatArray,
    frequency: FloatArray,
    tolerance: float,
    progress: Progress | None = None,
    terminator: str = "zero",
) -> GridKernels:
    """HEOM truncated after tier `depth`; tolerance: relative change of the reduced systems; terminator: `heom.terminator`.

    Errors: NotConverged, naming the geometry's number, if a solve stalls, the reduction does not settle, or the truncated
    hierarchy grows with time.
    """
    space = Modes.of(frozen, exponents)
    hierarchy = build(FockSpace.of(frozen), space, depth)
    times, spectra, reduced, change, iterations = [], [], [], 0.0, 0
    count = frozen.n_coordinates
    for i in range(len(frozen.g)):
        try:
            generator = closed(Generator(hierarchy, space, frozen[i]), terminator)
            system = kernel_system(SteadyStateSolver(generator, STATES), SHIFTED * tolerance)
            reduction = reduce(system, Judge(time, frequency, system.rates), tolerance)
        except (NotConverged, ReductionFailed) as error:
            raise NotConverged(f"geometry {i + 1} of {len(frozen.g)}, tier {depth}: {error}") from error
        times.append(reduction.system.at_times(time).reshape(time.size, 2, count, 2, count))
        spectra.append(reduction.system.at_frequencies(frequency).reshape(frequency.size, 2, count, 2, count))
        reduced.append(reduction.system)
        change = max(change, reduction.change)
        iterations += system.iterations
        if progress is not None:
            progress(i + 1, len(frozen.g), f"HEOM kernels, {depth} tiers, {hierarchy.unknowns} unknowns")
    return GridKernels(np.array(times), np.array(spectra), tuple(reduced), change, iterations)
