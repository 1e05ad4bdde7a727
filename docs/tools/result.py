"""The tables of docs/result.md from small runs of every kind: `python docs/tools/result.py` writes them anew."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "result.md"
BEGIN, END = "<!-- written by: python docs/tools/result.py -->\n", "<!-- end -->"

LEAD = 'temperature = "300 K"\nbandwidth = "3 eV"\n'
JUNCTION = f"""
system = "junction"
[parameters]
bias = "0.1 V"
[coordinates.x]
mass = "12 u"
[molecule]
potential = "0.02*x**2"
levels = {{ up = "0.01*x", down = "0.01*x" }}
[leads.L]
chemical_potential = "bias/2"
couplings = {{ up = "0.1 eV", down = "0.1 eV" }}
{LEAD}
[leads.R]
chemical_potential = "-bias/2"
couplings = {{ up = "0.1 eV", down = "0.1 eV" }}
{LEAD}
"""
MOTION = """
[forces]
x = { start = -1.5, stop = 1.5, points = 41 }
[memory]
x = [0.0]
time = { start = 0, stop = 100, points = 5 }
tolerance = 0.1
[langevin]
trajectories = 40
duration = "0.1 ps"
stored = 12
keep = 1
bins = 10
initial = { x = 0.0, temperature = "300 K" }
"""
HIERARCHY = """
[molecule.interactions]
"up,down" = 0.01
[molecule.vibrations.b]
frequency = "0.2 eV"
states = 2
couplings = { up = "0.01 eV" }
[forces]
x = [0.0]
tiers = 2
poles = 1
"""
MOLECULE = """
system = "molecule"
[coordinates.R]
mass = 2000
grid = { start = -3, stop = 3, points = 80 }
[electrons]
hamiltonian = [["0.1*R**2 + laser*R", "0.01"], ["0.01", "0.1*(R - 0.4)**2 + 0.01"]]
[parameters]
laser = "1e-4*sin(t/5)"
[initial]
electronic = { adiabatic = 2 }
nuclear = { gaussian = { center = 0.0, width = 0.25 } }
[propagation]
duration = 20
store_every = 1
store_psi = true
[factorization]
gauge = "real"
[trajectories]
newton = true
quantum = 2
"""
PLANE = """
system = "molecule"
[coordinates.X]
mass = 2000
grid = { start = -2, stop = 2, points = 54 }
[coordinates.Y]
mass = 2000
grid = { start = -2, stop = 2, points = 54 }
[electrons]
hamiltonian = [["0.1*(X**2 + Y**2) + 0.02*X", "0.02*Y"], ["0.02*Y", "0.1*(X**2 + Y**2) - 0.02*X"]]
[nuclei.N]
coordinates = ["X", "Y"]
[initial]
electronic = { amplitudes = ["1/sqrt(2)", "I/sqrt(2)"] }
nuclear = { gaussian = { center = [0.3, 0.0], width = 0.3 } }
[propagation]
duration = 4
store_every = 1
tolerance = 1e-4
[factorization]
gauge = "real"
"""
IONS = """
system = "molecule"
[coordinates.R]
mass = 900
grid = { start = -3, stop = 3, points = 48 }
[electrons]
potential = "0.05*R**2 + (r - 0.3*R)**2/2"
[electrons.coordinates.r]
grid = { start = -8, stop = 8, points = 40 }
[initial]
nuclear = { gaussian = { center = 0.0, width = 0.3 } }
electronic = { adiabatic = 1 }
[propagation]
duration = 2
store_every = 1
tolerance = 1e-3
"""
EXITS = 'exits = { left = "x > 1" }\n'
RUNS = (JUNCTION + MOTION, JUNCTION + MOTION + EXITS, JUNCTION + HIERARCHY, MOLECULE, PLANE, IONS)
GROUPS = (
    ("forces", "[Forces](methods.md) on the grid of coordinates; `x` stands for the coordinates by their names."),
    ("memory", "[Memory kernels](memory-kernels.md)."),
    ("langevin", "[Dynamics](langevin.md): averages over the ensemble, each with `error_…`, one standard error."),
    ("wavepacket", "[Wave packets](wave-packets.md). `R…` are the nuclear coordinates, `r…` those of electrons on a grid."),
    ("factorization", "[Exact factorization](exact-factorization.md): fields at `snapshot`, scalars at every `time`."),
    ("trajectories", "[Trajectories](exact-factorization.md#trajectories) along a wave packet."),
    ("convergence", "One entry a sweep point: how it was computed and what the solvers had to say."),
)  # fmt: skip
NAMES = {"R": "R…", "X": "R…", "Y": "", "r": "r…"}  # coordinates of the runs above: a dimension for each nuclear coordinate
MEANING = {  # of what carries no words of its own, or words that depend on the run
    "mode": "names of the coordinates",
    "mode_": "the same, second index",
    "coordinate": "names of the nuclear coordinates",
    "coordinate_": "the same, second index",
    "lead": "names of the leads",
    "level": "names of the levels",
    "level_": "the same, second index",
    "vibration": "names of the quantum modes",
    "time": "times that are stored",
    "frequency": "frequencies ω",
    "snapshot": "times at which fields are stored",
    "state": "number of the basis state, from 1",
    "surface": "number of the Born-Oppenheimer surface, from 1",
    "component": "Cartesian components of the nuclei",
    "component_mass": "mass of the nucleus of each",
    "component_nucleus": "its name",
    "nucleus": "names of the nuclei",
    "plane": "plane of rotation of each angular momentum",
    "exit": "names of the exits",
    "outcome": 'the exits, and "inside"',
    "mean_first_passage_time": "mean time to leave",
    "position_edges": "edges of the bins",
    "position_bin": "their centres",
    "momentum_edges": "edges of the bins",
    "momentum_bin": "their centres",
    "window_start": "first time of each window of a distribution",
    "window_stop": "last one",
    "convergence/status": 'one of "converged", "not converged", "failed", "not computed"',
    "convergence/forces_status": "the same of the forces alone",
    "convergence/langevin_status": "the same of the dynamics alone",
    "convergence/converged": "1 where the tolerance was reached",
    "convergence/wall_time": "of this point",
    "convergence/langevin_wall_time": "of its dynamics",
    "convergence/method": "how the forces were computed; the propagator of a wave packet",
    "convergence/tiers": "of the hierarchy; 0 or less without one",
    "convergence/poles": "of the Fermi function; 0 or less without any",
    "convergence/decomposition": "kind of poles",
    "convergence/exponents": "number of exponents of each lead (JSON)",
    "convergence/bath": "how they were chosen, and their errors for the partner model (JSON)",
    "convergence/convergence": "what was tried on the way (JSON)",
    "convergence/relative_error": "of force, friction and noise (JSON)",
    "convergence/stability": "largest growth rate of the hierarchy where it was looked at (JSON)",
    "convergence/messages": "what the user should know (JSON list)",
    "convergence/forces_messages": "those of the forces (JSON list)",
    "convergence/langevin_messages": "those of the dynamics (JSON list)",
}


def results() -> Iterator[Any]:
    """The result tree of each small run."""
    import nonadia as na
    from nonadia.runs.execute import RunFailed

    with tempfile.TemporaryDirectory() as folder:
        for i, text in enumerate(RUNS):
            tomllib.loads(text)
            path = Path(folder) / f"run{i}.toml"
            path.write_text(text, encoding="utf-8")
            try:
                yield na.run(na.load(path))
            except RunFailed as failure:
                yield failure.tree


def tables() -> str:
    """One Markdown table a group: variable, dimensions, units, meaning."""
    found: dict[str, dict[str, tuple[str, str, str]]] = {group: {} for group, _ in GROUPS}
    for tree in results():
        for group, rows in found.items():
            if group in tree.children:
                for name, variable in tree[group].to_dataset().variables.items():
                    if name not in rows and name not in (*NAMES, "x"):
                        rows[str(name)] = _row(group, str(name), variable)
    parts = []
    for group, note in GROUPS:
        known = sorted(_paired(found[group]))
        lines = [f"| `{name}` | {dims} | {units} | {meaning} |" for name, (dims, units, meaning) in known]
        head = [f"## `/{group}`", "", note, "", "| variable | dimensions | units | meaning |", "|---|---|---|---|"]
        parts.append("\n".join([*head, *lines]))
    return "\n\n".join(parts) + "\n"


def _paired(rows: dict[str, tuple[str, str, str]]) -> list[tuple[str, tuple[str, str, str]]]:
    """Without the rows of `error_X` that only say that they belong to X."""
    own = {name for name in rows if name.startswith("error_") and name.removeprefix("error_") in rows}
    return [(name, row) for name, row in rows.items() if name not in own]


def _row(group: str, name: str, variable: Any) -> tuple[str, str, str]:
    dims: list[str] = []
    for dim in map(str, variable.dims):
        shown = NAMES.get(dim, dim)
        if shown and f"`{shown}`" not in dims:
            dims.append(f"`{shown}`")
    units = str(variable.attrs.get("units", "")).replace("bohr", "a₀").replace("hbar", "ħ").replace("hartree", "E_h")
    meaning = MEANING.get(f"{group}/{name}") or MEANING.get(name) or str(variable.attrs.get("long_name", ""))
    return ", ".join(dims), units, meaning.replace("|", "\\|").replace("<", "&lt;")


def written() -> str:
    return PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


if __name__ == "__main__":
    head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(head + BEGIN + tables() + END + rest.split(END)[1], encoding="utf-8")
