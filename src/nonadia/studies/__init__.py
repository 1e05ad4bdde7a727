"""Studies: shipped inputs → results → figures and the list of statements that they must show, each with its measured value.

    prl-128-113001      every figure of Li, Requist, Gross, Phys. Rev. Lett. 128, 113001 (2022)
    jcp-161-064106      every figure of Mäck, Thoss, Rudge, J. Chem. Phys. 161, 064106 (2024)
    levels-of-theory    one molecule at a metal by friction, by the hierarchy and as a wave packet: where friction holds

One sub-package a study, one file a figure. May import everything but report, bench and cli.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .study import Study

NAMES = ("prl-128-113001", "jcp-161-064106", "levels-of-theory")


def load(name: str) -> Study:
    """The study of this name, one of NAMES."""
    found: Study = import_module(f".{name.replace('-', '_')}", __name__).study()
    return found
