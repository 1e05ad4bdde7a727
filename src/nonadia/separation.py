"""Terms with time factored from the coordinates: f(x, t) = Σ_k f_k(t) g_k(x), found on the sympy tree.

A laser of any shape on a dipole, or a drifting linear or quadratic potential, has this form; a packet-shaped or
travelling potential has not. Found by taking factors apart, then by expanding only what still mixes t with x.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .formula import TIME, ExpressionError, syntax, tree_of

MAX_TERMS = 12  # more arrays to add at a step cost more than the expression itself


@lru_cache(maxsize=512)
def separate(text: str, coordinates: tuple[str, ...], parameters: tuple[str, ...]) -> tuple[tuple[str | None, str], ...] | None:
    """((f_k, g_k), …) as texts, f_k = None for 1; None if there is no such form, or none that is short."""
    import sympy
    from sympy.printing.str import StrPrinter

    class Printer(StrPrinter):  # type: ignore[misc]  # back into the language of `formula`
        def _print_Abs(self, expr: sympy.Abs) -> str:
            return f"abs({self._print(expr.args[0])})"

        def _print_Float(self, expr: sympy.Float) -> str:
            return repr(float(expr))

        def _print_Exp1(self, expr: Any) -> str:
            return "exp(1)"

    tree, symbols = tree_of(text, coordinates, parameters)
    time = symbols[coordinates.index(TIME)]
    space = [symbol for symbol in symbols[: len(coordinates)] if symbol != time]
    parts = _parts(tree, time, space)
    if parts is None:
        return None
    back = {symbol: sympy.Symbol(name) for symbol, name in zip(symbols, (*coordinates, *parameters), strict=True)}
    printer = Printer()
    found = []
    try:
        for factor, rest in parts:
            if factor.has(sympy.sign) or rest.has(sympy.sign):  # has no name in the language
                return None
            written = (None if factor == 1 else printer.doprint(factor.xreplace(back)), printer.doprint(rest.xreplace(back)))
            for one in written:
                if one is not None:
                    syntax(one)  # a very long term is left whole
            found.append(written)
    except ExpressionError:
        return None
    return tuple(found)


def _parts(tree: Any, time: Any, space: list[Any]) -> list[tuple[Any, Any]] | None:
    """[(f(t), g(x))], terms with the same f in one."""
    import sympy

    total: dict[Any, Any] = {}
    waiting = [(tree, False)]
    while waiting:
        term, expanded = waiting.pop()
        fixed, moving = term.as_independent(time, as_Add=True)
        if fixed != 0:
            total[sympy.Integer(1)] = total.get(sympy.Integer(1), 0) + fixed
        for one in sympy.Add.make_args(moving) if moving != 0 else ():
            rest, factor = one.as_independent(time, as_Add=False)
            if not factor.has(*space):
                total[factor] = total.get(factor, 0) + rest
            elif not expanded:
                waiting += [(piece, True) for piece in sympy.Add.make_args(sympy.expand(one))]
            else:
                return None
        if len(total) + len(waiting) > 4 * MAX_TERMS:
            return None
    return list(total.items()) if len(total) <= MAX_TERMS else None
