"""What the user describes: a junction (levels, interactions, vibrations, leads), or a closed molecule on a grid.

`Junction` holds symbolic functions of the classical coordinates; `Junction.at` evaluates them to the plain
arrays of `FrozenJunction`, all that the solvers see. `Molecule` (electrons as states, surfaces or in real space;
nuclei, external fields) gives arrays on its grid. `library` holds the shipped systems as input files.
May import: units, formula, expressions.
"""

from .errors import ModelError
from .frozen import Channel, FrozenJunction, LeadBath, channels_of
from .junction import Coordinate, Junction, Lead, Vibration
from .width import LevelWidth

__all__ = [
    "Channel",
    "Coordinate",
    "FrozenJunction",
    "Junction",
    "Lead",
    "LeadBath",
    "LevelWidth",
    "ModelError",
    "Vibration",
    "channels_of",
]
