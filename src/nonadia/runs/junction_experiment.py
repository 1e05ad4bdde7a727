"""An experiment on a junction: mean force, friction and noise, and memory kernels, at given geometries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from nonadia.models import Junction
from nonadia.models.build import Builder
from nonadia.models.structure import check

from .errors import InputError
from .experiment import Experiment, Problems, check_sweep, other_kinds
from .langevin_request import LangevinRequest, read_langevin
from .request import ForcesRequest, MemoryRequest, read_forces, read_memory
from .schema import ExperimentSpec


@dataclass(frozen=True, eq=False, kw_only=True)
class JunctionExperiment(Experiment):
    """system = "junction"."""

    model: Junction
    forces: ForcesRequest | None
    memory: MemoryRequest | None = None
    langevin: LangevinRequest | None = None

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
        structure, good = check(data, ExperimentSpec)
        problems: Problems = [*structure, *other_kinds(written or {}, good)]
        builder = Builder(good)
        request = None
        if isinstance(good.get("forces"), dict):
            request = read_forces(builder, good["forces"])
        memory = read_memory(builder, good["memory"]) if isinstance(good.get("memory"), dict) else None
        if "memory" in good and good.get("forces") is None and "forces" not in data:
            problems.append(("memory", "needs [forces] beside it: the friction that the kernels lead to"))
        langevin = read_langevin(builder, good["langevin"]) if isinstance(good.get("langevin"), dict) else None
        if "langevin" in good and "forces" not in data:
            problems.append(("langevin", "needs [forces] beside it: the table that the nuclei move in"))
        if langevin is not None and langevin.memory and "memory" not in data:
            problems.append(("langevin.memory", "needs [memory] beside it: the kernels, on the same grid as the forces"))
        model = builder.junction(None if request is None else request.points)
        check_sweep(builder, good)
        problems += builder.problems
        if model is not None and request is not None and not problems:
            problems += model.problems_at(request.points)
            problems += [] if memory is None else model.problems_at(memory.at.points)
            interacting = bool(model.interactions or model.vibrations)
            asked = {"forces": request} if memory is None else {"forces": request, "memory": memory.at}
            for where in (name for name, at in asked.items() if at.method == "negf" and interacting):
                problems.append(
                    (
                        f"{where}.method",
                        '"negf" is for models without interactions and vibrations; use "auto" or "heom"',
                    )
                )
        if problems or model is None:
            raise InputError([(source, key, message) for key, message in problems])
        swept = {name: list(values) for name, values in good.get("sweep", {}).items()}
        settings = {
            "title": good.get("title", ""),
            "system": "junction",
            "model": model.describe(),
            "forces": None if request is None else request.describe(),
            "sweep": swept,
        }
        if memory is not None:
            settings["memory"] = memory.describe()
        if langevin is not None:
            settings["langevin"] = langevin.describe()
        return cls(
            title=settings["title"],
            system="junction",
            model=model,
            forces=request,
            sweep=swept,
            source=source,
            text=text,
            overrides=overrides,
            settings=settings,
            kinds={name: quantity.kind for name, quantity in builder.parameters.values.items()},
            data=data,
            memory=memory,
            langevin=langevin,
        )
