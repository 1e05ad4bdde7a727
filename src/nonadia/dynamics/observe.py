"""What is read off the reduced density matrix of the molecule, ρ_S = tier 0 of the hierarchy.

Vibration b in its own units: X = (b + b†)/√2, P = (b - b†)/(i√2), energy ω(⟨b†b⟩ + ½), X and P vary by ½ in the ground state.
Its states may be those of an oscillator displaced to X_0 = √2 ⟨b⟩ (`FockSpace.origins`): φ_n(X - X_0).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..models.frozen import ComplexArray, FloatArray, FrozenJunction


@dataclass(frozen=True)
class Trajectory:
    """Arrays over T times, atomic units (n levels, K leads, b vibrations, N states of the largest, G positions).

    population (T, n); current (T, K) electrons per time into the molecule; number (T, b, N), NaN beyond a vibration's
    own; position, variance, momentum, momentum_variance (T, b), dimensionless; energy (T, b); density (T, b, G);
    molecular_energy (T,) = tr[H_mol ρ] with zero-point energies; trace, purity, lowest (T,): tr ρ, tr ρ², lowest eigenvalue;
    hermiticity (T,): largest |ρ - ρ†|.
    """

    population: FloatArray
    current: FloatArray
    number: FloatArray
    position: FloatArray
    variance: FloatArray
    momentum: FloatArray
    momentum_variance: FloatArray
    energy: FloatArray
    density: FloatArray
    molecular_energy: FloatArray
    trace: FloatArray
    purity: FloatArray
    lowest: FloatArray
    hermiticity: FloatArray

    @classmethod
    def empty(cls, frozen: FrozenJunction, most: int, times: int, grid: int) -> Trajectory:
        b = frozen.frequencies.size
        sizes = {"population": (frozen.n_levels,), "current": (len(frozen.leads),), "number": (b, most), "density": (b, grid)}
        vibrational = ("position", "variance", "momentum", "momentum_variance", "energy")
        sizes |= dict.fromkeys(vibrational, (b,))
        return cls(**{f.name: np.full((times, *sizes.get(f.name, ())), np.nan) for f in fields(cls)})


class Observer:
    """Fills row after row of a Trajectory. positions (G,): where the position density is wanted."""

    def __init__(
        self, frozen: FrozenJunction, origins: FloatArray, positions: FloatArray, hamiltonian: ComplexArray, times: int
    ) -> None:
        """origins (b,): ⟨b⟩ of the displaced states; hamiltonian (2^n, V, 2^n, V): H_mol in the order of `reduced_density`."""
        self.frozen, self.hamiltonian, self.origins = frozen, hamiltonian, origins
        self.states = [int(s) for s in frozen.vibration_states]
        self.quanta = [quanta_reached(s, origin) for s, origin in zip(self.states, origins, strict=True)]
        self.trajectory = Trajectory.empty(frozen, max(self.quanta, default=0), times, positions.size)
        places = np.sqrt(2.0) * origins
        self.waves = [oscillator_functions(s, positions - x) for s, x in zip(self.states, places, strict=True)]
        self.overlaps = [overlaps(q, s, x) for q, s, x in zip(self.quanta, self.states, places, strict=True)]
        n = frozen.n_levels
        self.occupied = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)

    def record(self, k: int, rho: ComplexArray, current: FloatArray) -> None:
        """rho (2^n, V, 2^n, V) at time number k."""
        out, matrix = self.trajectory, rho.reshape((rho.shape[0] * rho.shape[1],) * 2)
        hermitian = 0.5 * (matrix + matrix.conj().T)
        out.hermiticity[k] = np.abs(matrix - matrix.conj().T).max()
        out.trace[k] = np.trace(matrix).real
        out.purity[k] = np.sum(np.abs(matrix) ** 2)
        out.lowest[k] = np.linalg.eigvalsh(hermitian)[0]
        out.population[k] = np.einsum("evev->e", rho).real @ self.occupied
        out.current[k] = current
        size = matrix.shape[0]
        out.molecular_energy[k] = np.sum(matrix * self.hamiltonian.reshape(size, size).T).real
        out.molecular_energy[k] += 0.5 * self.frozen.frequencies.sum() * out.trace[k]
        vibrations = np.einsum("evew->vw", rho).reshape(self.states + self.states)
        count = len(self.states)
        for b, states in enumerate(self.states):
            letters = list(range(count))
            own = np.einsum(vibrations, letters + [count if i == b else i for i in letters], [b, count])
            self._vibration(k, b, np.asarray(own), states)

    def _vibration(self, k: int, b: int, rho: ComplexArray, states: int) -> None:
        out = self.trajectory
        root = np.sqrt(np.arange(1.0, states))
        lower = np.sum(root * np.diagonal(rho, -1))  # of the displaced oscillator, a = b - origin: ⟨a⟩ = Σ √n ρ_{n,n-1}
        squared = np.sum(root[:-1] * root[1:] * np.diagonal(rho, -2)).real if states > 2 else 0.0  # Re ⟨a²⟩
        own = np.diagonal(rho).real
        norm, number = float(own.sum()), float(np.arange(states) @ own)
        spread = 2.0 * lower.real**2 / max(norm, 1e-300)
        out.position[k, b] = np.sqrt(2.0) * (lower.real + self.origins[b] * norm)
        out.momentum[k, b] = np.sqrt(2.0) * lower.imag
        out.variance[k, b] = number + 0.5 * norm + squared - spread
        out.momentum_variance[k, b] = number + 0.5 * norm - squared - out.momentum[k, b] ** 2
        quanta = number + 2.0 * self.origins[b] * lower.real + self.origins[b] ** 2 * norm
        out.energy[k, b] = self.frozen.frequencies[b] * (quanta + 0.5 * norm)
        overlap = self.overlaps[b]
        out.number[k, b, : self.quanta[b]] = np.einsum("qn,nm,qm->q", overlap, rho, overlap, optimize=True).real
        waves = self.waves[b]
        out.density[k, b] = np.einsum("ng,nm,mg->g", waves, rho, waves, optimize=True).real


def oscillator_functions(states: int, positions: FloatArray) -> FloatArray:
    """φ_n(X) of H = (P² + X²)/2, (states, G), by the three-term recurrence."""
    out = np.zeros((states, positions.size))
    out[0] = np.pi**-0.25 * np.exp(-0.5 * positions**2)
    for n in range(1, states):
        out[n] = np.sqrt(2.0 / n) * positions * out[n - 1]
        if n > 1:
            out[n] -= np.sqrt((n - 1.0) / n) * out[n - 2]
    return out


def overlaps(quanta: int, states: int, displacement: float) -> FloatArray:
    """⟨φ_q(X) | φ_n(X - X_0)⟩, (quanta, states); trapezoids are exact to rounding for such functions."""
    if displacement == 0.0:
        return np.eye(quanta, states)
    reach = np.sqrt(2.0 * max(quanta, states)) + abs(displacement) + 6.0
    points = np.linspace(-reach, reach, int(16 * reach * np.sqrt(2.0 * max(quanta, states))) + 200)
    here, there = oscillator_functions(quanta, points), oscillator_functions(states, points - displacement)
    return np.asarray(here @ there.T * (points[1] - points[0]))


def quanta_reached(states: int, origin: float) -> int:
    """Numbers of quanta that `states` displaced states reach: (√states + |origin|)² and a few."""
    return states if origin == 0.0 else int(np.ceil((np.sqrt(states) + abs(origin)) ** 2)) + 2


def largest_change(a: Trajectory, b: Trajectory) -> dict[str, float]:
    """Largest |a - b| of every quantity over times, relative to what is stated in `scales`."""
    scale = scales(a)
    return {name: float(np.max(change, initial=0.0)) / scale[name] for name, change in changes(a, b).items()}


def changes(a: Trajectory, b: Trajectory) -> dict[str, FloatArray]:
    """|a - b| of every quantity; states that only one of them has count as empty in the other."""
    out: dict[str, FloatArray] = {}
    for name in ("population", "current", "position", "variance", "energy", "number"):
        left, right = getattr(a, name), getattr(b, name)
        if name == "number":
            left, right = _filled(left, right.shape[-1]), _filled(right, left.shape[-1])
        out[name] = np.abs(left - right)
    return out


def scales(a: Trajectory) -> dict[str, float]:
    """What errors are relative to: 1 for probabilities, otherwise the largest value, at least that of the ground state."""

    def largest(values: NDArray, floor: float) -> float:
        return max(float(np.nanmax(np.abs(values), initial=0.0)), floor)

    return {
        "population": 1.0,
        "current": largest(a.current, 1e-300),
        "position": largest(a.position, np.sqrt(0.5)),
        "variance": largest(a.variance, 0.5),
        "energy": largest(a.energy, 1e-300),
        "number": 1.0,
    }


def _filled(number: FloatArray, states: int) -> FloatArray:
    filled = np.nan_to_num(number)
    missing = max(states - number.shape[-1], 0)
    return np.pad(filled, ((0, 0), (0, 0), (0, missing)))
