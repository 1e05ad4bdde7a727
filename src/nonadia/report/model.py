"""What was computed, in sentences and tables: system, coordinates and grids, what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nonadia.units import ANGSTROM, EV, FS, KELVIN, PS, U

from . import words
from .parts import Table
from .source import STUDY

if TYPE_CHECKING:
    from .source import Source

_METHODS = {"auto": "chosen automatically", "heom": "hierarchical equations of motion", "negf": "Green's functions"}


def sentences(source: Source) -> list[str]:
    """A few plain sentences."""
    if source.system in ("molecule", "marginal"):
        return [*_closed(source), *_swept(source)]
    if source.system == "table":
        return [*_given(source), *_forces(source), *_langevin(source), *_swept(source)]
    return [*_junction(source), *_forces(source), *_memory(source), *_langevin(source), *_swept(source)]


def _junction(source: Source) -> list[str]:
    model = source.model
    levels, leads = list(model.get("levels", [])), list(model.get("leads", {}))
    place = "between leads" if len(leads) > 1 else "at one lead"
    interacting = bool(model.get("interactions"))
    electrons = "interacting electrons" if interacting else "non-interacting electrons"
    lines = [
        f"A molecule {place} ({words.listed(leads)}): {words.counted(len(levels), 'electronic level')} "
        f"({words.listed(levels)}), {electrons}; the nuclei {words.listed(source.model.get('coordinates', {}))} are classical."
    ]
    for name, mode in model.get("vibrations", {}).items():
        chosen = " (chosen automatically)" if mode.get("states_chosen_automatically") else ""
        energy = words.quantity(1e3 * mode["frequency"] / EV, "meV")
        lines.append(f"The vibration {name} of {energy} is quantum mechanical, with up to {mode['states']} states{chosen}.")
    lines += _leads(source)
    return lines


def _leads(source: Source) -> list[str]:
    """Temperatures and chemical potentials, over all sweep points where the result holds them."""
    forces, lines = source.group("forces"), []
    for name, lead in source.model.get("leads", {}).items():
        values = {key: np.array([lead[key]]) for key in ("temperature", "chemical_potential")}
        if forces is not None and set(values) <= set(forces.data_vars):
            values = {key: np.ravel(forces[key].sel(lead=name).values) for key in values}
        kelvin, mu = _range(values["temperature"] / KELVIN), _range(values["chemical_potential"] / EV)
        lines.append(f"{name} at {kelvin} K with chemical potential {mu} eV")
    first = " (at the first sweep point)" if forces is None and source.settings.get("sweep") else ""
    return [f"Leads{first}: {'; '.join(lines)}."] if lines else []


def _range(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    if not known.size:
        return words.NOTHING
    low, high = words.number(known.min()), words.number(known.max())
    return low if low == high else f"{low} to {high}"


def _given(source: Source) -> list[str]:
    names = words.listed(source.model.get("coordinates", source.written.get("coordinates", {})))
    table = source.written.get("table") or {}
    where = f"read from {table['file']}" if table.get("file") else "given as expressions"
    return [f"Classical nuclei ({names}) in forces, friction and noise that are {where}; no electrons are computed."]


def _forces(source: Source) -> list[str]:
    asked = source.settings.get("forces")
    if not asked:
        return []
    method = _METHODS.get(str(asked.get("method")), str(asked.get("method")))
    if source.is_study:
        study = source.tree[STUDY].to_dataset()
        values = study["reference_mean_force"]
        sizes = [values.sizes[dim] for dim in values.dims if dim != "mode" and f"{dim}_label" not in study.coords]
        count = words.counted(int(np.prod(sizes)), "geometry", "geometries")
        pairs = "with each pair of tiers and poles, and their errors from a reference"
        return [f"Computed at {count} of the input's grid: mean force, friction and noise {pairs}."]
    mode = ", at every geometry" if asked.get("tolerance_mode") == "pointwise" else ""
    return [
        f"Computed: mean force, electronic friction and noise. Method: {method}; "
        f"relative error at most {words.number(asked.get('tolerance', float('nan')), 2)}{mode}."
    ]


def _memory(source: Source) -> list[str]:
    asked = source.settings.get("memory")
    return (
        ["Computed besides: memory kernels of friction and noise, and their spectra."] if asked and not source.is_study else []
    )


def _langevin(source: Source) -> list[str]:
    asked = source.settings.get("langevin")
    if not asked or source.is_study:
        return []
    kind = "generalised Langevin dynamics (with memory)" if asked.get("memory") else "Langevin dynamics"
    exits = f" They end when they leave: {words.listed(asked['exits'])}." if asked.get("exits") else ""
    count = words.counted(int(asked["trajectories"]), "trajectory", "trajectories")
    return [f"Computed from these: {kind} of {count} over {time(asked['duration'])}.{exits}"]


def _closed(source: Source) -> list[str]:
    model, lines = source.model, []
    names = words.listed(model.get("coordinates", {}))
    if source.system == "marginal":
        lines.append(f"A nuclear wave function of {names} in given vector and scalar potentials, without electrons.")
    else:
        lines.append(f"An isolated molecule: electrons ({_electrons(source)}) and nuclei ({names}), both quantum mechanical.")
    initial = source.written.get("initial")
    if isinstance(initial, dict):
        lines.append(f"Initial state: {_initial(initial)}.")
    asked = source.settings.get("propagation")
    if asked:
        lines.append(
            f"Computed: the wave packet over {time(asked['duration'])} ({asked['method']}, order {asked['order']}), "
            f"norm error at most {words.number(asked['tolerance'], 2)}."
        )
    asked = source.settings.get("factorization")
    if asked:
        gauge = str(asked["gauge"]).replace("-", " ")
        lines.append(
            f"Computed along it: the exact factorization, potentials in the {gauge} gauge, identities with both sides."
        )
    asked = source.settings.get("trajectories")
    if asked:
        lines.append("Computed along it: trajectories under the exact forces.")
    return lines


def _electrons(source: Source) -> str:
    electrons = source.written.get("electrons") or {}
    if "hamiltonian" in electrons:
        return words.counted(len(electrons["hamiltonian"]), "diabatic state")
    if "surfaces" in electrons:
        return f"{words.counted(len(electrons['surfaces']), 'adiabatic surface')} with a mixing angle"
    if "coordinates" in electrons:
        return f"real space, {words.listed(electrons['coordinates'])}"
    return "as in the input"


def _initial(initial: dict[str, Any]) -> str:
    if "eigenstate" in initial:
        return f"eigenstate {initial['eigenstate']} of the whole Hamiltonian"
    parts = []
    nuclear = initial.get("nuclear")
    if isinstance(nuclear, dict):
        if "ground_state_of" in nuclear:
            parts.append(f"nuclear ground state of surface {nuclear['ground_state_of']}")
        else:
            parts.append(f"nuclear {words.listed(str(key).replace('_', ' ') for key in nuclear)}")
    if "wavefunction" in initial:
        parts.append("nuclear wave function as written")
    electronic = initial.get("electronic")
    if isinstance(electronic, dict):
        parts += [f"electrons: {key} {words.plain(value)}" for key, value in electronic.items()]
    return ", ".join(parts) or "as in the input"


def _swept(source: Source) -> list[str]:
    sweep = source.settings.get("sweep")
    if not isinstance(sweep, dict) or not sweep:
        return []
    each = [f"{name} = {', '.join(words.plain(value) for value in values)}" for name, values in sweep.items()]
    return [f"Swept: {'; '.join(each)}."]


def time(atomic: float, longest: float | None = None) -> str:
    """A time in fs, or ps if it, or the longest of a column, is long."""
    if (atomic if longest is None else longest) >= 2.0 * PS:
        return words.quantity(atomic / PS, "ps")
    return words.quantity(atomic / FS, "fs")


def grids(source: Source) -> Table | None:
    """Coordinates with their masses and grids, in the unit that the input uses."""
    coordinates = source.coordinates
    forces = (source.settings.get("forces") or source.settings.get("table") or {}).get("grid_min_max_points") or {}
    electronic = source.model.get("electronic_coordinates") or {}
    rows = []
    for kind, every in (("nuclear", coordinates), ("electronic", electronic)):
        for name, entry in every.items():
            if not isinstance(entry, dict):
                continue
            unit = str(entry.get("unit", "bohr"))
            span = forces.get(name) or [entry.get(key) for key in ("start", "stop", "points")]
            mass = float(entry.get("mass", float("nan")))
            rows.append([f"{name} ({kind})", _mass(mass, unit), _span(span, unit), str(span[2]) if span[2] is not None else ""])
    note = "Grids of closed systems are periodic: the end is no point of the grid." if source.model.get("electrons") else ""
    return Table("Coordinates and grids", ("coordinate", "mass", "from … to", "points"), rows, note).lively if rows else None


def _mass(mass: float, unit: str) -> str:
    if unit == "1":  # of a dimensionless coordinate, ħ²/E
        return words.quantity(mass, "ħ²/Hartree")
    return words.quantity(mass / U, "u") if mass >= 0.5 * U else words.quantity(mass, "electron masses")


def _span(span: list[Any], unit: str) -> str:
    if span[0] is None or span[1] is None:
        return ""
    factor, name = (1.0 / ANGSTROM, "Å") if unit == "angstrom" else (1.0, "" if unit == "1" else "a₀")
    low, high = (words.number(float(end) * factor) for end in span[:2])
    text = f"{low} … {high}"
    return f"{text} {name}" if name else f"{text} (dimensionless)"
