"""na.langevin is the function, whatever has been imported before: the package of the same name stands where Python puts it."""

from __future__ import annotations

import subprocess
import sys

USE = """
field = na.CallableField(["x"], 1.0, lambda x: -x, 0.1, 0.1)
result = na.langevin(field, trajectories=8, duration=1.0, step=0.1, initial={"x": 0.0}, stored=3)
assert result.sizes["time"] == 3
from nonadia.langevin.initial import sample
assert na.langevin(field, trajectories=8, duration=1.0, step=0.1, initial={"x": 0.0}, stored=3).identical is not None
"""


def works(first: str) -> None:
    done = subprocess.run([sys.executable, "-c", first + USE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_after_a_file_of_the_package() -> None:
    works("from nonadia.langevin.schemes import named\nimport nonadia as na\n")


def test_before_any_file_of_the_package() -> None:
    works("import nonadia as na\n")
