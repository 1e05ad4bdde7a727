"""Does a wave packet fit its grid? In space, and in momentum: |p| + 5/width ≤ π/step.

A Gaussian exp(-(R-c)²/(2w²) + ipR) has the density e^(-(R-c)²/w²) and, in momentum, e^(-(k-p)²w²): at 5/w from its centre
e^-25 of the maximum is left.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .molecule import GridCoordinate

EDGE = 1e-10  # density at the edge of the box relative to the maximum
TAILS = 5.0  # widths in momentum that the grid must hold


def center_fault(axis: GridCoordinate, center: float) -> str | None:
    """Why a packet cannot be centred there."""
    if axis.start <= center < axis.stop:
        return None
    return f"{center:g} is outside the grid {axis.start:g} … {axis.stop:g}"


def width_fault(axis: GridCoordinate, center: float, width: float) -> str | None:
    """Why a Gaussian of this width does not fit the box or its resolution."""
    near = min(center - axis.start, axis.stop - center)
    if math.exp(-((near / width) ** 2)) > EDGE:
        reach = width * math.sqrt(-math.log(EDGE))
        return (
            f"{width:g} is too wide for the grid: the density at its edge is {math.exp(-((near / width) ** 2)):.1e} of the "
            f"maximum; {axis.name} from {center - reach:.4g} to {center + reach:.4g} is needed at least"
        )
    return None


def momentum_fault(axis: GridCoordinate, momentum: float, width: float) -> str | None:
    """Why the grid cannot represent this momentum."""
    needed = abs(momentum) + TAILS / width
    if needed <= axis.largest_momentum:
        return None
    points = math.ceil(needed * axis.length / math.pi)
    return (
        f"the packet has momenta up to {needed:.4g} (|p| + 5/width) and the grid only up to pi/step = "
        f"{axis.largest_momentum:.4g}; at least {points} points are needed"
    )


def packet_fault(axes: tuple[GridCoordinate, ...], packet: NDArray[np.complex128]) -> str | None:
    """Why a wave function χ_0 on the grid cannot be used: zero, at the edge of the box, or too fast for the grid."""
    density = np.abs(packet) ** 2
    largest = float(np.max(density))
    if not largest > 0.0:
        return "is zero everywhere on the grid"
    spectrum = np.abs(np.fft.fftn(packet)) ** 2
    for number, axis in enumerate(axes):
        edge = float(np.max(np.take(density, [0, -1], axis=number)))
        if edge > EDGE * largest:
            return (
                f"reaches the edge of the grid of {axis.name}: the density there is {edge / largest:.1e} of the maximum "
                f"(at most {EDGE:g}); a larger grid is needed"
            )
        half = axis.points // 2
        fast = float(np.max(np.take(spectrum, [half, half - 1, (half + 1) % axis.points], axis=number)))
        if fast > EDGE * float(np.max(spectrum)):
            return (
                f"has momenta beyond pi/step = {axis.largest_momentum:.4g} of the grid of {axis.name}: "
                f"{fast / float(np.max(spectrum)):.1e} of the maximum is there (at most {EDGE:g}); more points are needed"
            )
    return None
