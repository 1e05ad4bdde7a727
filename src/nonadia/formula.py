"""Text of an expression → syntax tree → sympy tree → NumPy functions of its value and derivatives.

Text is read by Python's `ast` and never evaluated: only + - * / **, the functions below, diff(f, x), pi and I pass,
and a sympy tree is built from them node by node. The time t is a coordinate like others where it is given as one.
Sizes and powers are bounded, so that no text can hang or fill the memory. sympy is imported at the first expression
that needs it.
"""

from __future__ import annotations

import ast
import copy
import difflib
import keyword
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .units import is_quantity

if TYPE_CHECKING:
    import sympy

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "abs")
CONSTANTS = ("pi", "I")
TIME = "t"
DERIVATIVE = "diff"
RESERVED = frozenset((*FUNCTIONS, *CONSTANTS, TIME))

MAX_LENGTH = 4000  # characters
MAX_NODES = 1000  # of the syntax tree
MAX_POWER = 100  # largest numerical exponent
LARGEST = 1e300  # of numbers
SMALLEST_EXPONENT = 700.0  # e^-700 is zero
MAX_ARGUMENT = dict.fromkeys(("exp", "sinh", "cosh"), 600.0) | dict.fromkeys(
    ("sin", "cos", "tan", "tanh"), 1e15
)

_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_SYMBOL = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}


class ExpressionError(ValueError):
    """An expression that cannot be understood, or whose value is not a finite number of the right type."""


class ComplexValueError(ExpressionError):
    """A complex value where a real one is needed."""


class UndefinedSymbolError(ExpressionError):
    """A name that is neither a parameter nor a coordinate."""


def name_problem(name: str) -> str | None:
    """Why `name` cannot be a parameter or a coordinate, or None."""
    if not name.isidentifier():
        return f'"{name}" is not a name; use letters, digits and _ (not first a digit)'
    if keyword.iskeyword(name):
        other = name[:3] if len(name) > 3 and not keyword.iskeyword(name[:3]) else f"{name}_"
        return f'"{name}" is a reserved word; use another name, for example "{other}"'
    if name in RESERVED:
        return f'"{name}" already means something in expressions; use another name'
    if unicodedata.normalize("NFKC", name) != name:
        return f'"{name}" has letters that look like others; use "{unicodedata.normalize("NFKC", name)}"'
    return None


def names_in(text: str) -> frozenset[str]:
    """Names (not functions or constants) that an expression uses; ExpressionError if it cannot be read."""
    if is_quantity(text):
        return frozenset()
    tree = syntax(text)
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) - RESERVED


def uses_time(text: str) -> bool:
    """Whether t occurs in an expression."""
    return not is_quantity(text) and any(isinstance(n, ast.Name) and n.id == TIME for n in ast.walk(syntax(text)))


def substituted(text: str, functions: Mapping[str, str]) -> str:
    """The text with each name of `functions` replaced by its text, in parentheses: d/dt then sees what depends on t."""
    if is_quantity(text) or not names_in(text) & functions.keys():
        return text

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return copy.deepcopy(syntax(functions[node.id])) if node.id in functions else node

    return ast.unparse(Replace().visit(copy.deepcopy(syntax(text))))


@lru_cache(maxsize=4096)
def syntax(text: str) -> ast.expr:
    if not text.strip():
        raise ExpressionError("empty expression; write 0 for nothing")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"expression of {len(text)} characters; at most {MAX_LENGTH} are allowed")
    if _DECIMAL_COMMA.search(text):
        right = _DECIMAL_COMMA.sub(".", text)
        raise ExpressionError(f'decimals are written with a point: "{short(right)}", not "{short(text)}"')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SyntaxWarning for things such as 2(x), refused below
            tree = ast.parse(" ".join(text.split()) if "#" not in text else text.strip(), mode="eval")  # several lines are one
        count = sum(1 for _ in ast.walk(tree))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = error.msg if isinstance(error, SyntaxError) and error.msg else "too deeply nested"
        reason = "a whole number begins with 0" if "leading zeros" in reason else reason
        reason = "not a formula" if "Perhaps you forgot a comma" in reason else reason
        hint = "use + - * / ** and parentheses; give numbers with units a name in [parameters]"
        raise ExpressionError(f'cannot read "{short(text)}": {reason}; {hint}') from None
    if count > MAX_NODES:
        raise ExpressionError(f"expression of {count} terms and factors; at most {MAX_NODES} are allowed")
    return tree.body


def short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def unknown_name(name: str, allowed: Iterable[str]) -> str:
    """Message for a name that is not defined, with the closest one that is."""
    choices = sorted(allowed)
    close = difflib.get_close_matches(name, [*choices, *FUNCTIONS, *CONSTANTS], n=1)
    did = f'did you mean "{close[0]}"? ' if close else ""
    known = ", ".join(choices) if choices else "none"
    return f'undefined symbol "{name}"; {did}names defined here: {known}'


class _Builder:
    """Syntax tree to sympy tree, whitelisted node by node."""

    def __init__(self, symbols: Mapping[str, Any], coordinates: Collection[str] = ()) -> None:
        import sympy

        self.sp = sympy
        self.symbols = symbols
        self.coordinates = coordinates

    def build(self, node: ast.expr) -> Any:
        result = self._build(node)
        if result.has(self.sp.zoo, self.sp.nan, self.sp.oo, -self.sp.oo):
            raise ExpressionError(f'"{short(ast.unparse(node))}" is not finite (a division by zero?)')
        return self._folded(result) if result.is_number else result

    def _folded(self, number: Any) -> Any:
        """Numbers stay exact while they are small fractions, so that towers of powers never build up."""
        if number.is_Rational:
            bits = max(int(number.p).bit_length(), int(number.q).bit_length())
            folded = self.sp.Float(number, 20) if bits > 200 else number
        elif number in (self.sp.pi, self.sp.I, -self.sp.I):
            return number
        else:
            folded = number.evalf(20)
        size = abs(complex(folded))
        if not size < LARGEST:
            raise ExpressionError("a number in the expression is too large")
        return folded

    def _build(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return self._number(node.value)
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
            value = self.build(node.operand)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp) and type(node.op) in _SYMBOL:
            return self._binary(_SYMBOL[type(node.op)], self.build(node.left), self.build(node.right))
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            raise ExpressionError('"^" is not a power; write **')
        what = " ".join(ast.unparse(node).split())
        raise ExpressionError(f'"{short(what)}" is not allowed; use + - * / **, {", ".join(FUNCTIONS)}')

    def _number(self, value: object) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            hint = "; the imaginary unit is I" if isinstance(value, complex) else ""
            raise ExpressionError(f'"{short(str(value))}" is not a real number{hint}')
        if (isinstance(value, int) and value.bit_length() > 1000) or not math.isfinite(value):
            raise ExpressionError("a number in the expression is too large")
        if isinstance(value, int):
            return self.sp.Integer(value)
        # decimals as exact fractions: 0.5 as an exponent is a square root, and nothing is rounded twice
        return self.sp.Rational(repr(value)) if 1e-20 < abs(value) < 1e20 else self.sp.Float(value)

    def _name(self, name: str) -> Any:
        if name in self.symbols:
            return self.symbols[name]
        if name == "pi":
            return self.sp.pi
        if name == "I":
            return self.sp.I
        if name == "t":
            raise ExpressionError('"t" (time) is not allowed here')
        if name in FUNCTIONS:
            raise ExpressionError(f'"{name}" is a function; write {name}(…)')
        raise UndefinedSymbolError(unknown_name(name, self.symbols))

    def _binary(self, symbol: str, left: Any, right: Any) -> Any:
        if symbol == "**":
            return self._power(left, right)
        if symbol == "/":
            return left / right
        return left + right if symbol == "+" else left - right if symbol == "-" else left * right

    def _power(self, base: Any, exponent: Any) -> Any:
        if exponent.is_number:
            size = abs(complex(exponent))
            if size > MAX_POWER:
                raise ExpressionError(f"power {size:.4g}; at most {MAX_POWER} is allowed")
            if base.is_number and size * abs(math.log(abs(complex(base)) or 1.0)) > 600.0:
                raise ExpressionError("a power of numbers is too large or too small")
        return base**exponent

    def _call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name):
            raise ExpressionError(f'"{short(ast.unparse(node))}" is not allowed')
        name = node.func.id
        if name == DERIVATIVE and name not in self.symbols:
            return self._derivative(node)
        if name not in FUNCTIONS:
            close = difflib.get_close_matches(name, FUNCTIONS, n=1)
            did = f'did you mean "{close[0]}"? ' if close else ""
            missing = "; write * for a product" if name in self.symbols else ""
            raise ExpressionError(f'unknown function "{name}"; {did}allowed: {", ".join(FUNCTIONS)}{missing}')
        if len(node.args) != 1 or node.keywords:
            raise ExpressionError(f"{name}(…) takes one argument")
        argument = self.build(node.args[0])
        if argument.is_number:
            value = complex(argument)
            if name == "exp" and value.real < -SMALLEST_EXPONENT:
                return self.sp.Integer(0)
            if abs(value) > MAX_ARGUMENT.get(name, LARGEST):
                raise ExpressionError(f"the argument of {name}(…) is too large: {abs(value):.4g}")
        if name != "abs":
            return getattr(self.sp, name)(argument)
        if argument.has(self.sp.I):
            raise ExpressionError("abs(…) of a complex expression is not allowed; write sqrt(re**2 + im**2)")
        return self.sp.Abs(argument)

    def _derivative(self, node: ast.Call) -> Any:
        """diff(f, x): ∂f/∂x for a coordinate x, or the time."""
        names = ", ".join(self.coordinates) or "none"
        if len(node.args) != 2 or node.keywords:
            raise ExpressionError(f"diff(f, x) takes an expression and a coordinate; coordinates: {names}")
        variable = node.args[1]
        if not isinstance(variable, ast.Name) or variable.id not in self.coordinates:
            what = short(ast.unparse(variable))
            raise ExpressionError(f'diff(f, x) needs a coordinate as x, and "{what}" is none; coordinates: {names}')
        result = self.sp.diff(self.build(node.args[0]), self.symbols[variable.id])
        if result.has(self.sp.DiracDelta, self.sp.Derivative, self.sp.Subs):
            raise ExpressionError(f'"{short(ast.unparse(node))}" does not exist where an abs has its corner')
        return result


@dataclass(frozen=True)
class Compiled:
    value: Callable[..., Any]
    gradient: tuple[Callable[..., Any] | None, ...]  # None: identically zero
    corner: tuple[Callable[..., Any] | None, ...]  # jump of the derivative where |u| has u = 0; None: none


def _jump(derivative: Any) -> Any:
    """Difference of a derivative between sign(0) = 1 and sign(0) = -1: not zero where |u| has a corner."""
    import sympy

    def above(u: Any) -> Any:
        return sympy.Piecewise((1, u >= 0), (-1, True))

    def below(u: Any) -> Any:
        return sympy.Piecewise((1, u > 0), (-1, True))

    return derivative.replace(sympy.sign, above) - derivative.replace(sympy.sign, below)


@lru_cache(maxsize=4096)
def tree_of(text: str, coordinates: tuple[str, ...], parameters: tuple[str, ...]) -> tuple[Any, tuple[Any, ...]]:
    """(sympy tree of an expression, its symbols in the order *coordinates, *parameters)."""
    import sympy

    # neutral symbols: lambdify lets a symbol called "sign" hide the function of that name
    names = (*coordinates, *parameters)
    symbols = {name: sympy.Symbol(f"nonadia_{i}", real=True) for i, name in enumerate(names)}
    return _Builder(symbols, coordinates).build(syntax(text)), tuple(symbols[name] for name in names)


@lru_cache(maxsize=4096)
def compile_formula(text: str, coordinates: tuple[str, ...], parameters: tuple[str, ...]) -> Compiled:
    """NumPy functions of (*coordinates, *parameters) for the expression and its derivatives."""
    import sympy
    from sympy.printing.numpy import SciPyPrinter

    class Printer(SciPyPrinter):  # type: ignore[misc]  # all digits of floats, and no integers beyond 2**53
        def _print_Float(self, expr: sympy.Float) -> str:
            return repr(float(expr))

        def _print_Integer(self, expr: sympy.Integer) -> str:
            return str(expr.p) if abs(int(expr.p)) < 2**53 else repr(float(expr))

    try:
        tree, symbols = tree_of(text, coordinates, parameters)
        settings = {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": False}

        def function(expr: Any) -> Callable[..., Any]:
            printer = Printer({**settings, "user_functions": {}})
            compiled: Callable[..., Any] = sympy.lambdify(
                symbols, expr, modules=["scipy", "numpy"], printer=printer, dummify=True
            )
            return compiled

        derivatives = [sympy.diff(tree, symbol) for symbol in symbols[: len(coordinates)]]
        gradient = tuple(None if d.is_zero else function(d) for d in derivatives)
        jumps = [_jump(d) if d.has(sympy.sign) else sympy.Integer(0) for d in derivatives]
        corner = tuple(None if j.is_zero else function(j) for j in jumps)
        return Compiled(function(tree), gradient, corner)
    except ExpressionError:
        raise
    except (RecursionError, MemoryError):
        raise ExpressionError(f'"{short(text)}" is too deeply nested') from None
    except (ArithmeticError, ValueError, TypeError, NotImplementedError, AttributeError) as error:
        raise ExpressionError(f'cannot evaluate "{short(text)}": {error}') from error
