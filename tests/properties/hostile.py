"""Hostile input: mutations of good input files and of their text; the command line that must survive them."""

from __future__ import annotations

import contextlib
import copy
import io
import math
import random
import re
import signal
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

from nonadia.cli import app

Tree = dict[str, Any]
Place = tuple[Any, ...]

NUMBERS: list[Any] = [0, -1, 1, 2, 3, 10**6, 10**9, 10**30, -(10**9), 2**63, 2**64, 10**400]
NUMBERS += [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, 1e-300, 0.5, -0.5, 1e-9, 1e18]
TEXTS = ["", " ", "\t", "\n", "\x00", "nan", "inf", "-inf", "1e400"]
TEXTS += ["-1e400 eV", "1e308 eV", "nan eV", "inf K", "0x10", "1_000"]
TEXTS += ["5 parsec", "eV", "300", "-300 K", "0 K", "1e-320 K", "300 K K"]
TEXTS += ["1 eV/fs**2/", "10 angstrom", "1 fs", "-1 fs", "1 u"]
TEXTS += ["auto", "none", "all", "true", "x", "y", "R", "t", "sin(t)"]
TEXTS += ["exp(t)*x", "I", "I*x", "log(x)", "1/x", "sqrt(x)", "abs(x)"]
TEXTS += ["x**x", "x**(-1/2)", "exp(exp(exp(9)))", "9**9**9**9", "1/0", "0/0"]
TEXTS += ["x +", "((x", "x)", "x y", "2x", "x^2", "x;y", "x,y", "a,b"]
TEXTS += ["__import__('os').system('true')", "().__class__", "lambda: 0"]
TEXTS += ["x if x else y", "[x for x in y]", "{}", "f'{x}'", "x.real"]
TEXTS += ["(" * 300 + "x" + ")" * 300, "-" * 900 + "1"]
TEXTS += ["+".join(["x"] * 900), "sin(" * 80 + "x" + ")" * 80, "x" * 6000, "1" * 5000]
TEXTS += ["μ", "ψ = 0", "２", "x\u202ey", "é" * 50, "\U0001f600", "x\u0000"]
TEXTS += ["\ufeff", "%s%n{0}", "../../etc/passwd", "/", ".", "junction"]
TEXTS += ["x > 5", "x > ", "x < 5 angstrom", "5 > x", "x > x", "p > 1", "x => 3"]
TEXTS += ["> <", "x,x", ",", "a,", "lam", "bias", "Omega*Omega", "1/Omega"]
KEYS = ["", " ", "x", "y", "t", "I", "sin", "lambda", "a.b", "a,b", "x,x"]
KEYS += [",", "é", "\x00", "k" * 3000, "mode", "point", "time", "units"]
KEYS += ["points", "start", "method", "temperature", "potential", "state"]
KEYS += ["real", "1", "-1", "None", "__class__", "R_", "x_", "sweep"]
CHARACTERS = list("()[]{}=\"'#,.;:*/+-^%$&|!?<>\\ \n\t\x00\x07eEI019xt")
CHARACTERS += ["\ufeff", "é", "𝟙", "\u2028", "**", "/0", "1e999", '"""']


class TooSlow(BaseException):
    """A case that did not end in time; no Exception, so that nothing catches it."""


def places(tree: Any, prefix: Place = ()) -> Iterator[Place]:
    """The way to every value of nested tables and lists."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*prefix, key)
        yield from places(value, (*prefix, key))


def at(tree: Any, place: Place) -> Any:
    for key in place:
        tree = tree[key]
    return tree


def junk(rng: random.Random, depth: int = 2) -> Any:
    """A value that nobody asked for."""
    choice = rng.randrange(10 if depth else 7)
    if choice < 3:
        return rng.choice(NUMBERS)
    if choice < 6:
        return rng.choice(TEXTS)
    if choice == 6:
        return rng.choice([True, False, [], {}])
    if choice == 7:
        return [junk(rng, depth - 1) for _ in range(rng.randrange(4))]
    if choice == 8:
        return {rng.choice(KEYS): junk(rng, depth - 1) for _ in range(rng.randrange(4))}
    nested: Any = rng.choice(NUMBERS)
    for _ in range(rng.choice([3, 10, 40])):
        nested = [nested] if rng.random() < 0.5 else {"x": nested}
    return nested


def bent(value: Any, rng: random.Random) -> Any:
    """Nearly the same value: a text with a fault, a number of another size or sign, another type."""
    if isinstance(value, str):
        cut = rng.randrange(len(value) + 1)
        ways = [
            value[:cut] + rng.choice(CHARACTERS) + value[cut:],
            value[:cut] + value[cut + 1 :],
            value[:cut] + rng.choice(TEXTS) + value[cut:],
            "-" + value,
            re.sub(r"[0-9.]+", lambda _: str(rng.choice(NUMBERS)), value, count=1),
            re.sub(r"[A-Za-z]+", lambda _: rng.choice(["x", "eV", "fs", "t", "I", "q_"]), value, count=1),
            re.sub(r"\s*[A-Za-z]+$", "", value),
            value + rng.choice([" eV", " K", " fs", "*x", "*t", "/x", "**2", "*1e300", "*I", "/0"]),
            [value],
        ]
        return rng.choice(ways)
    if isinstance(value, bool):
        return rng.choice([not value, int(value), str(value)])
    if isinstance(value, int | float):
        near = [-value, 0, value * 1000, value / 1000, value + 0.5]
        return rng.choice([*near, str(value), [value], f"{value} eV", {"x": value}])
    if isinstance(value, list):
        return rng.choice([value[::-1], value + value, value[:1], [], [value], [*value, junk(rng, 0)], (value or [0])[0]])
    return rng.choice([list(value.values()), list(value), {**value, rng.choice(KEYS): junk(rng, 1)}, {"x": value}, str(value)])


def mutated(tree: Tree, rng: random.Random, changes: int | None = None) -> Tree:
    """A copy with one to three faults (or none that matters)."""
    tree = copy.deepcopy(tree)
    for _ in range(changes or rng.choice([1, 1, 1, 2, 3])):
        known = list(places(tree))
        if not known:
            break
        place = rng.choice(known)
        parent, key = at(tree, place[:-1]), place[-1]
        way = rng.randrange(8)
        if way == 0:
            del parent[key]
        elif way == 1 and isinstance(parent, dict):
            parent[rng.choice(KEYS)] = parent.pop(key)
        elif way == 2 and isinstance(parent, dict):
            parent[rng.choice([*KEYS, f"{key}2", str(key)[:-1], str(key).upper()])] = copy.deepcopy(parent[key])
        elif way == 3:
            parent[key] = copy.deepcopy(at(tree, rng.choice(known)))
        elif way in (4, 5):
            parent[key] = bent(parent[key], rng)
        else:
            parent[key] = junk(rng)
    return tree


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(str(key))} = {toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(entry) for entry in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    """A basic string of TOML."""
    shown = (
        f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else "\\" + c if c in '"\\' else c
        for c in text
    )
    return '"' + "".join(shown) + '"'


def document(tree: Tree) -> str:
    return "".join(f"{quoted(str(key))} = {toml(value)}\n" for key, value in tree.items())


def garbled(text: str, rng: random.Random) -> bytes:
    """The bytes of a text with faults: lines lost, doubled and exchanged, characters and bytes put in, its end cut off."""
    for _ in range(rng.choice([1, 1, 2, 4])):
        lines, cut = text.split("\n"), rng.randrange(len(text) + 1)
        line = rng.randrange(len(lines))
        way = rng.randrange(7)
        if way == 0:
            del lines[line]
        elif way == 1:
            lines.insert(rng.randrange(len(lines) + 1), lines[line])
        elif way == 2:
            other = rng.randrange(len(lines))
            lines[line], lines[other] = lines[other], lines[line]
        if way < 3:
            text = "\n".join(lines)
        elif way == 3:
            text = text[:cut]
        elif way == 4:
            text = text[:cut] + rng.choice(CHARACTERS) + text[cut:]
        elif way == 5:
            text = text[:cut] + text[cut + rng.randrange(1, 6) :]
        else:
            text = text[:cut] + str(rng.choice(NUMBERS)) + text[cut:]
    data = text.encode()
    if rng.random() < 0.15:
        cut = rng.randrange(len(data) + 1)
        data = data[:cut] + rng.randbytes(rng.choice([1, 2, 30])) + data[cut:]
    return data


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@contextlib.contextmanager
def within(seconds: int) -> Iterator[None]:
    """TooSlow after so many seconds of processor time."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def command(*arguments: str, seconds: int = 30) -> Ended:
    """`nonadia ARGUMENTS` in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with patch.object(sys, "argv", ["nonadia", *arguments]), within(seconds):
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                app.main()
    except SystemExit as end:
        code = end.code
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return Ended(int(code or 0), out.getvalue(), err.getvalue())


def complaint(ended: Ended, file: str) -> str:
    """What is wrong with the way a command refused (or accepted) an input; empty if nothing is."""
    lines = ended.err.splitlines()
    if "Traceback" in ended.err or "failed: " in ended.err:
        return "an exception reached the user"
    if ended.code == 0:
        return "" if ended.out.rstrip().endswith("ok") else "accepted without a word"
    if ended.code != 2:
        return f"exit status {ended.code}"
    if not lines:
        return "refused without a word"
    strange = [line for line in lines if not line.startswith(f"{file}: ") and not line.startswith("command line: ")]
    return f"a line that does not name the file: {strange[0]!r}" if strange else ""


def checked(data: bytes | Tree, folder: Path, *overrides: str, seconds: int = 30) -> tuple[Ended, str]:
    """`nonadia check` of this text or these tables, and what is wrong with how it ended."""
    path = folder / "input.toml"
    path.write_bytes(document(data).encode() if isinstance(data, dict) else data)
    options = [word for text in overrides for word in ("--set", text)]
    ended = command("check", str(path), *options, seconds=seconds)
    return ended, complaint(ended, str(path))


def parsed(text: str) -> Tree:
    return tomllib.loads(text)
