"""The one place where Fourier transforms are called: in place, complex double, by ducc0 where it is installed, else SciPy.

    f̂(k) = Σ_x f(x) e^{-ikx},   f(x) = (1/N) Σ_k f̂(k) e^{ikx}          along the axes given
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Transform = Callable[[Complex, Sequence[int], bool], None]


def _scipy(a: Complex, axes: Sequence[int], forward: bool) -> None:
    result = (scipy.fft.fftn if forward else scipy.fft.ifftn)(a, axes=axes, overwrite_x=True)
    if not np.may_share_memory(result, a):
        a[...] = result


def _ducc(a: Complex, axes: Sequence[int], forward: bool) -> None:
    ducc0.fft.c2c(a, axes=axes, forward=forward, inorm=0 if forward else 2, out=a, nthreads=1)


try:
    import ducc0
except ImportError:
    transform: Transform = _scipy
    LIBRARY = "SciPy"
else:
    transform = _ducc
    LIBRARY = f"ducc0 {ducc0.__version__}"

LIBRARIES: dict[str, Transform] = {"SciPy": _scipy, LIBRARY: transform}
