"""Eight numbers at a time in compiled code: a type for numba that becomes the vector registers of any processor.

`Reals` is <8 x double>, `Words` <8 x i64>; + - * / and & | ^ << >> act on each lane, a plain number is taken eight times. Every
operation is rounded as IEEE 754 says and each lane is on its own, so that results do not depend on which lane a trajectory is
in, on the width of the registers or on what an optimizer likes: loops that a compiler vectorises promise none of this, and
tables looked up by row keep it from vectorising at all.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils, typing
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import models, register_model

LANES = 8
_WORD, _REAL, _BIT, _SHORT = ir.IntType(64), ir.DoubleType(), ir.IntType(1), ir.IntType(32)
intrinsic: Any = extending.intrinsic


class Lanes(types.Type):
    """The type of eight reals or eight words of 64 bits without sign."""

    def __init__(self, name: str, element: ir.Type, scalar: types.Type) -> None:
        self.element, self.scalar = element, scalar
        super().__init__(name=name)


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Lanes) -> None:
        super().__init__(manager, kind, ir.VectorType(kind.element, LANES))


REALS = Lanes("Reals", _REAL, types.float64)
WORDS = Lanes("Words", _WORD, types.uint64)


def _spread(builder: Any, value: Any, kind: types.Type) -> Any:
    """The value as a vector."""
    if isinstance(kind, Lanes):
        return value
    vector = ir.VectorType(value.type, LANES)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_SHORT, 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(_SHORT, LANES), [0] * LANES))


def _kind(*arguments: types.Type) -> Lanes | None:
    """The kind of lanes among the arguments; None if there are none or both."""
    found = {a for a in arguments if isinstance(a, Lanes)}
    return found.pop() if len(found) == 1 else None


def _operator(function: Callable[..., Any], reals: str | None, words: str | None) -> None:
    """function(a, b) becomes these instructions."""
    instructions = {REALS: reals, WORDS: words}

    @infer_global(function)
    class Template(AbstractTemplate):
        def generic(self, arguments: Any, keywords: Any) -> Any:
            kind = _kind(*arguments)
            if kind is None or len(arguments) != 2 or instructions[kind] is None:
                return None
            return typing.signature(kind, *(a if isinstance(a, Lanes) else kind.scalar for a in arguments))

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        a, b = (_spread(builder, v, k) for v, k in zip(values, signature.args, strict=True))
        return getattr(builder, str(instructions[signature.return_type]))(a, b)

    for shape in ((Lanes, Lanes), (Lanes, types.Any), (types.Any, Lanes)):
        lower_builtin(function, *shape)(emit)


for _function, _reals, _words in (
    (operator.add, "fadd", "add"),
    (operator.sub, "fsub", "sub"),
    (operator.mul, "fmul", "mul"),
    (operator.truediv, "fdiv", None),
    (operator.and_, None, "and_"),
    (operator.or_, None, "or_"),
    (operator.xor, None, "xor"),
    (operator.lshift, None, "shl"),
    (operator.rshift, None, "lshr"),
):
    _operator(_function, _reals, _words)


def _call(builder: Any, name: str, *values: Any) -> Any:
    """An LLVM intrinsic on vectors of reals."""
    vector = ir.VectorType(_REAL, LANES)
    kind = ir.FunctionType(vector, [vector] * len(values))
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64"), values)


@intrinsic
def reals(context: Any, number: Any) -> Any:
    """One number in all lanes."""
    return REALS(types.float64), lambda _, builder, signature, values: _spread(builder, values[0], types.float64)


@intrinsic
def words(context: Any, number: Any) -> Any:
    """One word in all lanes."""
    return WORDS(types.uint64), lambda _, builder, signature, values: _spread(builder, values[0], types.uint64)


@intrinsic
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """a b + c, rounded once."""
    kinds = [k if isinstance(k, Lanes) else types.float64 for k in (a, b, c)]

    def emit(_: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _call(builder, "fma", *(_spread(builder, v, k) for v, k in zip(values, signature.args, strict=True)))

    return REALS(*kinds), emit


@intrinsic
def sqrt(context: Any, a: Any) -> Any:
    return REALS(a), lambda _, builder, signature, values: _call(builder, "sqrt", *values)


@intrinsic
def floor(context: Any, a: Any) -> Any:
    return REALS(a), lambda _, builder, signature, values: _call(builder, "floor", *values)


@intrinsic
def nearest(context: Any, a: Any) -> Any:
    """The nearest whole number, the even one in the middle."""
    return REALS(a), lambda _, builder, signature, values: _call(builder, "rint", *values)


def _choice(test: Callable[[Any, Any, Any], Any]) -> Any:
    """yes where test(a, b) holds, no elsewhere."""

    def choose(context: Any, a: Any, b: Any, yes: Any, no: Any) -> Any:
        plain = types.uint64 if a == WORDS else types.float64
        kinds = [a, b if isinstance(b, Lanes) else plain, *(k if isinstance(k, Lanes) else types.float64 for k in (yes, no))]

        def emit(_: Any, builder: Any, signature: Any, values: Any) -> Any:
            one, two, first, second = (_spread(builder, v, k) for v, k in zip(values, signature.args, strict=True))
            return builder.select(test(builder, one, two), first, second)

        return REALS(*kinds), emit

    return choose


def _set(builder: Any, a: Any, b: Any) -> Any:
    return builder.icmp_unsigned("!=", builder.and_(a, b), ir.Constant(a.type, None))


less = intrinsic(_choice(lambda builder, a, b: builder.fcmp_ordered("<", a, b)))  # no where one of them is NaN
equal = intrinsic(_choice(lambda builder, a, b: builder.fcmp_ordered("==", a, b)))
has_bits = intrinsic(_choice(_set))  # of words: whether a & b is not 0


@intrinsic
def bits(context: Any, a: Any) -> Any:
    """The bits of reals as words."""
    return WORDS(REALS), lambda _, builder, signature, values: builder.bitcast(values[0], ir.VectorType(_WORD, LANES))


@intrinsic
def from_bits(context: Any, a: Any) -> Any:
    """The reals that have these bits."""
    return REALS(WORDS), lambda _, builder, signature, values: builder.bitcast(values[0], ir.VectorType(_REAL, LANES))


@intrinsic
def to_reals(context: Any, a: Any) -> Any:
    """Words as reals."""
    return REALS(WORDS), lambda _, builder, signature, values: builder.uitofp(values[0], ir.VectorType(_REAL, LANES))


@intrinsic
def ramp(context: Any, first: Any) -> Any:
    """first, first + 1, … as words."""

    def emit(_: Any, builder: Any, signature: Any, values: Any) -> Any:
        steps = ir.Constant(ir.VectorType(_WORD, LANES), list(range(LANES)))
        return builder.add(_spread(builder, values[0], types.uint64), steps)

    return WORDS(types.uint64), emit


@intrinsic
def largest(context: Any, a: Any) -> Any:
    """The largest of the eight, none of which may be NaN."""

    def emit(_: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = builder.extract_element(values[0], ir.Constant(_SHORT, 0))
        for lane in range(1, LANES):
            other = builder.extract_element(values[0], ir.Constant(_SHORT, lane))
            found = builder.select(builder.fcmp_ordered("<", found, other), other, found)
        return found

    return types.float64(REALS), emit
