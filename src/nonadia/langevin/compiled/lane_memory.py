"""Lanes from and to arrays, without tests of bounds: eight in a row, or rows of a table, one for each lane."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.np.arrayobj import make_array

from .lanes import LANES, REALS, WORDS, Lanes, intrinsic

_REAL, _SHORT = ir.DoubleType(), ir.IntType(32)
_ALIGN = 8  # bytes; arrays of NumPy promise no more


def _at(context: Any, builder: Any, kind: Any, array: Any, offset: Any, vector: Any) -> Any:
    """Pointer to the vector that begins `offset` elements behind the first one of the array."""
    data = make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), ir.PointerType(vector))


def _check(array: types.Array, element: types.Type) -> None:
    if array.dtype != element or array.layout != "C":
        raise TypingError(f"{array}: must be a contiguous array of {element}")


def _loading(kind: Lanes) -> Any:
    def load(typing_context: Any, array: Any, offset: Any) -> Any:
        """array.flat[offset : offset + 8], of a contiguous array."""
        _check(array, kind.scalar)

        def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            vector = ir.VectorType(kind.element, LANES)
            return builder.load(_at(context, builder, signature.args[0], values[0], values[1], vector), align=_ALIGN)

        return kind(array, types.intp), emit

    return load


load = intrinsic(_loading(REALS))
load_words = intrinsic(_loading(WORDS))


@intrinsic
def store(typing_context: Any, array: Any, offset: Any, value: Any) -> Any:
    """array.flat[offset : offset + 8] = value, of a contiguous array of doubles."""
    _check(array, types.float64)

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = ir.VectorType(_REAL, LANES)
        builder.store(values[2], _at(context, builder, signature.args[0], values[0], values[1], vector), align=_ALIGN)
        return context.get_dummy_value()

    return types.void(array, types.intp, REALS), emit


def _shuffle(builder: Any, a: Any, b: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_SHORT, len(order)), order))


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Columns of eight rows of length 4 or 8, each a vector of eight.

    Rows k and k + 4 are joined, then 4 × 4 blocks are transposed in both halves at once: moves within the halves are fast.
    """
    parts, columns = rows[0].type.count, []
    for part in range(0, parts, 4):
        low, high = list(range(part, part + 4)), list(range(parts + part, parts + part + 4))
        a = [_shuffle(builder, rows[k], rows[k + 4], low + high) for k in range(4)]
        even, odd = [0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]
        b = [_shuffle(builder, a[m], a[m + 1], order) for m in (0, 2) for order in (even, odd)]
        front, back = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
        columns += [_shuffle(builder, b[m], b[m + 2], order) for order in (front, back) for m in (0, 1)]
    return columns


def _gather(width: int) -> Any:
    """table (rows, width), row (Reals, whole numbers): `width` Reals, the columns of the rows asked for."""

    def gather(typing_context: Any, table: Any, row: Any) -> Any:
        _check(table, types.float64)

        def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            numbers = builder.fptosi(values[1], ir.VectorType(_SHORT, LANES))
            rows, vector = [], ir.VectorType(_REAL, width)
            for lane in range(LANES):
                number = builder.sext(builder.extract_element(numbers, ir.Constant(_SHORT, lane)), ir.IntType(64))
                offset = builder.mul(number, ir.Constant(ir.IntType(64), width))
                rows.append(builder.load(_at(context, builder, signature.args[0], values[0], offset, vector), align=_ALIGN))
            columns = _transposed(builder, rows)
            return context.make_tuple(builder, signature.return_type, columns)

        return types.UniTuple(REALS, width)(table, REALS), emit

    return gather


rows_of_four = intrinsic(_gather(4))
rows_of_eight = intrinsic(_gather(8))
