"""`initial` of [langevin]: where trajectories begin, as `nonadia.langevin` takes it, in atomic units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nonadia.models.structure import dotted, unknown_key
from nonadia.models.tables import Tables
from nonadia.units import Kind, UnitError, is_quantity

from .compound_units import MOMENTUM, in_atomic_units
from .langevin_schema import InitialSpec

_ACTION = {"energy": 1, "time": 1}  # the momentum of a coordinate that is a pure number


def coordinates_of(builder: Tables) -> dict[str, Kind]:
    """Name → kind of its values."""
    table = builder.data.get("coordinates") or {}
    return {name: "dimensionless" if (spec or {}).get("unit") == "1" else "length" for name, spec in table.items()}


class Initial:
    """Reads `initial`: one of four ways to begin."""

    def __init__(self, builder: Tables, table: Mapping[str, Any]) -> None:
        self.builder, self.table, self.kinds = builder, table, coordinates_of(builder)

    def read(self) -> dict[str, Any] | None:
        """As `nonadia.langevin` takes it; None after noting a fault."""
        table, builder, before = self.table, self.builder, len(self.builder.problems)
        options = list(InitialSpec.model_fields)
        for key in table:
            if key not in options and key not in self.kinds:
                builder.note(dotted("langevin", "initial", key), unknown_key(key, [*self.kinds, *options]))
        ways = [key for key in ("boltzmann", "wigner") if key in table]
        places = [name for name in self.kinds if name in table]
        if len(builder.problems) > before:
            return None
        fixed = [key for key in (*places, "temperature", "p") if key in table]
        if len(ways) > 1 or (ways and fixed):
            builder.note(
                dotted("langevin", "initial", [*fixed, *ways][0]),
                f"does not go with {[*ways, *fixed][0 if fixed else 1]}; give one of "
                "{ temperature, x }, { x, p }, { boltzmann }, { wigner }",
            )
            return None
        if ways:
            found = self._wigner() if ways == ["wigner"] else self._temperature("boltzmann")
        else:
            found = self._places()
            found |= self._temperature("temperature") if "temperature" in table else {}
            found |= self._momenta() if "p" in table else {}
        return found if len(builder.problems) == before else None

    def _places(self) -> dict[str, Any]:
        missing = [name for name in self.kinds if name not in self.table]
        if missing:
            self.builder.note("langevin.initial", f"no position; give {', '.join(f'{name} = 0.0' for name in missing)}")
        return {
            name: self.builder.real(self.table[name], dotted("langevin", "initial", name), self.kinds[name])
            for name in self.kinds
            if name in self.table
        }

    def _temperature(self, way: str) -> dict[str, Any]:
        kT = self.builder.real(self.table[way], f"langevin.initial.{way}", "temperature")
        if kT is not None and kT <= 0 and not (way == "temperature" and kT == 0):
            self.builder.note(f"langevin.initial.{way}", f'"{self.table[way]}" is not positive; a temperature such as "300 K"')
        return {way: kT}

    def _momenta(self) -> dict[str, Any]:
        found = self._each(self.table["p"], "langevin.initial.p", self._momentum)
        return {"p": found[0]} if len(self.kinds) == 1 else {f"p_{name}": p for name, p in zip(self.kinds, found, strict=True)}

    def _position(self, source: Any, key: str, name: str) -> float | None:
        return self.builder.real(source, key, self.kinds[name])

    def _momentum(self, source: Any, key: str, name: str) -> float | None:
        if isinstance(source, str):
            try:
                return in_atomic_units(source, MOMENTUM if self.kinds[name] == "length" else _ACTION)
            except UnitError as error:
                if is_quantity(source):
                    self.builder.note(key, str(error))
                    return None
        return self.builder.real(source, key, None)

    def _wigner(self) -> dict[str, Any]:
        table, key = self.table["wigner"], "langevin.initial.wigner"
        if table is None:
            return {}
        frequency = self.builder.real(table.get("frequency"), f"{key}.frequency", "energy", positive=True)
        temperature = self.builder.real(table.get("temperature", 0.0), f"{key}.temperature", "temperature")
        if temperature is not None and temperature < 0:
            self.builder.note(f"{key}.temperature", f'"{table["temperature"]}" is negative; 0 is the ground state')
        found: dict[str, Any] = {"frequency": frequency, "temperature": temperature}
        found["center"] = self._each(table.get("center", 0.0), f"{key}.center", self._position)
        found["momentum"] = self._each(table.get("momentum", 0.0), f"{key}.momentum", self._momentum)
        return {"wigner": found}

    def _each(self, source: Any, key: str, read: Callable[[Any, str, str], float | None]) -> list[float | None]:
        """One value a coordinate, from { x = …, y = … }, or from one value where there is one coordinate."""
        nothing: list[float | None] = [None] * len(self.kinds)
        if not isinstance(source, Mapping):
            if len(self.kinds) > 1 and source is not None and source != 0.0:
                example = ", ".join(f"{name} = 0.0" for name in self.kinds)
                self.builder.note(key, f"one value for {len(self.kinds)} coordinates; give {{ {example} }}")
                return nothing
            source = {name: source for name in self.kinds}
        elif set(source) - set(self.kinds):
            for name in sorted(set(source) - set(self.kinds)):
                self.builder.note(f"{key}.{name}", unknown_key(name, list(self.kinds)))
            return nothing
        else:
            return [read(source.get(name, 0.0), f"{key}.{name}", name) for name in self.kinds]
        return [read(source[name], key, name) for name in self.kinds]
