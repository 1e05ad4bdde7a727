"""From amplitudes of exponentials, constant or on a grid, to auxiliary variables, with the error of what they realise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..field import FloatArray
from ..tables.spline import FEWEST, between, certify_axis
from .auxiliary import Auxiliary, General, Reciprocal
from .coefficients import Asymptote, Coefficients, Constant, Table, follow_sign
from .realisation import NegativeSpectrum, RealForm, factorise

FORMS = ("auto", "passive", "reciprocal", "general")
_TIMES = 40  # at which kernels are compared
_ILL = 1e10  # condition of Σ beyond which the passive form would lose its digits


@dataclass
class Kernels:
    """N (X, n, c, c) of friction and noise at the points of a grid (X = 1 and no axes: constant).

    friction_error, noise_error: what is already known, relative to the largest magnitude over all X.
    """

    form: RealForm
    friction: FloatArray
    noise: FloatArray
    names: tuple[str, ...]
    axes: tuple[FloatArray, ...] = ()
    friction_error: float = 0.0
    noise_error: float = 0.0
    asymptote: Asymptote | None = None

    @property
    def points(self) -> FloatArray:
        if not self.axes:
            return np.zeros((1, len(self.names)))
        return np.stack([m.ravel() for m in np.meshgrid(*self.axes, indexing="ij")], axis=-1)

    @property
    def time(self) -> FloatArray:
        rates = self.form.rates
        return np.concatenate([[0.0], np.geomspace(0.1 / np.abs(rates).max(), 5 / rates.real.min(), _TIMES)])

    def where(self, i: int) -> str:
        if not self.axes:
            return ""
        return " at " + ", ".join(f"{name} = {v:.6g}" for name, v in zip(self.names, self.points[i], strict=True))

    def coefficients(self, arrays: dict[str, FloatArray], fading: Sequence[str]) -> Coefficients:
        """arrays (X, …) as constants or as splines."""
        if not self.axes:
            return Constant({name: array[0] for name, array in arrays.items()})
        grid = tuple(len(axis) for axis in self.axes)
        shaped = {name: array.reshape(*grid, *array.shape[1:]) for name, array in arrays.items()}
        return Table(self.names, self.axes, shaped, fading, self.asymptote)


@dataclass
class Built:
    """The variables; errors of γ(x,t) and D(x,t) relative to their largest magnitude; what the user should know."""

    auxiliary: Auxiliary
    friction_error: float
    noise_error: float
    messages: list[str]


def build(kernels: Kernels, masses: FloatArray, temperature: float | None, error: float, kind: str) -> Built:
    """"auto": passive where D = k_BT γ within `error` (relative to the largest D(t) and D(ω)); else reciprocal where kernels
    depend on x and γ has a positive spectrum; else general.

    error: also by how much a spectrum may be negative. temperature: k_BT that D is compared at; None: ∫D/∫γ.
    Errors: ValueError (NegativeSpectrum) for a D that no random force has, or for a form that does not exist.
    """
    if kind not in FORMS:
        raise ValueError(f'form = "{kind}"; must be one of {", ".join(FORMS)}')
    kernels.noise = _stationary(kernels, error)
    messages, auxiliary, reason, lifted, raised = [], None, "", 0.0, 0.0
    classical, found, deviation = _classical(kernels, temperature)
    noise = kernels.noise
    if kind == "passive" and not (classical and deviation <= error):
        raise ValueError(
            f'form = "passive" needs D(t) = k_BT gamma(t), but they differ by {deviation:.2g} of the largest D, more than the '
            f'error {error:.2g}; form = "general" takes any D'
        )
    if kind in ("auto", "passive") and classical and deviation <= error:
        auxiliary, reason, raised = _reciprocal(kernels, found, error, masses)
        if auxiliary is not None:
            noise = kernels.noise if temperature is None else found * kernels.friction
            messages.append(passive_message(auxiliary.size, found))
    factor = None
    if auxiliary is None and kind != "passive":
        largest = float(np.abs(kernels.form.at_frequencies(kernels.noise, kernels.form.frequencies())).max())
        factor = factorise(kernels.form, kernels.noise, error * largest, kernels.where)
        lifted = float(factor.added.max()) / largest if largest > 0 else 0.0
        if kind == "reciprocal" or (kind == "auto" and kernels.axes):
            auxiliary, reason, raised = _reciprocal(kernels, None, error, masses, factor.white)
            if auxiliary is not None:
                messages.append(f"note: memory: reciprocal form, auxiliary variables: {auxiliary.size}")
    if auxiliary is None and kind in ("passive", "reciprocal"):
        raise ValueError(f'form = "{kind}": {reason}; form = "general" takes any kernel')
    whole: Auxiliary
    if auxiliary is None:
        assert factor is not None
        whole = _general(kernels, factor.white, masses)
        messages.append(f"note: memory: general form, auxiliary variables: {whole.size}" + (f"; {reason}" if reason else ""))
    else:
        whole = auxiliary
    for name, share in (("friction", raised if auxiliary is not None else 0.0), ("noise", lifted)):
        if share > 1e-8:
            messages.append(f"note: the {name} spectrum, negative somewhere, was raised by up to {share:.1e} of its maximum")
    mine = _errors(kernels, whole, noise)
    return Built(whole, kernels.friction_error + mine[0], kernels.noise_error + mine[1], messages)


def passive_message(size: int, temperature: float) -> str:
    return f"note: memory: passive form, auxiliary variables: {size}, k_BT = {temperature:.6g}: exact Boltzmann distribution"


def _stationary(kernels: Kernels, error: float) -> FloatArray:
    """N of the noise with a symmetric D(0), as every stationary correlation has."""
    start = np.tensordot(kernels.form.observe, kernels.noise, axes=(0, 1))
    skew = 0.5 * (start - np.swapaxes(start, 1, 2))
    size, scale = np.abs(skew).max(axis=(1, 2)), float(np.abs(start).max())
    if size.max() > max(error, 1e-12) * scale:
        i = int(np.argmax(size))
        raise ValueError(
            f"noise: D(t = 0){kernels.where(i)} is not symmetric, by {size[i] / scale:.2g} of its maximum (error {error:.2g}); "
            "the correlation of stationary forces is"
        )
    found = kernels.noise.copy()
    found[:, kernels.form.rows] -= skew[:, None] / len(kernels.form.rows)
    return found


def _classical(kernels: Kernels, temperature: float | None) -> tuple[bool, float, float]:
    """Whether there is a k_BT > 0, its value, and the largest |D - k_BT γ| relative to the largest |D|."""
    form, frequency = kernels.form, kernels.form.frequencies()
    samples = []
    for inputs in (kernels.friction, kernels.noise):
        samples.append((form.at_times(inputs, kernels.time), form.at_frequencies(inputs, frequency)))
    friction, noise = (np.asarray(s[1][:, 0].real) for s in samples)  # ω = 0
    weight = float(np.sum(friction**2))
    if not weight > 0:
        return False, 0.0, np.inf
    found = float(np.sum(noise * friction)) / weight if temperature is None else temperature
    worst = 0.0
    for a, d in zip(*samples, strict=True):
        scale = float(np.abs(d).max())
        worst = max(worst, float(np.abs(d - found * a).max()) / scale if scale > 0 else np.inf)
    return found > 0, found, worst


def _reciprocal(
    kernels: Kernels, temperature: float | None, error: float, masses: FloatArray, loud: FloatArray | None = None
) -> tuple[Reciprocal | None, str, float]:
    """The reciprocal form, passive where a temperature is given, or None and why not; what was added to γ(ω), relative.

    loud: B (X, n, c) of the general form.
    """
    form, c = kernels.form, len(kernels.names)
    scale = float(np.exp(np.mean(np.log(masses))))

    def assembled(arrays: dict[str, FloatArray]) -> Reciprocal:
        return Reciprocal(arrays["coupling"].shape[1], temperature, scale, kernels.coefficients(arrays, ("coupling",)))

    skew = np.abs(kernels.friction - np.swapaxes(kernels.friction, 2, 3)).max()
    values, vectors = np.linalg.eigh(kernels.friction)  # of each a_k, where they are symmetric
    symmetric = skew <= 1e-12 * np.abs(kernels.friction).max()
    if loud is None and symmetric and not np.any(form.rates.imag) and values.min() >= -1e-12 * values.max():
        # one damped variable a rate and component: a_k = G_k^T G_k
        roots = (vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]) @ np.swapaxes(vectors, 2, 3)
        if c == 1 and len(kernels.axes) == 1:
            roots = np.stack([follow_sign(roots[:, k, :, 0])[:, None, None] * roots[:, k] for k in range(form.size)], axis=1)
        n, count = form.size * c, len(roots)
        white = np.kron(np.diag(np.sqrt(2.0 * np.diag(form.matrix))), np.eye(c))
        same = {"white": white, "turn": np.zeros((n, n))}
        repeated = {name: np.broadcast_to(array, (count, n, n)) for name, array in same.items()}
        return assembled({"coupling": roots.reshape(-1, n, c)} | repeated), "", 0.0
    start = np.tensordot(form.observe, kernels.friction, axes=(0, 1))
    if np.abs(start - np.swapaxes(start, 1, 2)).max() > 1e-12 * np.abs(start).max():
        return None, "gamma(t = 0) is not symmetric", 0.0
    matrix, observe = form.full(c)
    size = float(np.abs(form.at_frequencies(kernels.friction, form.frequencies())).max())
    try:
        factor = factorise(form, kernels.friction, error * size, kernels.where, "friction")
    except NegativeSpectrum:
        return None, "the friction is negative at some frequencies", 0.0
    values, vectors = np.linalg.eigh(factor.covariance)
    if not np.all(values[:, 0] > values[:, -1] / _ILL):
        return None, "the variables of the reciprocal form depend on each other too closely", 0.0
    root = (vectors * np.sqrt(values)[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    inverse = (vectors / np.sqrt(values)[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    inner = inverse @ matrix @ root
    arrays = {
        "coupling": root @ observe.T,
        "white": inverse @ factor.white,
        "turn": 0.5 * (inner - np.swapaxes(inner, 1, 2)),
    }
    if loud is not None:
        arrays["loud"] = inverse @ _smooth(kernels, loud)
    return assembled(arrays), "", float(factor.added.max()) / size


def _smooth(kernels: Kernels, white: FloatArray) -> FloatArray:
    """B with signs that make it smooth along a line of points."""
    if len(kernels.names) > 1 or len(kernels.axes) != 1:
        return white
    return np.asarray(white * follow_sign(white[:, :, 0])[:, None, None])


def _general(kernels: Kernels, white: FloatArray, masses: FloatArray) -> General:
    form, c = kernels.form, len(kernels.names)
    coupling = kernels.friction.reshape(len(white), -1, c)
    size = float(np.abs(kernels.friction).sum(axis=1).max())
    scale = np.sqrt(size / float(np.exp(np.mean(np.log(masses))))) if size > 0 else 1.0
    coefficients = kernels.coefficients({"coupling": coupling, "white": _smooth(kernels, white)}, ("coupling", "white"))
    return General(form, c, scale, coefficients)


def _errors(kernels: Kernels, auxiliary: Auxiliary, noise: FloatArray) -> tuple[float, float]:
    """Errors of the realised γ(x,t), D(x,t) against the given ones, relative: at the points of the grid and between them."""
    time = kernels.time
    given = [kernels.form.at_times(inputs, time) for inputs in (kernels.friction, noise)]
    realised = auxiliary.kernels(kernels.points, time)
    found = []
    for want, have in zip(given, realised, strict=True):
        scale = float(np.abs(want).max())
        found.append(float(np.abs(have - want).max()) / scale if scale > 0 else 0.0)
    if not kernels.axes:
        return found[0], found[1]
    grid = tuple(len(axis) for axis in kernels.axes)
    for which, want in enumerate(given):
        scale = float(np.abs(want).max())
        if not scale > 0:
            continue
        shaped = want.reshape(*grid, -1)
        own = sum(_along(axis, shaped, i) for i, axis in enumerate(kernels.axes))
        found[which] += (own + _between(kernels, shaped, lambda x: auxiliary.kernels(x, time)[which])) / scale  # noqa: B023
    return found[0], found[1]


def _along(axis: FloatArray, values: FloatArray, i: int) -> float:
    """Error of a spline along one axis; two or three points tell no error: the whole change between them."""
    if len(axis) < FEWEST:
        return float(np.abs(np.diff(values, axis=i)).max())
    return float(certify_axis(axis, values, i).max())


def _between(kernels: Kernels, values: FloatArray, realised: Callable[[FloatArray], FloatArray]) -> float:
    """How far the kernels realised from splines of coefficients are from splines of the kernels, along each axis."""
    worst = 0.0
    points = kernels.points.reshape(*values.shape[:-1], -1)
    for i, axis in enumerate(kernels.axes):
        fine = between(axis, 2)
        # the line through the largest values
        peak = np.unravel_index(np.argmax(np.abs(values).max(axis=-1)), values.shape[:-1])
        line = tuple(slice(None) if j == i else k for j, k in enumerate(peak))
        x = np.repeat(points[line][:1], fine.size, axis=0)
        x[:, i] = fine
        column = np.ascontiguousarray(values[line])
        wanted = Table(("line",), (axis,), {"value": column})(fine[:, None])["value"]
        worst = max(worst, float(np.abs(realised(x).reshape(fine.size, -1) - wanted).max()))
    return worst
