"""The open system a user describes: a molecule with levels, interactions and vibrations between leads.

H_mol = Σ_i p_i²/(2m_i) + U_0(x) + Σ E_mm'(x) d†_m d_m' + Σ_{m<m'} U_mm'(x) n_m n_m'
        + Σ_b ω_b b†b + Σ_b Σ Λ^b_mm'(x) (b + b†) d†_m d_m'
H_int = Σ_K g_K(x) Σ_km (V_kK,m c†_kK d_m + h.c.),   Γ_K,mm'(ε) = Γ_K,mm' J_K(ε)

(theory B1, LD(1)-(12).) Everything is in Hartree atomic units; `Junction.at` gives the arrays at given x that
the solvers work on, `Junction.from_dict` reads the tables of an input file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..expressions import Expression, ExpressionError, no_derivative, not_finite
from .contact import undetermined
from .errors import ModelError, Problem
from .frozen import ComplexArray, FloatArray, FrozenJunction, LeadBath, channels_of
from .width import LevelWidth

Pair = tuple[int, int]


@dataclass(frozen=True)
class Coordinate:
    """A classical coordinate; mass in electron masses (for unit "1": in ħ²/Hartree, as x is a number).

    unit: "bohr", "angstrom" (labels of figures; values are always in bohr) or "1" (dimensionless).
    """

    name: str
    mass: float
    unit: str = "bohr"


@dataclass(frozen=True)
class Vibration:
    """ω b†b + Σ Λ_mm'(x) (b + b†) d†_m d_m', kept to `states` oscillator states.

    couplings: (m, m') → Λ_mm'(x), the Hermitian conjugate implied; automatic: `states` was not given.
    """

    name: str
    frequency: float
    states: int
    couplings: Mapping[Pair, Expression]
    automatic: bool = False


@dataclass(frozen=True, eq=False)
class Lead:
    """μ and k_BT (Hartree), shape J(ε) of the level width, Γ_mm' (n, n) at its reference, profile g(x)."""

    name: str
    chemical_potential: float
    temperature: float
    width: LevelWidth
    coupling: ComplexArray
    profile: Expression


@dataclass(frozen=True, eq=False)
class Junction:
    """A molecule between leads, LD(1)-(7): see the module.

    one_body: (m, m') → E_mm'(x), the Hermitian conjugate implied; interactions: (m, m') → U_mm'(x), each
    pair once, in either order.
    parameters: values in atomic units, for the record.
    """

    coordinates: tuple[Coordinate, ...]
    levels: tuple[str, ...]
    potential: Expression
    one_body: Mapping[Pair, Expression]
    leads: tuple[Lead, ...]
    interactions: Mapping[Pair, Expression] = field(default_factory=dict)
    vibrations: tuple[Vibration, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Junction:
        """From the tables of an input file: parameters, coordinates, molecule, leads (contract.md).

        Raises ModelError with every problem found.
        """
        from .build import build_junction

        return build_junction(data)

    @property
    def n_levels(self) -> int:
        return len(self.levels)

    @property
    def masses(self) -> FloatArray:
        """Masses of the classical coordinates (c,)."""
        return np.array([coordinate.mass for coordinate in self.coordinates], dtype=float)

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        return tuple(coordinate.name for coordinate in self.coordinates)

    def points(self, x: ArrayLike) -> FloatArray:
        """x as an array (..., c); a bare number is a point of a model with one coordinate."""
        array = np.asarray(x, dtype=float)
        count = len(self.coordinates)
        if array.ndim == 0 and count == 1:
            array = array[None]
        if array.ndim == 0 or array.shape[-1] != count:
            hint = "; for a list of values give x[:, None]" if count == 1 else ""
            names = ", ".join(self.coordinate_names)
            raise ValueError(f"x must have shape (..., {count}) for ({names}), got {array.shape}{hint}")
        return array

    def at(self, x: ArrayLike) -> FrozenJunction:
        """The arrays of H and their exact derivatives at x (..., c); see FrozenJunction for the shapes.

        Raises ModelError naming the key and x where a value or derivative is NaN, infinite or complex where
        it must be real.
        """
        x = self.points(x)
        grid, n, c = x.shape[:-1], self.n_levels, x.shape[-1]
        problems: list[Problem] = []
        h, dh = _matrix(self.one_body, x, n, complex, problems)
        upper_u, upper_du = _matrix(self.interactions, x, n, float, problems)
        vibronic = np.zeros((*grid, len(self.vibrations), n, n), dtype=complex)
        dvibronic = np.zeros((*grid, c, len(self.vibrations), n, n), dtype=complex)
        for b, vibration in enumerate(self.vibrations):
            value, gradient = _matrix(vibration.couplings, x, n, complex, problems)
            vibronic[..., b, :, :] = value
            dvibronic[..., b, :, :] = gradient
        g = np.zeros((*grid, len(self.leads)))
        dg = np.zeros((*grid, c, len(self.leads)))
        for k, lead in enumerate(self.leads):
            g[..., k], dg[..., k] = _evaluate(lead.profile, x, problems)
        if problems:
            raise ModelError(problems)
        channels = tuple(ch for k, lead in enumerate(self.leads) for ch in channels_of(k, lead.coupling))
        return FrozenJunction(
            h=h,
            dh=dh,
            u=upper_u,
            du=upper_du,
            vibronic=vibronic,
            dvibronic=dvibronic,
            g=g,
            dg=dg,
            frequencies=np.array([v.frequency for v in self.vibrations], dtype=float),
            vibration_states=np.array([v.states for v in self.vibrations], dtype=np.int64),
            channels=channels,
            leads=tuple(LeadBath(k.name, k.chemical_potential, k.temperature, k.width) for k in self.leads),
        )

    def bare_potential(self, x: ArrayLike) -> FloatArray:
        """U_0(x), shape (...), Hartree."""
        return self._bare(x)[0]

    def bare_force(self, x: ArrayLike) -> FloatArray:
        """-∂U_0/∂x_i, shape (..., c)."""
        return -self._bare(x)[1]

    def _bare(self, x: ArrayLike) -> tuple[FloatArray, FloatArray]:
        problems: list[Problem] = []
        result = _evaluate(self.potential, self.points(x), problems)
        if problems:
            raise ModelError(problems)
        return result

    def problems_at(self, x: ArrayLike) -> list[Problem]:
        """Everything that `at` and `bare_potential` would refuse at x (..., c), and where no steady state is."""
        x = self.points(x)
        problems: list[Problem] = []
        for expression in self._expressions():
            _evaluate(expression, x, problems)
        return problems or undetermined(self, x)

    def _expressions(self) -> Iterator[Expression]:
        yield self.potential
        yield from self.one_body.values()
        yield from self.interactions.values()
        for vibration in self.vibrations:
            yield from vibration.couplings.values()
        for lead in self.leads:
            yield lead.profile

    def describe(self) -> dict[str, Any]:
        """Every value of the model, defaults included, as plain JSON-able data in atomic units."""
        levels = self.levels

        def table(entries: Mapping[Pair, Expression]) -> dict[str, str]:
            return {pair_name(levels, pair): entry.text for pair, entry in entries.items()}

        return {
            "units": "Hartree atomic units; temperatures as k_B T",
            "parameters": dict(self.parameters),
            "coordinates": {c.name: {"mass": c.mass, "unit": c.unit} for c in self.coordinates},
            "potential": self.potential.text,
            "levels": list(levels),
            "one_body": table(self.one_body),
            "interactions": table(self.interactions),
            "vibrations": {
                v.name: {
                    "frequency": v.frequency,
                    "states": v.states,
                    "states_chosen_automatically": v.automatic,
                    "couplings": table(v.couplings),
                }
                for v in self.vibrations
            },
            "leads": {
                k.name: {
                    "chemical_potential": k.chemical_potential,
                    "temperature": k.temperature,
                    "profile": k.profile.text,
                    "coupling_real": k.coupling.real.tolist(),
                    "coupling_imag": k.coupling.imag.tolist(),
                    "width_poles": [[z.real, z.imag] for z in k.width.poles],
                    "width_residues": [[r.real, r.imag] for r in k.width.residues],
                    "width_fit_error": k.width.fit_error,
                }
                for k in self.leads
            },
        }

    def __repr__(self) -> str:
        def entries(label: str, table: Mapping[Pair, Expression]) -> list[str]:
            return [f"  {label}[{pair_name(self.levels, p)}] = {e.text}" for p, e in table.items()]

        lines = [f"Junction({', '.join(self.coordinate_names)}), atomic units"]
        lines.append(f"  U_0 = {self.potential.text}")
        lines += entries("E", self.one_body) + entries("U", self.interactions)
        for v in self.vibrations:
            lines.append(f"  vibration {v.name}: frequency {v.frequency:.6g}, {v.states} states")
            lines += entries(f"  coupling {v.name}", v.couplings)
        for k in self.leads:
            rates = ", ".join(
                f"{m}: {rate:.6g}" for m, rate in zip(self.levels, k.coupling.diagonal().real, strict=True)
            )
            lines.append(
                f"  lead {k.name}: mu = {k.chemical_potential:.6g}, kT = {k.temperature:.6g}, "
                f"Gamma = {{{rates}}}, g = {k.profile.text}"
            )
        return "\n".join(lines)


def pair_name(levels: tuple[str, ...], pair: Pair) -> str:
    """ "d" for a diagonal entry, "m,m'" otherwise."""
    return levels[pair[0]] if pair[0] == pair[1] else f"{levels[pair[0]]},{levels[pair[1]]}"


def _evaluate(
    expression: Expression, x: FloatArray, problems: list[Problem]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Value (...) and gradient (..., c); what is wrong with them goes to `problems`."""
    try:
        value, gradient = expression.value(x), expression.gradient(x)
    except ExpressionError as error:
        problems.append((expression.key, str(error)))
        return np.zeros(x.shape[:-1]), np.zeros(x.shape)
    names = expression.coordinates
    message = not_finite(value, x, names) or not_finite(gradient, x, names)
    message = message or no_derivative(expression.corner(x), x, names)
    if message:
        problems.append((expression.key, f'"{expression.text}": {message}'))
    return value, gradient


def _matrix(
    entries: Mapping[Pair, Expression], x: FloatArray, n: int, dtype: type, problems: list[Problem]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Hermitian matrix (..., n, n) and its derivatives (..., c, n, n) from one entry a pair."""
    matrix = np.zeros((*x.shape[:-1], n, n), dtype=dtype)
    derivative = np.zeros((*x.shape, n, n), dtype=dtype)
    for (i, j), expression in entries.items():
        value, gradient = _evaluate(expression, x, problems)
        matrix[..., i, j], derivative[..., i, j] = value, gradient
        if i != j:
            matrix[..., j, i], derivative[..., j, i] = np.conj(value), np.conj(gradient)
    return matrix, derivative
