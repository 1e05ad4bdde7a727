"""Elementary functions of eight numbers at a time, without branches, to about one unit in the last place.

Logarithm, sine and cosine: the polynomials of fdlibm (Sun Microsystems 1993, freely distributable); e^x - 1: its Taylor series
on |x| ≤ ln 2/2, where twelve terms are enough for double precision.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from .lanes import bits, fma, from_bits, has_bits, less, nearest

inlined: Any = njit(forceinline=True, error_model="numpy")

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LOG = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
SIN = (
    -1.66666666666666324348e-01,
    8.33333333332248946124e-03,
    -1.98412698298579493134e-04,
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)
COS = (
    4.16666666666666019037e-02,
    -1.38888888888741095749e-03,
    2.48015872894767294178e-05,
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)
Q = tuple(1.0 / math.factorial(n + 1) for n in range(13))  # (e^r - 1)/r
HALF_PI, PER_LN2 = math.pi / 2, 1.0 / math.log(2.0)
TWO_52, BIAS = 2.0**52, 1023
_SQRT_HALF = 0x3FE6A09E << 32  # bits of √(1/2), its upper half
_ONE = 0x3FF00000 << 32
_MANTISSA = (1 << 52) - 1
_MAGIC = 0x4330000000000000  # bits of 2^52: or-ed with a small whole number n they are those of 2^52 + n
_LARGEST = 708.0  # e^±708 is a normal number


@inlined
def log(x):  # type: ignore[no-untyped-def]
    """ln x of positive normal numbers: x = 2^k (1 + f) with √(1/2) ≤ 1 + f < √2, s = f/(2 + f), ln(1 + f) = 2 artanh s."""
    i = bits(x) + (_ONE - _SQRT_HALF)
    k = from_bits((i >> 52) | _MAGIC) - (TWO_52 + BIAS)
    f = from_bits((i & _MANTISSA) + _SQRT_HALF) - 1.0
    s = f / (f + 2.0)
    z = s * s
    w = z * z
    even = w * fma(w, fma(w, LOG[5], LOG[3]), LOG[1])
    odd = z * fma(w, fma(w, fma(w, LOG[6], LOG[4]), LOG[2]), LOG[0])
    half = f * f * 0.5
    return fma(k, LN2_HIGH, f - (half - fma(s, half + (even + odd), k * LN2_LOW)))


@inlined
def sin_cos(v):  # type: ignore[no-untyped-def]
    """sin 2πv and cos 2πv for 0 ≤ v ≤ 1: y = 2πv - qπ/2 with |y| ≤ π/4, an exact difference before it is multiplied by π."""
    q: Any = nearest(v * 4.0)
    y = fma(v, 4.0, q * -1.0) * HALF_PI
    z = y * y
    s = fma(z * y, fma(z, fma(z, fma(z, fma(z, fma(z, SIN[5], SIN[4]), SIN[3]), SIN[2]), SIN[1]), SIN[0]), y)
    c = z * fma(z, fma(z, fma(z, fma(z, fma(z, COS[5], COS[4]), COS[3]), COS[2]), COS[1]), COS[0])
    c = fma(z, c - 0.5, 1.0)
    quadrant = bits(q + TWO_52)
    sine, cosine = has_bits(quadrant, 1, c, s), has_bits(quadrant, 1, s, c)
    sine = from_bits(bits(sine) ^ ((quadrant & 2) << 62))
    return sine, from_bits(bits(cosine) ^ (((quadrant + 1) & 2) << 62))


@inlined
def exp_expm1(x):  # type: ignore[no-untyped-def]
    """e^x and e^x - 1, both to a few 1e-16 of themselves. Beyond ±708 the values at ±708; NaN for NaN."""
    x = less(x, -_LARGEST, -_LARGEST, x)
    x = less(_LARGEST, x, _LARGEST, x)
    k = nearest(x * PER_LN2)
    r = fma(k, -LN2_LOW, fma(k, -LN2_HIGH, x))
    q = fma(r, Q[12], Q[11])
    for c in (Q[10], Q[9], Q[8], Q[7], Q[6], Q[5], Q[4], Q[3], Q[2], Q[1], Q[0]):
        q = fma(r, q, c)
    e = r * q
    scale = from_bits(bits(k + (TWO_52 + BIAS)) << 52)
    return fma(scale, e, scale), fma(scale, e, scale - 1.0)
