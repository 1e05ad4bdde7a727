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
from .arguments import real
from .observe import overlaps, quanta_reached

KINDS = ("displacement", "fock", "thermal")
HOTTEST = 40.0  # -ln of the thermal population left out
KEPT = 0.99  # of the initial state, at least: what is left out goes into the stated error, but with more it is another state
BEYOND = 4  # times the quanta that some states reach: they hold nothing of a state with so many


@dataclass(frozen=True)
class VibrationStart:
    """kind "displacement" (dimensionless), "fock" (a number of quanta) or "thermal" (k_BT, Hartree); name of the vibration."""

    kind: str
    value: float
    name: str = ""

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
        density = self._projected(frequency, states, origin)
        kept = float(np.trace(density).real)
        self.require(kept, states)
        return np.asarray(density / kept, dtype=complex)

    def kept(self, frequency: float, states: int, origin: float = 0.0) -> float:
        """Weight of the state within the lowest `states` states displaced to `origin`."""
        bound = self.bound(frequency, states, origin, origin)
        return bound if bound < KEPT else float(np.trace(self._projected(frequency, states, origin)).real)

    def bound(self, frequency: float, states: int, lowest: float, highest: float) -> float:
        """What `kept` cannot exceed for any origin from lowest to highest; costs nothing.

        Thermal: the largest `states` eigenvalues of ρ, 1 - e^{-ω states/k_BT}.
        """
        if self.kind == "thermal":
            return float(-np.expm1(-frequency * states / self.value)) if self.value > 0 else 1.0
        if self.kind == "fock":
            reached = BEYOND * quanta_reached(states, max(abs(lowest), abs(highest)))
            return float(self.value <= reached)
        nearest = float(np.clip(self.value / np.sqrt(2.0), lowest, highest))
        return float(np.trace(self._projected(frequency, states, nearest)).real)

    def require(self, kept: float, states: int) -> None:
        """Errors: ValueError where less than KEPT is held."""
        if not kept >= KEPT:
            raise ValueError(
                f"initial.vibrations.{self.name}: {self.kind} = {self.value:g} needs more than {states} vibrational states, "
                f'which hold {100 * kept:.3g}% of it; give the vibration more states, or states = "auto"'
            )

    def _projected(self, frequency: float, states: int, origin: float) -> ComplexArray:
        """P ρ P, P on the lowest `states` displaced states."""
        if self.kind == "displacement":
            alpha, n = self.value / np.sqrt(2.0) - origin, np.arange(states)
            size = np.exp(-0.5 * alpha**2 + n * np.log(max(abs(alpha), 1e-300)) - 0.5 * gammaln(n + 1.0))
            amplitude = np.where(n % 2, np.sign(alpha), 1.0) * size
            return np.outer(amplitude, amplitude) + 0j
        if self.kind == "fock":
            weights = (np.arange(int(self.value) + 1) == self.value).astype(float)
        else:
            most = int(np.ceil(HOTTEST * self.value / frequency)) + 1
            weights = np.exp(-frequency * np.arange(most) / self.value) if self.value > 0 else np.ones(1)
        overlap = overlaps(weights.size, states, np.sqrt(2.0) * origin)
        return np.asarray(overlap.T @ ((weights / weights.sum())[:, None] * overlap), dtype=complex)


@dataclass(frozen=True)
class Start:
    """electrons: "equilibrium", "empty" or one occupation a level (n,); vibrations: one start a vibration."""

    electrons: str | FloatArray
    vibrations: tuple[VibrationStart, ...]

    @classmethod
    def of(cls, model: Junction, initial: Mapping[str, Any] | None) -> Start:
        """Errors: ValueError naming the key, what is wrong and what would be right."""
        if initial is not None and not isinstance(initial, Mapping):
            raise ValueError(f'initial: {initial!r} is no table; give one such as {{"electrons": "empty"}}')
        given = dict(initial or {})
        unknown = sorted(set(given) - {"electrons", "vibrations"})
        if unknown:
            raise ValueError(f'initial: "{unknown[0]}" is not known; use "electrons" and "vibrations"')
        names = [v.name for v in model.vibrations]
        wanted = given.get("vibrations") or {}
        if not isinstance(wanted, Mapping):
            raise ValueError(f'initial.vibrations: {wanted!r} is no table; give one such as {{"b": {{"fock": 1}}}}')
        for name in wanted:
            if name not in names:
                raise ValueError(f'initial.vibrations: "{name}" is no vibration of the model; there are: {", ".join(names)}')
        starts = tuple(_vibration(name, wanted.get(name, {"fock": 0})) for name in names)
        return cls(_electrons(model, given.get("electrons", "equilibrium")), starts)


def _electrons(model: Junction, given: Any) -> str | FloatArray:
    if isinstance(given, str) and given in ("equilibrium", "empty"):
        return given
    if not isinstance(given, Mapping):
        levels = ", ".join(model.levels)
        raise ValueError(
            f'initial.electrons: {given!r} is not known; use "equilibrium", "empty" or occupations of the levels {levels}'
        )
    for name in given:
        if name not in model.levels:
            raise ValueError(f'initial.electrons: "{name}" is no level; there are: {", ".join(model.levels)}')
    right = "occupations lie between 0 and 1"
    occupations = np.array([real(f"initial.electrons.{name}", given.get(name, 0.0), right) for name in model.levels])
    for name, occupation in zip(model.levels, occupations, strict=True):
        if not 0 <= occupation <= 1:
            raise ValueError(f"initial.electrons.{name}: {occupation:g} is out of range; {right}")
    return occupations


def _vibration(name: str, given: Any) -> VibrationStart:
    key = f"initial.vibrations.{name}"
    if not isinstance(given, Mapping) or len(given) != 1 or next(iter(given)) not in KINDS:
        raise ValueError(f'{key}: {given!r} is not known; use one of {{"displacement": x0}}, {{"fock": n}}, {{"thermal": kT}}')
    kind, raw = next(iter(given.items()))
    if kind == "thermal" and isinstance(raw, str):
        try:
            raw = require(parse(raw), "temperature", raw)
        except (TypeError, ValueError) as error:
            raise ValueError(f'{key}.thermal: {error}; give k_BT in Hartree or such as "600 K"') from None
    value = real(f"{key}.{kind}", raw, "give one")
    if kind == "fock" and (value < 0 or value != int(value)):
        raise ValueError(f"{key}.fock: {raw} is no number of quanta; give a whole number, 0 or more")
    if kind == "thermal" and value < 0:
        raise ValueError(f"{key}.thermal: {raw} is negative; give k_BT, 0 or more")
    return VibrationStart(kind, value, name)
