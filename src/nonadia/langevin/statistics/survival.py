"""First-passage times of trajectories of which some have not left when they are last seen (right-censored data).

    duration_i   time at which trajectory i left, or was last seen
    left_i       whether it left

Sources: E. L. Kaplan, P. Meier, J. Am. Stat. Assoc. 53, 457 (1958); M. Greenwood (1926); E. B. Wilson, J. Am. Stat. Assoc. 22,
209 (1927); for the total time on test D. R. Cox, P. A. W. Lewis, The Statistical Analysis of Series of Events (1966).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

UPPER = 0.95  # confidence of one-sided bounds
EXPONENTIAL = 0.05  # p-value below which the times are called not exponential
LAGS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)  # parts of the exits that may come before the rate law holds
FEWEST_EXITS = 5  # that a test of the exponential law needs


class Probability(NamedTuple):
    """k/n with the half width of its one-sigma Wilson interval, and an interval of the given confidence."""

    value: NDArray
    error: NDArray
    lower: NDArray
    upper: NDArray


class Survival(NamedTuple):
    """S at the times asked for, Greenwood's standard error, trajectories still at risk there, exits up to there."""

    time: NDArray
    survival: NDArray
    error: NDArray
    at_risk: NDArray
    exits: NDArray


class Rate(NamedTuple):
    """Rate k of exponential first-passage times after a lag."""

    rate: float  # exits per time
    error: float  # k/√n; NaN for n = 0, where `upper` says what is known
    upper: float  # one-sided 95% bound
    lag: float
    exits: int  # n, after the lag
    exposure: float  # Σ_i (t_i - lag), time spent at risk
    p_value: float  # of times as little exponential as these; NaN for too few exits
    messages: list[str]


class MeanTime(NamedTuple):
    """Mean first-passage time and where it comes from: "all left", "exponential tail" or "none left" (then a lower bound)."""

    value: float
    error: float
    source: str


def probability(events: ArrayLike, trials: ArrayLike, confidence: float = 0.95) -> Probability:
    """p = k/n and Wilson's interval, [p + z²/2n ± z √(p(1-p)/n + z²/4n²)]/(1 + z²/n), which is never empty and stays in [0, 1].

    The error is its half width at z = 1: close to √(p(1-p)/n), and not zero where k is 0 or n.
    """
    events, trials = np.asarray(events, dtype=float), np.asarray(trials, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = events / trials
        z = float(stats.norm.isf(0.5 * (1.0 - confidence)))
        error, wide = (
            s * np.sqrt(p * (1 - p) / trials + (s / (2 * trials)) ** 2) / (1 + s**2 / trials) for s in (1.0, z)
        )  # fmt: skip
        centre = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    # rounding must not exclude the estimate itself
    lower = np.minimum(np.clip(centre - wide, 0.0, 1.0), p)
    upper = np.maximum(np.clip(centre + wide, 0.0, 1.0), p)
    return Probability(np.asarray(p), np.asarray(error), np.asarray(lower), np.asarray(upper))


def _checked(durations: ArrayLike, left: ArrayLike) -> tuple[NDArray, NDArray]:
    durations, left = np.asarray(durations, dtype=float), np.asarray(left, dtype=bool)
    if durations.ndim != 1 or durations.shape != left.shape:
        raise ValueError(f"durations: shape {durations.shape}, left: shape {left.shape}; both must be (trajectories,)")
    if not np.all(durations >= 0):
        raise ValueError("durations: must be finite and not negative (for a trajectory that stayed: when it was last seen)")
    return durations, left


def kaplan_meier(durations: ArrayLike, left: ArrayLike, times: ArrayLike | None = None) -> Survival:
    """S(t) = Π_{t_j ≤ t} (1 - d_j/n_j);  error² = S² Σ_{t_j ≤ t} d_j/[n_j (n_j - d_j)] (Greenwood).

    d_j exits at t_j, n_j at risk just before. Where S is 1 or 0 Greenwood gives 0 and Wilson's half width for the number at
    risk at the start stands in its place. `times`: where S is wanted (default: 0 and the exit times); beyond the last time
    anyone was seen S is NaN unless it has reached 0.
    """
    durations, left = _checked(durations, left)
    number = durations.size
    exit_times, deaths = np.unique(durations[left], return_counts=True)
    at_risk = number - np.searchsorted(np.sort(durations), exit_times, side="left")
    survival = np.concatenate([[1.0], np.cumprod(1.0 - deaths / np.maximum(at_risk, 1))])
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = np.concatenate([[0.0], np.cumsum(deaths / (at_risk * (at_risk - deaths).astype(float)))])
        error = np.where(survival > 0, survival * np.sqrt(sums), 0.0)
    error = np.where((survival == 1.0) | (survival <= 0.0), probability(0, max(number, 1)).error, error)
    asked = np.concatenate([[0.0], exit_times]) if times is None else np.asarray(times, dtype=float)
    place = np.searchsorted(exit_times, asked, side="right")
    seen = (asked <= durations.max(initial=0.0)) | (survival[place] == 0.0)
    here = number - np.searchsorted(np.sort(durations), asked, side="left")
    exits = np.concatenate([[0], np.cumsum(deaths)])[place]
    return Survival(asked, np.where(seen, survival[place], np.nan), np.where(seen, error[place], np.nan), here, exits)


def exit_rate(durations: ArrayLike, left: ArrayLike, lag: float | str = "auto") -> Rate:
    """Rate of exponential first-passage times after a lag, by maximum likelihood, and whether they are exponential.

        k = n / Σ_{t_i > lag} (t_i - lag),   error = k/√n,   upper bound χ²_{2n+2, 0.95}/(2 Σ)

    n = 0: rate 0, bound 3.0/Σ. The test: with a constant rate the total time on test up to each exit, in units of that at the
    end, is uniform; Kolmogorov-Smirnov and Laplace's trend test, the smaller p-value doubled. lag = "auto": the first of the
    quantiles 0, 5%, …, 60% of the exit times after which the test is passed; if none is, the last, and a message.
    """
    durations, left = _checked(durations, left)
    if isinstance(lag, str) and lag != "auto":
        raise ValueError(f'lag: "{lag}"; must be a time or "auto"')
    if isinstance(lag, str):
        passages = durations[left]
        candidates = [0.0] + ([float(np.quantile(passages, q)) for q in LAGS[1:]] if passages.size >= FEWEST_EXITS else [])
    else:
        candidates = [float(lag)]
    messages: list[str] = []
    for start in candidates:
        rest = durations > start
        exits, exposure = int(np.count_nonzero(left & rest)), float(np.sum(durations[rest] - start))
        p_value = _exponential(durations[rest] - start, left[rest])
        if not p_value < EXPONENTIAL:
            break
    if p_value < EXPONENTIAL:
        messages.append(f"first-passage times after {start:.4g} a.u. are not exponential (p = {p_value:.2g}): no single rate")
    elif exits < FEWEST_EXITS:
        messages.append(f"{exits} exits after {start:.4g} a.u. are too few to test whether their times are exponential")
    if exposure <= 0:
        return Rate(np.nan, np.nan, np.inf, start, 0, 0.0, np.nan, [*messages, "nobody was left after the lag"])
    upper = float(stats.chi2.ppf(UPPER, 2 * exits + 2) / (2.0 * exposure))
    if exits == 0:
        messages.append(f"no exit after {start:.4g} a.u.: the rate is below {upper:.3g} a.u. (95% confidence)")
        return Rate(0.0, np.nan, upper, start, 0, exposure, np.nan, messages)
    rate = exits / exposure
    return Rate(rate, rate / np.sqrt(exits), upper, start, exits, exposure, p_value, messages)


def _exponential(durations: NDArray, left: NDArray) -> float:
    """p-value of a constant rate from the total time on test at the exits."""
    order = np.argsort(durations, kind="stable")
    durations, left = durations[order], left[order]
    if np.count_nonzero(left) < FEWEST_EXITS:
        return float("nan")
    # Σ_i min(t_i, t) at each t: those seen so far, and all others for as long
    on_test = np.cumsum(durations) + durations * (durations.size - 1 - np.arange(durations.size))
    # what comes after the last exit says nothing when everybody left: then that exit is the end of the record
    share = (on_test / on_test[-1])[left]
    if left[-1]:
        share = share[:-1]
    count = share.size
    spread = float(stats.kstest(share, "uniform").pvalue)
    trend = float(2.0 * stats.norm.sf(abs(share.mean() - 0.5) * np.sqrt(12.0 * count)))
    return min(1.0, 2.0 * min(spread, trend))


def mean_first_passage(durations: ArrayLike, left: ArrayLike, rate: Rate | None = None) -> MeanTime:
    """⟨t⟩ = ∫_0^∞ S dt: the mean if everybody left, else S by Kaplan-Meier up to the lag and an exponential tail S(lag)/k.

    error² = Σ_j A_j² d_j/[n_j (n_j - d_j)] + (S/k)²/n with A_j = ∫_{t_j}^∞ S dt (Greenwood carried through, and the rate's).
    Nobody left: the lower bound 1/k of the 95% bound of the rate.
    """
    durations, left = _checked(durations, left)
    if left.all() and left.size > 1:
        return MeanTime(float(durations.mean()), float(durations.std(ddof=1) / np.sqrt(durations.size)), "all left")
    fit = exit_rate(durations, left) if rate is None else rate
    if fit.exits == 0:
        return MeanTime(1.0 / fit.upper, np.nan, "none left")
    curve = kaplan_meier(durations, left)
    before = curve.time <= fit.lag
    knots, heights = np.append(curve.time[before], fit.lag), curve.survival[before]
    pieces = heights * np.diff(knots)
    tail = heights[-1] / fit.rate
    value = pieces.sum() + tail
    # exits up to the lag change everything after them
    after = value - np.cumsum(np.concatenate([[0.0], pieces]))[1:-1] if heights.size > 1 else np.zeros(0)
    times = knots[1:-1]
    exit_times, counts = np.unique(durations[left], return_counts=True)
    deaths = counts[np.searchsorted(exit_times, times)].astype(float)
    risk = (durations.size - np.searchsorted(np.sort(durations), times, side="left")).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(risk > deaths, after**2 * deaths / (risk * (risk - deaths)), 0.0).sum()
    return MeanTime(float(value), float(np.sqrt(spread + tail**2 / fit.exits)), "exponential tail")
