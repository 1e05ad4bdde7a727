"""Time evolution of the hierarchy, dρ/dt = 𝓛(x(t)) ρ, at rest or along a prescribed path (theory B3, B5).

The equations hold for x(t) because g_K stays outside the auxiliary operators. The integrator is SciPy's DOP853 with its own
step control; the state is compared in the fixed basis of levels and vibrations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from ..models.frozen import ComplexArray, FloatArray, FrozenJunction
from .generator import Generator

Motion = Callable[[float], FrozenJunction]


def empty_bath_state(generator: Generator, density: ComplexArray | None = None) -> ComplexArray:
    """A factorised initial state: tier 0 is `density` over the states of `FockSpace` (default: empty molecule), LD(6)."""
    out = generator.zeros()
    layout = generator.hierarchy.layouts[0]
    if density is None:
        density = np.zeros((generator.hierarchy.fock.dimension,) * 2, dtype=complex)
        density[0, 0] = 1.0
    out[: layout.size] = generator.rotate(density)[layout.rows, layout.columns]
    return out


def propagate(
    generator: Generator,
    state: ComplexArray,
    times: FloatArray,
    motion: Motion | None = None,
    rtol: float = 1e-9,
    atol: float = 1e-12,
) -> ComplexArray:
    """States at `times` (T, elements) from `state` at times[0]; times in ħ/Hartree.

    motion(t) gives the junction frozen at x(t); it needs a generator with eigenbasis=False. rtol, atol are the local
    errors of the integrator. Errors: RuntimeError if the step size underflows, ValueError for a moving eigenbasis.
    """
    times = np.asarray(times, dtype=float)

    def derivative(time: float, packed: FloatArray) -> FloatArray:
        if motion is not None:
            generator.move(motion(time))
        return generator.apply(packed.view(complex)).view(float)

    start = np.ascontiguousarray(state, dtype=complex)
    solution = solve_ivp(
        derivative,
        (times[0], times[-1]),
        start.view(float),
        method="DOP853",
        t_eval=times,
        rtol=rtol,
        atol=atol,
    )
    if not solution.success:
        raise RuntimeError(f"propagation stopped at t = {solution.t[-1]:.6g}: {solution.message}")
    return np.ascontiguousarray(solution.y.T).view(complex)
