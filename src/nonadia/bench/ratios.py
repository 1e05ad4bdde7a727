"""What all benchmarks together say: how much faster than each other package, case by case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# the ratios that compare equal work of two programs: benchmark → name of the ratio → (the other program, what is timed)
COMPARED: dict[str, dict[str, tuple[str, str]]] = {
    "heom": {"build_ratio": ("QuTiP", "generator"), "solve_ratio": ("QuTiP", "steady state")},
    "wavepacket": {
        "peer_ratio": ("wavepacket", "propagation to 1e-7"),
        "chebyshev_ratio": ("wavepacket", "Chebyshev to 1e-12"),
        "single_ratio": ("qmsolve", "a step of one state"),
    },
    "langevin": {"numpy_ratio": ("NumPy loop", "ensemble"), "ase_ratio": ("ASE", "ensemble")},
}


@dataclass(frozen=True)
class Ratio:
    """The other program's time over nonadia's; lower_bound: it was stopped, and would have taken longer."""

    engine: str
    case: str
    peer: str
    what: str
    value: float
    lower_bound: bool = False

    def __str__(self) -> str:
        return f"{'> ' if self.lower_bound else ''}{self.value:.3g}"


def ratios(results: Mapping[str, Mapping[str, Any]]) -> list[Ratio]:
    """Of {benchmark: its results}, in the order of their cases; what was not compared is left out."""
    found = []
    for engine, result in results.items():
        for case, entry in result["cases"].items():
            for name, (peer, what) in COMPARED[engine].items():
                value = entry.get("ratios", {}).get(name)
                if value is None:
                    continue
                bounded = value["lower_bound"] if isinstance(value, Mapping) else name in entry.get("lower_bounds", ())
                number = value["value"] if isinstance(value, Mapping) else value
                found.append(Ratio(engine, case, peer, what, float(number), bool(bounded)))
    return found


def table(found: list[Ratio]) -> list[str]:
    """A line a ratio."""
    head = f"{'engine':<11} {'case':<20} {'compared with':<13} {'of':<22} times faster"
    return [head, *(f"{r.engine:<11} {r.case:<20} {r.peer:<13} {r.what:<22} {r!s:>12}" for r in found)]
