"""What `initial` of `heom_dynamics` says, checked against the model.

{"electrons": "equilibrium" | "empty" | {"d": 0.5, …},
 "vibrations": {"b": {"displacement": x0} | {"fock": n} | {"thermal": kT}}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln

from ..models.frozen import ComplexArray, FloatArray
from ..models.junction import Junction
from ..units import parse, require
from .observe import overlaps

KINDS = ("displacement", "fock", "thermal")
HOTTEST = 40.0  # -ln of the thermal population left out


@dataclass(frozen=True)
class VibrationStart:
    """kind "displacement" (dimensionless), "fock" (a number of quanta) or "thermal" (k_BT, Hartree)."""

    kind: str
    value: float

    @property
    def displacement(self) -> float:
        """⟨(b + b†)/√2⟩."""
        return self.value if self.kind == "displacement" else 0.0

    def quanta(self, frequency: float) -> float:
        """⟨b†b⟩."""
        if self.kind == "thermal":
            return 1.0 / np.expm1(frequency / self.value) if self.value > 0 else 0.0
        return self.value if self.kind == "fock" else 0.5 * self.value**2

    def density(self, frequency: float, states: int, origin: float = 0.0) -> ComplexArray:
        """ρ on the lowest `states` states of the oscillator displaced to ⟨b⟩ = origin, unit trace.

        Coherent: ⟨n|α⟩ = e^{-α²/2} α^n/√n! with α = x0/√2 - origin. Errors: ValueError if the states cannot hold it.
        """
        if self.kind == "displacement":
            alpha, n = self.value / np.sqrt(2.0) - origin, np.arange(states)
            size = np.exp(-0.5 * alpha**2 + n * np.log(max(abs(alpha), 1e-300)) - 0.5 * gammaln(n + 1.0))
            amplitude = np.where(n % 2, np.sign(alpha), 1.0) * size
            return np.outer(amplitude, amplitude) / np.sum(amplitude**2) + 0j
        if self.kind == "fock":
            weights = (np.arange(int(self.value) + 1) == self.value).astype(float)
        else:
            most = int(np.ceil(HOTTEST * self.value / frequency)) + 1
            weights = np.exp(-frequency * np.arange(most) / self.value) if self.value > 0 else np.ones(1)
        overlap = overlaps(weights.size, states, np.sqrt(2.0) * origin)
        density = overlap.T @ ((weights / weights.sum())[:, None] * overlap)
        kept = float(np.trace(density))
        if kept < 0.5:
            raise ValueError(f"{self.kind} = {self.value:g} needs more than {states} vibrational states")
        return np.asarray(density / kept, dtype=complex)


@dataclass(frozen=True)
class Start:
    """electrons: "equilibrium", "empty" or one occupation a level (n,); vibrations: one start a vibration."""

    electrons: str | FloatArray
    vibrations: tuple[VibrationStart, ...]

    @classmethod
    def of(cls, model: Junction, initial: Mapping[str, Any] | None) -> Start:
        """Errors: ValueError naming the key, what is wrong and what would be right."""
        given = dict(initial or {})
        unknown = sorted(set(given) - {"electrons", "vibrations"})
        if unknown:
            raise ValueError(f'initial: "{unknown[0]}" is not known; use "electrons" and "vibrations"')
        names = [v.name for v in model.vibrations]
        wanted = given.get("vibrations") or {}
        if not isinstance(wanted, Mapping):
            raise ValueError('initial.vibrations: must be a table such as {"b": {"fock": 1}}')
        for name in wanted:
            if name not in names:
                raise ValueError(f'initial.vibrations: "{name}" is no vibration of the model; there are: {", ".join(names)}')
        starts = tuple(_vibration(f"initial.vibrations.{name}", wanted.get(name, {"fock": 0})) for name in names)
        return cls(_electrons(model, given.get("electrons", "equilibrium")), starts)


def _electrons(model: Junction, given: Any) -> str | FloatArray:
    if given in ("equilibrium", "empty") and isinstance(given, str):
        return given
    if not isinstance(given, Mapping):
        levels = ", ".join(model.levels)
        raise ValueError(
            f'initial.electrons: {given!r} is not known; use "equilibrium", "empty" or occupations of the levels {levels}'
        )
    for name in given:
        if name not in model.levels:
            raise ValueError(f'initial.electrons: "{name}" is no level; there are: {", ".join(model.levels)}')
    occupations = np.array([float(given.get(name, 0.0)) for name in model.levels])
    if np.any(occupations < 0) or np.any(occupations > 1) or not np.all(np.isfinite(occupations)):
        raise ValueError(f"initial.electrons: occupations {occupations.tolist()} must lie between 0 and 1")
    return occupations


def _vibration(key: str, given: Any) -> VibrationStart:
    if not isinstance(given, Mapping) or len(given) != 1 or next(iter(given)) not in KINDS:
        raise ValueError(f"{key}: {given!r} must be one of {{displacement = x0}}, {{fock = n}}, {{thermal = kT}}")
    kind, raw = next(iter(given.items()))
    try:
        value = require(parse(raw), "temperature", raw) if kind == "thermal" and isinstance(raw, str) else float(raw)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key}.{kind}: {error}") from None
    if not np.isfinite(value):
        raise ValueError(f"{key}.{kind}: {value} must be finite")
    if kind == "fock" and (value < 0 or value != int(value)):
        raise ValueError(f"{key}.fock: {raw} must be a whole number of quanta, 0 or more")
    if kind == "thermal" and value < 0:
        raise ValueError(f"{key}.thermal: {raw} must not be negative")
    return VibrationStart(kind, value)
