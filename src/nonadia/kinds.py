"""The kind of an expression: which unit its value would have, as far as that is certain.

    kind(a·b) = kind(a) kind(b),   kind(a + b) = kind(a) = kind(b),   kind(f(a)) = number

A kind is a product of powers of energy, time, mass, length and temperature; voltages count as energies (e·V).
Text in atomic units hides kinds, so the rules refuse only what is certainly wrong: terms of one sum, or a
field, with different *simple* kinds (an energy, a time, …). Plain numbers fit into every sum; as a factor they
are pure numbers if they look so (2, 0.5, sqrt(3)) and unknown otherwise (0.000367 may be a force constant).
A coordinate may be a length or dimensionless, unless its unit is "1"; a compound kind is never refused.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from .formula import DERIVATIVE, TIME, ExpressionError, short, syntax
from .units import ACCEPTED, Kind, Quantity, required, with_article

AXES: tuple[Kind, ...] = ("energy", "time", "mass", "length", "temperature")
_ZERO = (Fraction(0),) * len(AXES)


@dataclass(frozen=True)
class Dimension:
    """Powers of `AXES`; known: whether they are certain.

    numeric: a number that fits into every sum; pure: such a number that changes no kind as a factor;
    moving: has factors of a coordinate, so that its power of length is open.
    """

    powers: tuple[Fraction, ...] = _ZERO
    known: bool = True
    numeric: bool = False
    pure: bool = False
    moving: bool = False

    @property
    def simple(self) -> Kind | None:
        """The kind, if it is certain and not compound (up to factors of a coordinate)."""
        if not self.known or sum(map(abs, self.powers)) != 1 or 1 not in self.powers:
            return None
        kind = AXES[self.powers.index(Fraction(1))]
        return None if kind == "length" and self.moving else kind


UNKNOWN = Dimension(known=False)
PURE = Dimension(numeric=True, pure=True)
NUMBER = Dimension(numeric=True)


def of_quantity(quantity: Quantity) -> Dimension:
    """A parameter: unknown if it was given as a plain number."""
    if quantity.kind is None or quantity.kind == "dimensionless":
        return UNKNOWN
    kind = "energy" if quantity.kind == "voltage" else quantity.kind
    return Dimension(tuple(Fraction(int(axis == kind)) for axis in AXES))


def kind_of(
    text: str,
    parameters: Mapping[str, Quantity],
    coordinates: Collection[str] = (),
    numbers: Collection[str] = (),
) -> Dimension:
    """Kind of an expression; numbers: the coordinates that are dimensionless.

    Raises ExpressionError for a sum of different simple kinds.
    """
    known = {name: of_quantity(quantity) for name, quantity in parameters.items()}
    for name in coordinates:
        # a time in atomic units is often divided by one that is a plain number
        known[name] = UNKNOWN if name == TIME else PURE if name in numbers else Dimension(numeric=True, pure=True, moving=True)
    try:
        return _of(syntax(text), known)
    except RecursionError:
        raise ExpressionError(f'"{short(text)}" is too deeply nested') from None


def refuse(text: str, found: Dimension, needed: Kind) -> None:
    """ExpressionError when an expression is certainly of another kind than `needed`."""
    kind = found.simple
    if kind is not None and kind != needed and kind not in ACCEPTED[needed]:
        raise ExpressionError(f'"{short(text)}" is {with_article(kind)}; {required(needed)}')


def _of(node: ast.expr, known: Mapping[str, Dimension]) -> Dimension:
    if isinstance(node, ast.Constant):
        return PURE if _looks_pure(node.value) else NUMBER
    if isinstance(node, ast.Name):
        return known.get(node.id, PURE)  # pi, I
    if isinstance(node, ast.UnaryOp):
        return _of(node.operand, known)
    if isinstance(node, ast.Call):
        arguments = [_of(argument, known) for argument in node.args]
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if arguments and name in ("sqrt", "abs"):
            return _power(arguments[0], Fraction(1, 2) if name == "sqrt" else Fraction(1))
        return UNKNOWN if name == DERIVATIVE else PURE
    if isinstance(node, ast.BinOp):
        left, right = _of(node.left, known), _of(node.right, known)
        if isinstance(node.op, ast.Add | ast.Sub):
            return _sum(node, left, right)
        if isinstance(node.op, ast.Mult):
            return _product(left, right)
        if isinstance(node.op, ast.Div):
            return _product(left, _power(right, Fraction(-1)))
        if isinstance(node.op, ast.Pow):
            exponent = _exponent(node.right)
            if exponent is not None:
                return _power(left, exponent)
            return left if left.numeric else UNKNOWN
    return UNKNOWN


def _looks_pure(value: object) -> bool:
    """0.1 … 99 with at most two digits: masses and force constants in atomic units look different."""
    if not isinstance(value, int | float):
        return False
    return value == 0 or (0.1 <= abs(value) <= 99.0 and float(f"{value:.1e}") == value)


def _exponent(node: ast.expr) -> Fraction | None:
    """A number, or a ratio of numbers, as an exact exponent."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        try:
            return Fraction(node.value).limit_denominator(12)
        except (ValueError, OverflowError):
            return None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        inner = _exponent(node.operand)
        return inner if inner is None or isinstance(node.op, ast.UAdd) else -inner
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        above, below = _exponent(node.left), _exponent(node.right)
        return above / below if above is not None and below else None
    return None


def _power(base: Dimension, exponent: Fraction) -> Dimension:
    if not base.known:
        return base
    pure = base.pure and (base.moving or abs(exponent) <= 2)  # 10**-3 is as suspicious as 0.001
    powers = tuple(power * exponent for power in base.powers)
    return Dimension(powers, True, base.numeric, pure, base.moving and exponent != 0)


def _product(left: Dimension, right: Dimension) -> Dimension:
    moving = left.moving or right.moving
    if left.numeric and right.numeric:
        return Dimension(numeric=True, pure=left.pure and right.pure, moving=moving)
    if not (left.known and right.known) or any(d.numeric and not d.pure for d in (left, right)):
        return UNKNOWN
    powers = tuple(a + b for a, b in zip(left.powers, right.powers, strict=True))
    if powers == _ZERO:
        return Dimension(numeric=True, pure=True, moving=moving)
    return Dimension(powers, moving=moving)


def _sum(node: ast.BinOp, left: Dimension, right: Dimension) -> Dimension:
    if left.numeric and right.numeric:
        return Dimension(numeric=True, pure=left.pure and right.pure, moving=left.moving or right.moving)
    one, other = left.simple, right.simple
    if one is not None and other is not None:
        if one != other:
            terms = f'"{_last_term(node.left)}" is {with_article(one)}, '
            terms += f'"{short(ast.unparse(node.right))}" is {with_article(other)}'
            raise ExpressionError(f"adds different kinds: {terms}; all terms of a sum must be of one kind")
        return left if right.moving else right
    # an offset of a coordinate may be a length while the coordinate's own kind is open
    if (left.numeric and left.moving) or (right.numeric and right.moving):
        return UNKNOWN if "length" in (one, other) else (right if left.numeric else left)
    if one is not None or other is not None:
        return left if one is not None else right
    return UNKNOWN


def _last_term(node: ast.expr) -> str:
    """What is added last in a sum, for messages."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        node = node.right
    return short(ast.unparse(node))
