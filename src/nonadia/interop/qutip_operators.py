"""The molecule of a junction at given x as QuTiP operators: levels as Jordan-Wigner qubits ⊗ vibrations.

    H = Σ E_mm'(x) d†_m d_m' + Σ_{m<m'} U_mm'(x) n_m n_m' + Σ_b ω_b b†b + Σ_b Σ Λ^b_mm'(x) (b + b†) d†_m d_m'   (theory B1)
    d_m = σz ⊗ … ⊗ σz ⊗ |0⟩⟨1| ⊗ 1 ⊗ …,   𝓕_i = -∂_iH (molecular force operator, LD(45))

U_0(x) is not part of H. The operators are built from QuTiP's own factors, independently of the HEOM code; energies in hartree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..models.frozen import ComplexArray, FloatArray
from ..models.junction import Junction

if TYPE_CHECKING:
    from qutip import Qobj

MISSING = "this needs QuTiP: pip install qutip (the package's extra `qutip`)"


@dataclass(frozen=True)
class QutipOperators:
    """Operators of the molecule at one geometry; dims: [2] for each level, then the states of each vibration.

    hamiltonian; forces {coordinate: -∂H}; annihilators {level: d_m}; numbers {level: d†_m d_m}; ladders {vibration: b};
    channels {lead: [(Γ_a g², f_a)]} with f_a = Σ_m conj(w_am) d_m: what couples to the lead, Γ in hartree at its reference.
    """

    hamiltonian: Qobj
    forces: dict[str, Qobj]
    annihilators: dict[str, Qobj]
    numbers: dict[str, Qobj]
    ladders: dict[str, Qobj]
    channels: dict[str, list[tuple[float, Qobj]]]

    @property
    def total_number(self) -> Qobj:
        """N = Σ_m d†_m d_m."""
        return sum(self.numbers.values())


def qutip_operators(model: Junction, x: ArrayLike) -> QutipOperators:
    """The operators of `model` at one geometry x: a number for one coordinate, otherwise (c,).

    Errors: ImportError without QuTiP; ValueError where x is more than one geometry; ModelError where the model has no value.
    """
    try:
        import qutip
    except ImportError as problem:
        raise ImportError(MISSING) from problem
    frozen = model.at(x)
    if frozen.grid_shape:
        raise ValueError(f"x of shape {np.shape(x)}: operators are those of one geometry; call this for each")
    n, states = frozen.n_levels, [int(s) for s in frozen.vibration_states]
    ones = [qutip.qeye(2)] * n + [qutip.qeye(s) for s in states]

    def product(factors: dict[int, Any]) -> Qobj:
        return qutip.tensor([factors.get(k, one) for k, one in enumerate(ones)])

    lower = qutip.basis(2, 0) * qutip.basis(2, 1).dag()
    d = [product({**{k: qutip.sigmaz() for k in range(m)}, m: lower}) for m in range(n)]
    b = [product({n + k: qutip.destroy(s)}) for k, s in enumerate(states)]
    nothing = 0.0 * product({})

    def assembled(h: ComplexArray, u: FloatArray, vibronic: ComplexArray) -> Qobj:
        total = nothing + _one_body(h, d, nothing)
        for i in range(n):
            for j in range(i + 1, n):
                if u[i, j]:
                    total += float(u[i, j]) * d[i].dag() * d[i] * d[j].dag() * d[j]
        for k, matrix in enumerate(vibronic):
            total += (b[k] + b[k].dag()) * _one_body(matrix, d, nothing)
        return total

    energy = assembled(frozen.h, frozen.u, frozen.vibronic)
    for k, frequency in enumerate(frozen.frequencies):
        energy += float(frequency) * b[k].dag() * b[k]
    forces = {
        name: -assembled(frozen.dh[i], frozen.du[i], frozen.dvibronic[i]) for i, name in enumerate(model.coordinate_names)
    }
    channels: dict[str, list[tuple[float, Qobj]]] = {lead.name: [] for lead in frozen.leads}
    for channel in frozen.channels:
        operator = sum((complex(np.conj(w)) * d[m] for m, w in enumerate(channel.vector) if w), nothing)
        rate = channel.rate * float(frozen.g[channel.lead]) ** 2
        channels[frozen.leads[channel.lead].name].append((rate, operator))
    return QutipOperators(
        hamiltonian=energy,
        forces=forces,
        annihilators=dict(zip(model.levels, d, strict=True)),
        numbers={name: operator.dag() * operator for name, operator in zip(model.levels, d, strict=True)},
        ladders=dict(zip((v.name for v in model.vibrations), b, strict=True)),
        channels=channels,
    )


def _one_body(matrix: ComplexArray, d: list[Qobj], nothing: Qobj) -> Qobj:
    """Σ_mm' matrix_mm' d†_m d_m'."""
    total = nothing
    for i, j in zip(*np.nonzero(matrix), strict=True):
        total = total + complex(matrix[i, j]) * d[i].dag() * d[j]
    return total
