"""An experiment on a closed system: a wave packet of electrons and nuclei, and its exact factorization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from nonadia.models.build_initial import initial_state, surface_fault
from nonadia.models.build_molecule import MoleculeBuilder
from nonadia.models.initial import InitialState
from nonadia.models.molecule import Molecule
from nonadia.models.structure import check

from .closed_request import (
    FactorizationRequest,
    PropagationRequest,
    TrajectoriesRequest,
    described,
    read_factorization,
    read_propagation,
    read_trajectories,
)
from .closed_schema import MarginalExperimentSpec, MoleculeExperimentSpec
from .errors import InputError
from .experiment import Experiment, Problems, check_sweep, other_kinds

TRIED = 7  # times at which expressions of t are tried, over the whole run


@dataclass(frozen=True, eq=False, kw_only=True)
class ClosedExperiment(Experiment):
    """system = "molecule" or "marginal".

    surfaces: how many Born-Oppenheimer surfaces are computed; 0 for a marginal system. factorization, trajectories: None where
    they are not asked for.
    """

    molecule: Molecule
    initial: InitialState
    propagation: PropagationRequest | None
    factorization: FactorizationRequest | None
    trajectories: TrajectoriesRequest | None
    surfaces: int

    @property
    def model(self) -> Molecule:
        """The molecule, as `model` of a junction."""
        return self.molecule

    def at(self, values: Mapping[str, Any]) -> Self:
        """See `Experiment.at`; grids and stored times must be those of the whole experiment."""
        point = super().at(values)
        for mine, own in zip(self.molecule.coordinates, point.molecule.coordinates, strict=True):
            if (mine.start, mine.stop, mine.points) != (own.start, own.stop, own.points):
                raise InputError([(self.source, f"coordinates.{mine.name}.grid", f"changes in the sweep{_FIXED}")])
        if self.propagation and point.propagation and not np.array_equal(self.propagation.times, point.propagation.times):
            raise InputError([(self.source, "propagation", f"the stored times change in the sweep{_FIXED}")])
        return point

    @classmethod
    def assemble(
        cls,
        data: dict[str, Any],
        source: str,
        text: str,
        overrides: dict[str, Any],
        written: Mapping[str, Any] | None = None,
    ) -> Self:
        """See `Experiment.assemble`."""
        system = str(data["system"])
        structure, good = check(data, MoleculeExperimentSpec if system == "molecule" else MarginalExperimentSpec)
        problems: Problems = [*structure, *other_kinds(written or {}, good, time=True)]
        builder = MoleculeBuilder(good)
        propagation = factorization = trajectories = None
        if isinstance(good.get("propagation"), dict):
            propagation = read_propagation(builder, good["propagation"])
        if propagation is not None:
            builder.times = tuple(np.linspace(0.0, propagation.duration, TRIED))
        if isinstance(good.get("factorization"), dict):
            factorization = read_factorization(builder, good["factorization"], propagation)
        if isinstance(good.get("trajectories"), dict):
            trajectories = read_trajectories(builder, good["trajectories"], factorization)
        for key in ("factorization", "trajectories"):
            if key in data and "propagation" not in data:
                builder.note(key, 'needs [propagation] beside it, with a duration such as "20 fs"')
        molecule = builder.molecule() if not problems or "electrons" in good or "potentials" in good else None
        initial = initial_state(builder, molecule)
        surfaces = _surfaces(builder, good, molecule)
        if factorization is not None and molecule is not None and factorization.gauge == "adiabatic-phase":
            message = surface_fault(factorization.gauge_state, molecule.states)
            if message:
                builder.note("factorization.gauge_state", message)
        if propagation is not None and propagation.method == "chebyshev" and "absorber" in good:
            advice = 'with [absorber] give "split-operator" or "krylov"'
            builder.note("propagation.method", f'"chebyshev" needs a Hermitian H; {advice}')
        check_sweep(builder, good)
        problems += builder.problems
        if problems or molecule is None or initial is None:
            raise InputError([(source, key, message) for key, message in problems])
        swept = {name: list(values) for name, values in good.get("sweep", {}).items()}
        settings = {
            "title": good.get("title", ""),
            "system": system,
            "model": molecule.describe() | {"functions_of_time": builder.parameters.functions},
            "initial": _described(initial),
            "surfaces": surfaces,
            "propagation": described(propagation),
            "factorization": described(factorization),
            "trajectories": described(trajectories),
            "sweep": swept,
        }
        return cls(
            title=str(settings["title"]),
            system=system,
            molecule=molecule,
            initial=initial,
            propagation=propagation,
            factorization=factorization,
            trajectories=trajectories,
            surfaces=surfaces,
            sweep=swept,
            source=source,
            text=text,
            overrides=overrides,
            settings=settings,
            kinds={name: quantity.kind for name, quantity in builder.parameters.values.items()},
            data=data,
        )


_FIXED = "; the grid of a result is one for all sweep points: run them one by one with --set"


def _surfaces(builder: MoleculeBuilder, good: Mapping[str, Any], molecule: Molecule | None) -> int:
    """How many surfaces: as asked, else all states, or two in real space; none for a marginal system."""
    if molecule is None or "potentials" in good:
        return 0
    table = good.get("adiabatic")
    wanted = table.get("surfaces") if isinstance(table, Mapping) else None
    most = molecule.states or int(np.prod(molecule.electronic_shape))
    if wanted is not None and wanted > most:
        builder.note("adiabatic.surfaces", f"{wanted}; there are {most}")
    return int(wanted) if wanted is not None else molecule.states or 2


def _described(initial: InitialState) -> dict[str, str]:
    """What the state is, for the record."""
    if initial.eigenstate is not None:
        return {"eigenstate": str(initial.eigenstate.k)}
    return {"nuclear": repr(initial.nuclear), "electronic": repr(initial.electronic)}
