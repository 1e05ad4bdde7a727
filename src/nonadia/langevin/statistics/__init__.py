"""What an ensemble says, with errors: pure NumPy and SciPy, no dynamics.

    sums         counts and power sums over batches, streamed, the same bits for every cutting into whole batches
    blocking     errors of means over batches, of one correlated series, of functions of means (jackknife)
    steady       stationary since when, and the steady means (exponential: the fit of a relaxation)
    survival     first-passage times with censoring: Kaplan-Meier, rates, probabilities, mean times
    relaxation   ⟨E⟩(t) as one exponential: rate, its error, and whether the data support it
    scattering   probabilities, momenta and energy losses of the exits
    comparison   χ² and Kolmogorov-Smirnov, for independent and for correlated samples

Batches are independent of one another; everything inside a batch may be correlated. Errors are one standard error.
"""

from __future__ import annotations

from .blocking import Blocking, Estimate, batch_mean, blocking, jackknife, variance
from .comparison import Comparison, chi_squared, chi_squared_of_batches, kolmogorov_smirnov
from .relaxation import Relaxation, relaxation_rate
from .scattering import ExitStatistics, scattering
from .steady import Steady, steady_state
from .sums import Sums, batch_moments
from .survival import MeanTime, Probability, Rate, Survival, exit_rate, kaplan_meier, mean_first_passage, probability

__all__ = [
    "Blocking",
    "Comparison",
    "Estimate",
    "ExitStatistics",
    "MeanTime",
    "Probability",
    "Rate",
    "Relaxation",
    "Steady",
    "Sums",
    "Survival",
    "batch_mean",
    "batch_moments",
    "blocking",
    "chi_squared",
    "chi_squared_of_batches",
    "exit_rate",
    "jackknife",
    "kaplan_meier",
    "kolmogorov_smirnov",
    "mean_first_passage",
    "probability",
    "relaxation_rate",
    "scattering",
    "steady_state",
    "variance",
]
