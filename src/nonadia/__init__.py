"""nonadia: forces that electrons exert on nuclei, beyond Born-Oppenheimer.

    import nonadia as na
    experiment = na.load("junction.toml")        # or na.examples.load("junction")
    result = na.run(experiment)                  # xarray.DataTree
    forces = na.electronic_forces(experiment.model, x=np.linspace(-9, 6, 121))   # xarray.Dataset
    kernel = na.memory_kernels(experiment.model, x=0.0, time=np.linspace(0, 2000, 201))   # xarray.Dataset
    motion = na.langevin(forces, trajectories=1000, duration=8e5, initial={"temperature": 9.5e-4, "x": 0.0})

Everything here is imported on first use (PEP 562), so that `import nonadia` and `nonadia --help` are instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import examples as examples
    from .dynamics import heom_dynamics as heom_dynamics
    from .factorization.factorize import factorize as factorize
    from .factorization.marginal import born_oppenheimer as born_oppenheimer
    from .factorization.marginal import marginal_start as marginal_start
    from .factorization.marginal import marginal_system as marginal_system
    from .friction import convergence_study as convergence_study
    from .friction import electronic_forces as electronic_forces
    from .friction import memory_kernels as memory_kernels
    from .langevin.api import langevin as langevin
    from .langevin.field import CallableField as CallableField
    from .langevin.fokker_planck.escape import fokker_planck_escape as fokker_planck_escape
    from .langevin.fokker_planck.propagate import fokker_planck_propagate as fokker_planck_propagate
    from .langevin.fokker_planck.solve import fokker_planck as fokker_planck
    from .langevin.memory.memory_field import memory_field as memory_field
    from .langevin.tables.on_the_fly import OnTheFly as OnTheFly
    from .langevin.tables.scattered import ScatteredTable as ScatteredTable
    from .langevin.tables.table import ForceTable as ForceTable
    from .models.initial import InitialState as InitialState
    from .models.junction import Junction as Junction
    from .models.molecule import Molecule as Molecule
    from .runs.errors import InputError as InputError
    from .runs.execute import RunFailed as RunFailed
    from .runs.execute import run as run
    from .runs.experiment import Experiment as Experiment
    from .runs.experiment import load as load
    from .runs.store import ResultError as ResultError
    from .runs.store import open_result as open
    from .wavepacket.api import propagate as propagate
    from .wavepacket.eigenstates import eigenstates as eigenstates

__version__ = "0.1.0"

_HOME = {
    "CallableField": ("nonadia.langevin.field", "CallableField"),
    "ForceTable": ("nonadia.langevin.tables.table", "ForceTable"),
    "OnTheFly": ("nonadia.langevin.tables.on_the_fly", "OnTheFly"),
    "ScatteredTable": ("nonadia.langevin.tables.scattered", "ScatteredTable"),
    "Experiment": ("nonadia.runs.experiment", "Experiment"),
    "InputError": ("nonadia.runs.errors", "InputError"),
    "Junction": ("nonadia.models.junction", "Junction"),
    "ResultError": ("nonadia.runs.store", "ResultError"),
    "RunFailed": ("nonadia.runs.execute", "RunFailed"),
    "born_oppenheimer": ("nonadia.factorization.marginal", "born_oppenheimer"),
    "marginal_start": ("nonadia.factorization.marginal", "marginal_start"),
    "marginal_system": ("nonadia.factorization.marginal", "marginal_system"),
    "convergence_study": ("nonadia.friction", "convergence_study"),
    "eigenstates": ("nonadia.wavepacket.eigenstates", "eigenstates"),
    "factorize": ("nonadia.factorization.factorize", "factorize"),
    "fokker_planck": ("nonadia.langevin.fokker_planck.solve", "fokker_planck"),
    "fokker_planck_escape": ("nonadia.langevin.fokker_planck.escape", "fokker_planck_escape"),
    "fokker_planck_propagate": ("nonadia.langevin.fokker_planck.propagate", "fokker_planck_propagate"),
    "InitialState": ("nonadia.models.initial", "InitialState"),
    "Molecule": ("nonadia.models.molecule", "Molecule"),
    "propagate": ("nonadia.wavepacket.api", "propagate"),
    "electronic_forces": ("nonadia.friction", "electronic_forces"),
    "examples": ("nonadia.examples", ""),
    "heom_dynamics": ("nonadia.dynamics", "heom_dynamics"),
    "langevin": ("nonadia.langevin.api", "langevin"),
    "load": ("nonadia.runs.experiment", "load"),
    "memory_field": ("nonadia.langevin.memory.memory_field", "memory_field"),
    "memory_kernels": ("nonadia.friction", "memory_kernels"),
    "open": ("nonadia.runs.store", "open_result"),
    "run": ("nonadia.runs.execute", "run"),
}

__all__ = [
    "CallableField",
    "Experiment",
    "ForceTable",
    "InitialState",
    "InputError",
    "Junction",
    "Molecule",
    "OnTheFly",
    "ResultError",
    "RunFailed",
    "ScatteredTable",
    "born_oppenheimer",
    "convergence_study",
    "eigenstates",
    "electronic_forces",
    "examples",
    "factorize",
    "fokker_planck",
    "fokker_planck_escape",
    "fokker_planck_propagate",
    "heom_dynamics",
    "langevin",
    "load",
    "marginal_start",
    "marginal_system",
    "memory_field",
    "memory_kernels",
    "open",
    "propagate",
    "run",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'nonadia' has no attribute {name!r}")
    module, attribute = _HOME[name]
    home = import_module(module)
    value = getattr(home, attribute) if attribute else home
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOME))
