"""`na.factorize`: the exact factorization of any wave function given as an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..models.electrons import refuse_non_hermitian
from ..models.molecule import GridCoordinate, Molecule, Nucleus, grouped
from . import gauges
from .along import field_arrays, masked
from .dataset import FIELDS, IDENTITIES, NAMES, field_dataset, ledger_dataset, relative_residuals
from .problem import ElectronicAction, Problem
from .snapshot import Evaluator

if TYPE_CHECKING:
    import xarray as xr

TINY = 1e-150  # of ⟨psi|psi⟩: with the density floor, squares of n stay above the smallest numbers
# names that coordinates cannot have: variables, dimensions and labels of the result
RESERVED = frozenset(
    {
        *FIELDS,
        *NAMES,
        *(f"{name}_residual" for name in IDENTITIES),
        *"mask time snapshot coordinate coordinate_ component component_nucleus component_mass nucleus plane".split(),
    }
)


def factorize(
    psi: ArrayLike,
    axes: Sequence[ArrayLike] | None = None,
    masses: Sequence[float] | None = None,
    hamiltonian: Molecule | ArrayLike | Callable[..., Any] | None = None,
    *,
    nuclei: dict[str, Sequence[str]] | Sequence[Nucleus] | None = None,
    names: Sequence[str] | None = None,
    electronic_volume: float = 1.0,
    time: float = 0.0,
    gauge: str = "real",
    reference_state: ArrayLike | None = None,
    density_floor: float = 1e-12,
    refinement: int | str = "auto",
    tolerance: float = 1e-6,
) -> xr.Dataset:
    """Potentials, curvatures, forces, energies and Ehrenfest identities of one Ψ(r, R).

        Ψ = χ Φ_R,  Q_αβ = ⟨∂_αΦ|(1 - |Φ⟩⟨Φ|)|∂_βΦ⟩;  A_a, ε, g_ab, C_ab, E_a, EF(10), (17), (18), (19)

    psi : (n, *R) for n electronic states, or (*r, *R); the nuclear axes are the last len(axes) ones. Complex, normalised or not
        (fields do not depend on it; integrals are for the norm as it is).
    axes : the nuclear coordinates, one increasing, equally spaced 1D array each (bohr); periodic, the point after the last one
        being the first again. Not needed with a Molecule.
    masses : M_a in electron masses.
    hamiltonian : H_BO, in Hartree: a Molecule (with its external fields, at `time`), an array (n, n, *R), or a function
        psi → H_BO psi (for electrons on a grid, whose kinetic energy belongs to H_BO). None: only what needs no H.
    nuclei : which coordinates belong to which nucleus, {"A": ["x", "y"]}; names : of the coordinates, default R or R1, R2, …
    electronic_volume : weight of the sum over the electronic axes (the product of the grid steps for electrons on a grid).
    gauge : "real", "zero-vector-potential" (1D), "adiabatic-phase" (with reference_state, shaped like psi);
        the temporal gauge needs a run.
    density_floor, refinement, tolerance : as in [factorization]; fields are NaN where n is below the floor.

    Returns a Dataset with the variables of /factorization without the dimension time; attributes converged, max_residual_*.
    Errors: ValueError for values that are not finite, shapes and names that do not fit, options out of range.
    Source: EF(5)-(19); theory A2-A5.
    """
    _check_options(density_floor, refinement, tolerance, electronic_volume)
    wave = np.asarray(psi, dtype=complex)
    if not np.all(np.isfinite(wave)) or not np.any(wave):
        raise ValueError("psi has values that are not finite, or is zero everywhere")
    problem = _problem(wave, axes, masses, hamiltonian, nuclei, names, electronic_volume)
    _check_names(problem.names)
    _check_norm(wave, problem)
    gauges.check(gauge, len(problem.coordinates))
    if gauge == "temporal":
        raise ValueError('the gauge "temporal" integrates over time; use it in a run ([factorization] gauge = "temporal")')
    flat = problem.flat(wave)
    evaluator = Evaluator(problem, tolerance, refinement)
    snapshot = evaluator.evaluate(flat, time)
    f = snapshot.fields
    A, epsilon = gauges.real(f)
    if gauge == "zero-vector-potential":
        if f.E is None:
            A = np.zeros_like(f.p)
        else:
            fine = max(8, snapshot.refinement)
            on_fine = evaluator.fields_at(flat, time, fine)
            A, epsilon = gauges.zero_vector_potential(on_fine, evaluator.grid(fine), density_floor)
    elif gauge == "adiabatic-phase":
        if reference_state is None:
            raise ValueError('the gauge "adiabatic-phase" needs reference_state, the electronic state φ(R), shaped like psi')
        action = problem.act(flat, time)
        rate = None if action is None else -1j * action.total
        A, epsilon = gauges.adiabatic_phase(f, problem, flat, rate, problem.flat(np.asarray(reference_state)))
    mask = (f.n > density_floor * f.n.max()).reshape(problem.shape)
    found = field_dataset(problem, masked(field_arrays(f, problem, A, epsilon), mask))
    found.attrs = {"gauge": gauge, "density_floor": density_floor, "tolerance": tolerance}
    if snapshot.balance is None:
        return found
    balance = snapshot.balance
    arrays: dict[str, NDArray] = {name: np.array(value) for name, value in balance.numbers.items()}
    arrays |= balance.vectors | balance.torques | balance.powers | {"refinement": np.array(snapshot.refinement)}
    residuals = relative_residuals(problem, {name: np.asarray(values)[None] for name, values in arrays.items()})
    found = found.merge(ledger_dataset(problem, arrays, ()))
    found.attrs |= {f"max_residual_{name.removeprefix('identity_')}": size for name, size in residuals.items()}
    found.attrs["converged"] = int(balance.numbers["residual"] <= tolerance)
    return found


def _check_options(density_floor: float, refinement: int | str, tolerance: float, volume: float) -> None:
    if not 0.0 < density_floor < 1.0:
        raise ValueError(f"density_floor = {density_floor}; a part of the largest density, between 0 and 1, is needed")
    whole = isinstance(refinement, (int, np.integer)) and not isinstance(refinement, bool) and refinement >= 1
    if not whole and refinement != "auto":
        raise ValueError(f'refinement = {refinement!r}; "auto" or a whole number from 1 is needed')
    for name, value in (("tolerance", tolerance), ("electronic_volume", volume)):
        if not 0.0 < value < np.inf:
            raise ValueError(f"{name} = {value}; a positive number is needed")


def _check_names(names: Sequence[str]) -> None:
    for index, name in enumerate(names):
        if name in RESERVED:
            raise ValueError(f'names: "{name}" is a variable or dimension of the result; call this coordinate something else')
        if name in names[:index]:
            raise ValueError(f'names: "{name}" occurs twice; every coordinate needs its own name')


def _check_norm(psi: NDArray, problem: Problem) -> None:
    """Fields are quotients by n: its squares must neither underflow nor overflow."""
    scale = float(np.abs(psi).max())
    norm = scale * scale * float((np.abs(psi / scale) ** 2).sum()) * problem.volume * problem.weight
    if not TINY < norm < 1.0 / TINY:
        raise ValueError(
            f"⟨psi|psi⟩ = {norm:.3g}; floating-point numbers allow {TINY:g} to {1.0 / TINY:g}: normalise psi (fields do not "
            "depend on its norm)"
        )


def _problem(
    psi: NDArray,
    axes: Sequence[ArrayLike] | None,
    masses: Sequence[float] | None,
    hamiltonian: Any,
    nuclei: Any,
    names: Sequence[str] | None,
    volume: float,
) -> Problem:
    if isinstance(hamiltonian, Molecule):
        if psi.shape != hamiltonian.shape:
            raise ValueError(f"psi has shape {psi.shape}; the molecule's is {hamiltonian.shape}")
        return Problem.of(hamiltonian)
    if axes is None or masses is None:
        raise ValueError("axes and masses are needed (only a Molecule brings its own)")
    coordinates = _coordinates(psi, axes, masses, names)
    owners = grouped(coordinates, nuclei) if isinstance(nuclei, dict) else nuclei
    electronic = None if hamiltonian is None else _electronic(psi, len(coordinates), hamiltonian)
    return Problem(coordinates, owners, electronic=electronic, weight=volume)


def _coordinates(
    psi: NDArray, axes: Sequence[ArrayLike], masses: Sequence[float], names: Sequence[str] | None
) -> list[GridCoordinate]:
    count = len(axes)
    if len(masses) != count or (names is not None and len(names) != count):
        given = len(names) if names is not None else count
        raise ValueError(f"{count} axes, {len(masses)} masses, {given} names; one each is needed")
    if not 1 <= count <= 3 or psi.ndim <= count:
        needed = "(electronic axes…, *R) with 1 to 3 nuclear axes is needed"
        raise ValueError(f"psi of shape {psi.shape} with {count} nuclear axes; {needed}")
    labels = names or (["R"] if count == 1 else [f"R{i + 1}" for i in range(count)])
    found = []
    for i, (axis, mass, name) in enumerate(zip(axes, masses, labels, strict=True)):
        x = np.asarray(axis, dtype=float)
        if x.ndim != 1 or len(x) != psi.shape[psi.ndim - count + i]:
            shape = psi.shape[psi.ndim - count + i]
            raise ValueError(f"axes[{i}] has shape {x.shape}; psi has {shape} points along it")
        step = (x[-1] - x[0]) / (len(x) - 1)
        if not step > 0.0 or not np.max(np.abs(np.diff(x) - step)) <= 1e-8 * step:
            raise ValueError(f"axes[{i}] must increase in equal steps")
        found.append(GridCoordinate(name, float(mass), float(x[0]), float(x[0] + step * len(x)), len(x)))
    return found


def _electronic(psi: NDArray, count: int, hamiltonian: Any) -> ElectronicAction:
    """ψ → H_BO ψ on (S, *R)."""
    front = psi.shape[: psi.ndim - count]
    grid = psi.shape[psi.ndim - count :]
    if callable(hamiltonian):

        def act(flat: NDArray) -> NDArray:
            found = np.asarray(hamiltonian(flat.reshape(psi.shape)), dtype=complex)
            if not np.all(np.isfinite(found)):
                raise ValueError("hamiltonian(psi) has values that are not finite (NaN or infinite)")
            return found

        return act
    matrix = np.asarray(hamiltonian)
    if len(front) != 1 or matrix.shape != (*front, *front, *grid):
        needed = f"{(*front, *front, *grid)}" if len(front) == 1 else "a function psi → H_BO psi"
        raise ValueError(f"hamiltonian has shape {matrix.shape}; {needed} is needed for psi of shape {psi.shape}")
    refuse_non_hermitian(matrix)
    return lambda flat: np.einsum("ij...,j...->i...", matrix, flat)
