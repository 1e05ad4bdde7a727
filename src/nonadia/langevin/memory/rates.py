"""Memory kernels given with rates that differ from geometry to geometry, refitted to one set of rates for all.

    γ(x,t) ≈ Re Σ_q a_q(x) e^{-λ_q t},  D(x,t) ≈ Re Σ_q d_q(x) e^{-λ_q t}

The λ_q come from a balanced truncation (heom.reduction) of one linear system whose inputs are all kernels at a few geometries;
amplitudes from linear least squares in time and frequency, with ∫_0^∞ dt kept. Geometries are taken into the system until every
other one is represented too. The error stated is the largest deviation in time and in frequency, over all geometries.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import block_diag

from ...heom.reduction import Judge, Reduced
from ..field import FloatArray
from .realisation import ComplexArray, RealForm

_KEPT = 1e4  # weight of the integral over all times against one time or frequency
_SHARES = (0.5, 0.2, 0.05, 0.01, 1e-3)  # of the tolerance, for the truncation
_GRID = 120


class CommonRates(NamedTuple):
    """form: the rates; friction, noise: inputs N (X, n, c, c); errors relative to the largest magnitude over X."""

    form: RealForm
    friction: FloatArray
    noise: FloatArray
    friction_error: float
    noise_error: float


def common_rates(rates: ComplexArray, friction: ComplexArray, noise: ComplexArray, tolerance: float) -> CommonRates:
    """One set of rates for kernels with rates (X, K), amplitudes (X, K, c, c); error within `tolerance`.

    Rates that are the same at all X are kept as they are, with error zero.
    """
    forms = [RealForm.of(own) for own in rates]
    if np.allclose(rates, rates[:1], rtol=1e-9, atol=0.0):
        return CommonRates(forms[0], forms[0].inputs(friction), forms[0].inputs(noise), 0.0, 0.0)
    slow = min(float(form.rates.real.min()) for form in forms)
    fast = max(float(np.abs(form.rates).max()) for form in forms)
    time = np.concatenate([[0.0], np.geomspace(1e-2 / fast, 10 / slow, _GRID)])
    frequency = np.concatenate([[0.0], np.geomspace(1e-2 * slow, 3 * fast, _GRID)])
    inputs = [(form.inputs(friction[i]), form.inputs(noise[i])) for i, form in enumerate(forms)]
    targets = [_Target(forms, [pair[k] for pair in inputs], time, frequency) for k in (0, 1)]
    judge = Judge(time, frequency, (slow, fast))
    taken = [int(np.argmax(np.abs(targets[0].times).max(axis=(1, 2, 3))))]
    while True:
        for share in _SHARES:
            form = _shared([forms[i] for i in taken], [inputs[i] for i in taken], judge, share * tolerance)
            fits = [target.fit(form) for target in targets]
            worst = np.maximum(fits[0][1], fits[1][1])
            if worst[taken].max() <= tolerance:
                break
        if worst.max() <= tolerance or len(taken) == len(forms):
            return CommonRates(form, fits[0][0], fits[1][0], float(fits[0][1].max()), float(fits[1][1].max()))
        left = np.setdiff1d(np.arange(len(forms)), taken)
        taken.append(int(left[np.argmax(worst[left])]))


class _Target:
    """One kernel at all geometries, sampled in time and frequency, each relative to its largest magnitude."""

    def __init__(self, forms: list[RealForm], inputs: list[FloatArray], time: FloatArray, frequency: FloatArray) -> None:
        self.time, self.frequency = time, frequency
        self.times = np.array([form.at_times(own, time) for form, own in zip(forms, inputs, strict=True)])
        self.spectra = np.array([form.at_frequencies(own, frequency) for form, own in zip(forms, inputs, strict=True)])
        tiny = np.finfo(float).tiny
        self.scales = max(float(np.abs(self.times).max()), tiny), max(float(np.abs(self.spectra).max()), tiny)

    def fit(self, form: RealForm) -> tuple[FloatArray, FloatArray]:
        """N (X, n, c, c) and the largest relative deviation at each geometry (X,)."""
        unit = np.eye(form.size)[:, :, None, None]  # one input a column
        times = form.at_times(unit, self.time)[:, :, 0, 0].T / self.scales[0]
        spectra = form.at_frequencies(unit, self.frequency)[:, :, 0, 0].T / self.scales[1]
        weight = np.ones(spectra.shape[0])
        weight[self.frequency == 0.0] = _KEPT
        rows = np.concatenate([times, weight[:, None] * spectra.real, spectra.imag])
        count, c = len(self.times), self.times.shape[2]

        def columns(values: FloatArray) -> FloatArray:
            return np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)

        mine = self.times / self.scales[0], self.spectra / self.scales[1]
        wanted = np.concatenate([columns(mine[0]), weight[:, None] * columns(mine[1].real), columns(mine[1].imag)])
        size = np.linalg.norm(rows, axis=0)
        solution = np.linalg.lstsq(rows / size, wanted, rcond=1e-13)[0] / size[:, None]
        found = np.moveaxis(solution.reshape(form.size, count, c, c), 0, 1)
        deviation = np.maximum(
            np.abs(form.at_times(found, self.time) / self.scales[0] - mine[0]).max(axis=(1, 2, 3)),
            np.abs(form.at_frequencies(found, self.frequency) / self.scales[1] - mine[1]).max(axis=(1, 2, 3)),
        )
        return np.ascontiguousarray(found), deviation


def _shared(forms: list[RealForm], inputs: list[tuple[FloatArray, FloatArray]], judge: Judge, tolerance: float) -> RealForm:
    """The fewest rates that represent all kernels of these geometries."""
    size, columns = sum(form.size for form in forms), inputs[0][0][0].size
    sources = np.zeros((size, 2, len(forms), columns))  # friction first, then noise
    row = 0
    for i, (form, pair) in enumerate(zip(forms, inputs, strict=True)):
        for which in (0, 1):
            sources[row : row + form.size, which, i] = pair[which].reshape(form.size, -1)
        row += form.size
    whole = Reduced(
        -block_diag(*[form.matrix for form in forms]),
        sources.reshape(size, -1),
        np.concatenate([form.observe for form in forms])[None],
    )
    return RealForm.of(-np.linalg.eigvals(whole.shortened(judge, tolerance).matrix))
