"""Generalised Langevin equation: friction and noise that remember, as exponentials (theory B4, B7; LD(43)-(50)).

    m_i dv_i = F_i(x,t) dt - Σ_j ∫_0^t γ_ij(x,t-t') v_j(t') dt' dt + ξ_i dt,    ⟨ξ_i(t) ξ_j(0)⟩ = D_ij(x,t)
    γ(x,t) = Re Σ_k a_k(x) e^{-λ_k t},    D(x,t) = Re Σ_k d_k(x) e^{-λ_k t},    t ≥ 0,  D(-t) = D(t)^T

The memory becomes auxiliary variables s (auxiliary.py), linear in v while x stands still: with P = (p, s),

    dP = -Λ(x) P dt + noise of covariance rate Q(x)

is solved exactly by the O of the splitting schemes (local.py), however fast the rates are: weak order and step are those of the
Markov equation, which is the limit Re λ → ∞ with ∫γ dt and ∫D dt kept. s starts stationary at x(0): the noise has
always been there, the friction remembers from t = 0 on. Atomic units: λ Hartree/ħ, a Hartree/x², d Hartree²/x².
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..field import Field, FloatArray, Uniform
from .auxiliary import Auxiliary, Reciprocal
from .build import Built, Kernels, build, passive_message
from .coefficients import Asymptote, Function
from .input import Amplitudes, amplitudes, axes_of, one_temperature, own_errors, shaped
from .rates import common_rates
from .realisation import RealForm

if TYPE_CHECKING:
    import xarray as xr

_STREAM = 3  # of the seed: 0 is the noise, 1 and 2 the positions and momenta at t = 0


class MarkovField:
    """A field with the friction and noise that the kernels of a memory have when the nuclei are slow."""

    def __init__(self, base: Field, auxiliary: Auxiliary, add_local: bool) -> None:
        self.base, self.auxiliary, self.add_local = base, auxiliary, add_local
        self.names, self.masses, self.leads = base.names, base.masses, base.leads
        self.time_dependent = base.time_dependent
        self.units = getattr(base, "units", None)
        self.errors, self.messages = dict(base.errors), list(base.messages)

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Where both the force and the kernels are known."""
        own, kernels = self.base.bounds, self.auxiliary.coefficients.bounds
        return np.maximum(own[0], kernels[0]), np.minimum(own[1], kernels[1])

    def force(self, x: FloatArray, t: float = 0.0) -> FloatArray:
        return self.base.force(x, t)

    def local(self, x: FloatArray, t: float = 0.0) -> tuple[FloatArray, FloatArray]:
        """∫_0^∞ γ dt and the symmetric part of ∫_0^∞ D dt, and the field's own γ and D where they are added."""
        friction, noise = self.auxiliary.integrals(x)
        if self.add_local:
            own = self.base.local(x, t)
            return friction + own[0], noise + own[1]
        return friction, noise

    def potential(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        return self.base.potential(x, t)

    def current(self, x: FloatArray, t: float = 0.0) -> FloatArray | None:
        return self.base.current(x, t)

    def uniform(self, t: float = 0.0) -> Uniform | None:
        return None


class MemoryField(MarkovField):
    """A field with auxiliary variables; `local` and `markov()` give the Markov limit, `kernels` what is realised.

    aux: number of auxiliary variables; errors: "friction_kernel", "noise_kernel" too, absolute, with what refit and
    interpolation add.
    """

    def __init__(self, base: Field, auxiliary: Auxiliary, add_local: bool = False) -> None:
        super().__init__(base, auxiliary, add_local)
        self.aux = auxiliary.size
        self._same: tuple[FloatArray, FloatArray] | None = None

    def extended(self, x: FloatArray, t: float = 0.0) -> tuple[FloatArray, FloatArray]:
        """Λ and Q at x (N, c), (N, c + aux, c + aux) each; NaN where the kernels are not known."""
        if self.auxiliary.coefficients.constant and not self.add_local:
            if self._same is None:
                self._same = self._extended(np.zeros((1, len(self.masses))), t)
            drift, spread = self._same
            return np.repeat(drift, len(x), axis=0), np.repeat(spread, len(x), axis=0)
        return self._extended(x, t)

    def _extended(self, x: FloatArray, t: float) -> tuple[FloatArray, FloatArray]:
        c, count = len(self.masses), len(x)
        blocks = self.auxiliary.blocks(x)
        drift, spread = np.zeros((2, count, c + self.aux, c + self.aux))
        drift[:, :c, c:] = blocks.seen
        drift[:, c:, :c] = blocks.felt / self.masses
        drift[:, c:, c:] = blocks.inner
        spread[:, c:, c:] = blocks.spread
        if self.add_local:
            friction, noise = self.base.local(x, t)
            drift[:, :c, :c], spread[:, :c, :c] = friction / self.masses, 2.0 * noise
        return drift, spread

    def start(self, x: FloatArray, seed: int) -> FloatArray:
        """s (N, aux) at t = 0, stationary at x (N, c); row i of the random numbers of `seed` belongs to trajectory i.

        Errors: ValueError where x lies outside the table of kernels.
        """
        known = np.isfinite(self.auxiliary.coefficients(x)["coupling"]).all(axis=(1, 2))
        if not known.all():
            at = ", ".join(f"{n} = {v:.6g}" for n, v in zip(self.names, x[np.argmin(known)], strict=True))
            raise ValueError(
                f"initial: {int(np.sum(~known))} of {len(x)} trajectories start where there are no memory kernels (the first: "
                f"{at}); start inside, widen the table of kernels, or declare an asymptote"
            )
        random = np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, _STREAM))))
        normals = random.standard_normal((len(x), self.aux))
        return np.asarray((self.auxiliary.root(x) @ normals[:, :, None])[:, :, 0])

    def kernels(self, x: FloatArray, time: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """γ(x,t) and D(x,t) that the auxiliary variables realise, (N, T, c, c) each."""
        return self.auxiliary.kernels(np.asarray(x, dtype=float), np.atleast_1d(np.asarray(time, dtype=float)))

    def markov(self) -> MarkovField:
        """The same field without memory: γ(x) = ∫_0^∞ γ(x,t) dt, D(x) likewise."""
        return MarkovField(self.base, self.auxiliary, self.add_local)


def memory_field(
    field: Field,
    rates: ArrayLike,
    friction: Amplitudes,
    noise: Amplitudes | None = None,
    *,
    temperature: float | None = None,
    grid: Mapping[str, ArrayLike] | None = None,
    form: str = "auto",
    error: float = 1e-6,
    add_local: bool = False,
    asymptote: Asymptote | None = None,
) -> MemoryField:
    """A field with memory: γ(t) = Re Σ_k a_k e^{-λ_k t}, D(t) = Re Σ_k d_k e^{-λ_k t}.

    field : gives force, potential, currents. Its own γ and D are replaced; add_local=True keeps them besides the memory.
    rates : λ_k (K,), Re λ_k > 0. friction, noise : a_k, d_k as (K,) or (K, c, c); on a product grid (grid axes, K) or
        (grid axes, K, c, c); or functions of x (N, c) with results (N, K) or (N, K, c, c), which are tabulated on `grid`.
        noise None: D = k_BT γ, with k_BT = temperature; only then functions need no grid (real rates, positive a_k).
    grid : name → increasing values, each coordinate of the field.
    form : "passive", "reciprocal", "general" (auxiliary.py) or "auto": passive where D = k_BT γ within `error`; else
        reciprocal where the kernels depend on x and γ(ω) is positive; else general.
    error : of the kernels given, relative to their largest magnitude: how negative a noise spectrum may be.
    asymptote : outside the grid, as for force tables: {"x": {"lower": "free", "upper": "constant"}}; else NaN.

    Errors: ValueError for shapes that do not fit, rates that do not decay, a noise spectrum that is negative by more than its
        error (with frequency and value), D(0) not symmetric.
    """
    names, c = field.names, len(field.names)
    real = RealForm.of(rates)
    if noise is None and not (temperature is not None and temperature > 0):
        raise ValueError("noise: none is given; then temperature must be a positive k_BT, for D = k_BT gamma")
    axes = () if grid is None else axes_of(grid, names)
    if grid is None and (callable(friction) or callable(noise)):
        if noise is not None or not callable(friction) or np.any(real.rates.imag) or form == "general":
            raise ValueError(
                "friction, noise: functions of x need a grid on which they are tabulated; without one: real rates, no noise, "
                "and a temperature"
            )
        assert temperature is not None
        return _by_function(field, real, friction, temperature, add_local)
    kernels = Kernels(real, np.zeros(0), np.zeros(0), names, axes, asymptote=asymptote)
    shape, points = tuple(len(axis) for axis in axes), kernels.points
    count = len(real.given)
    kernels.friction = real.inputs(amplitudes(friction, "friction", points, shape, count, c))
    if noise is None:
        assert temperature is not None
        kernels.noise = temperature * kernels.friction
        start = np.tensordot(real.observe, kernels.friction, axes=(0, 1))
        if np.abs(start - np.swapaxes(start, 1, 2)).max() > 1e-12 * np.abs(start).max():
            raise ValueError("noise: none is given, and D = k_BT gamma is no correlation, as gamma(t = 0) is not symmetric")
    else:
        kernels.noise = real.inputs(amplitudes(noise, "noise", points, shape, count, c))
    return _field(field, build(kernels, field.masses, temperature, error, form), kernels, add_local)


def from_kernels(
    field: Field,
    kernels: xr.Dataset,
    *,
    tolerance: float | None = None,
    form: str = "auto",
    add_local: bool = False,
    asymptote: Asymptote | None = None,
) -> MemoryField:
    """A field with the memory of `na.memory_kernels`: (rate, friction_amplitude, noise_amplitude) at one x or a product grid.

    Rates that differ from x to x are refitted to common ones (rates.py) within `tolerance`, relative to the largest
    magnitude over the grid; by default half the tolerance of the dataset. The stated error is the sum of the dataset's, the
    refit's and the interpolation's. Other arguments as for `memory_field`.
    """
    names, c = field.names, len(field.names)
    if missing := [name for name in ("rate", "friction_amplitude", "noise_amplitude") if name not in kernels]:
        raise ValueError(f"kernels: no variable {missing[0]}; needed is the dataset of memory_kernels")
    dims = [str(d) for d in kernels["rate"].dims if d != "exponent"]
    if extra := [d for d in dims if d not in names]:
        hint = "give a product grid" if extra == ["point"] else f"select one value, kernels.sel({extra[0]}=...)"
        raise ValueError(f"kernels: a dimension {extra[0]} that is no coordinate of the field ({', '.join(names)}); {hint}")
    if [str(mode) for mode in kernels["mode"].values] != list(names):
        raise ValueError(f"kernels: the coordinates {kernels['mode'].values.tolist()}; must be the field's, {list(names)}")
    if dims and set(dims) != set(names):
        raise ValueError(f"kernels: a grid over {dims}; must be over all of {list(names)}, or at one point")
    ordered = kernels.transpose(*(names if dims else ()), ..., "exponent", "mode", "mode_")
    found = [np.asarray(ordered[name].values, dtype=complex) for name in ("rate", "friction_amplitude", "noise_amplitude")]
    count = found[0].shape[-1]
    flat = [found[0].reshape(-1, count), *(a.reshape(-1, count, c, c) for a in found[1:])]
    axes = axes_of({n: ordered[n].values for n in names}, names) if dims and len(flat[0]) > 1 else ()
    stated = float(kernels.attrs.get("tolerance", 1e-6))
    tolerance = 0.5 * stated if tolerance is None else tolerance
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance = {tolerance} must lie between 0 and 1")
    common = common_rates(flat[0], flat[1], flat[2], tolerance)
    own = own_errors(kernels)
    inside = Kernels(
        common.form, common.friction, common.noise, names, axes,
        own["friction"] + common.friction_error, own["noise"] + common.noise_error, asymptote,
    )  # fmt: skip
    built = build(inside, field.masses, one_temperature(kernels), max(inside.noise_error, inside.friction_error, 1e-9), form)
    built.messages.append(
        f"note: memory kernels refitted to {len(common.form.rates)} common rates, error {common.friction_error:.1e} of the "
        f"friction kernel, {common.noise_error:.1e} of the noise kernel"
    )
    for name, whole, known in (
        ("friction", built.friction_error, inside.friction_error),
        ("noise", built.noise_error, inside.noise_error),
    ):
        if whole - known > stated:
            built.messages.append(
                f"interpolation of the {name} kernel between the points of its grid: error {whole - known:.1e} of its maximum, "
                f"more than the tolerance {stated:.1e} of the kernels; more points are needed"
            )
    return _field(field, built, inside, add_local)


def _field(base: Field, built: Built, kernels: Kernels, add_local: bool) -> MemoryField:
    found = MemoryField(base, built.auxiliary, add_local)
    for name, inputs, error in (
        ("friction", kernels.friction, built.friction_error),
        ("noise", kernels.noise, built.noise_error),
    ):
        at_times, integral = kernels.form.at_times(inputs, kernels.time), kernels.form.at_frequencies(inputs, np.zeros(1))
        found.errors[f"{name}_kernel"] = error * float(np.abs(at_times).max())
        found.errors[name] = error * float(np.abs(integral).max()) + (base.errors.get(name, 0.0) if add_local else 0.0)
    found.messages += built.messages
    return found


def _by_function(
    base: Field, form: RealForm, friction: Callable[[FloatArray], ArrayLike], temperature: float, add_local: bool
) -> MemoryField:
    """The passive form with G_k(x) = √a_k(x) called where it is needed."""
    c, count = len(base.names), len(form.given)
    n = form.size * c

    def coupling(x: FloatArray) -> FloatArray:
        inputs = form.inputs(shaped(np.asarray(friction(x)), "friction", (len(x),), count, c))
        values, vectors = np.linalg.eigh(np.where(np.isfinite(inputs), inputs, 0.0))
        if np.any(values < -1e-12 * np.abs(values).max(initial=0.0)):
            raise ValueError("friction: an amplitude a_k(x) is negative; give a grid, on which the whole kernel is realised")
        values = np.where(np.isfinite(inputs).all(axis=3), values, np.nan)
        root = (vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]) @ np.swapaxes(vectors, 2, 3)
        return np.asarray(root.reshape(len(x), n, c))

    white = np.kron(np.diag(np.sqrt(2.0 * np.diag(form.matrix))), np.eye(c))
    coefficients = Function("coupling", coupling, {"white": white, "turn": np.zeros((n, n))})
    scale = float(np.exp(np.mean(np.log(base.masses))))
    found = MemoryField(base, Reciprocal(n, temperature, scale, coefficients), add_local)
    found.errors |= {"friction_kernel": 0.0, "noise_kernel": 0.0}
    found.messages.append(passive_message(n, temperature))
    return found
