"""What `nonadia check` prints of an experiment, whatever its system; refusal of what cannot fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .closed_experiment import ClosedExperiment
from .errors import InputError
from .experiment import Experiment
from .junction_experiment import JunctionExperiment
from .table_experiment import TableExperiment


def describe(experiment: Experiment, say: Callable[[str], None]) -> None:
    """The model, sizes, memory and time, line by line; InputError when the memory is too small."""
    if isinstance(experiment, ClosedExperiment):
        from . import closed_estimate

        for line in closed_estimate.describe(experiment):
            say(line)
        closed_estimate.refuse_if_too_large(experiment)
        with np.errstate(all="ignore"):
            lines = closed_estimate.time_needed(experiment)
        for line in lines:
            say(line)
        return
    from nonadia.heom.solver import NotConverged

    from . import estimate, langevin_estimate

    assert isinstance(experiment, JunctionExperiment | TableExperiment)
    if isinstance(experiment, JunctionExperiment):
        try:
            with np.errstate(all="ignore"):  # of energies without measure; what comes of them is judged by the solvers
                lines = estimate.describe(experiment)
        except (ValueError, ArithmeticError, NotConverged) as error:  # what the run would stop with, at its first geometries
            raise InputError([(experiment.source, "forces", str(error))]) from None
        for line in lines:
            say(line)
        estimate.refuse_if_too_large(experiment)
    else:
        for line in estimate.describe_table(experiment):
            say(line)
    langevin_estimate.refuse_if_too_large(experiment)
    try:
        with np.errstate(all="ignore"):
            lines = langevin_estimate.describe(experiment)
    except (ValueError, ArithmeticError) as error:  # trajectories of the trial that leave the table, noise that cannot be
        raise InputError([(experiment.source, "langevin", str(error))]) from None
    for line in lines:
        say(line)
