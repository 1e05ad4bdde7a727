"""The state of a run that has not ended: one small file beside the result, replaced as a whole, read by --resume.

The journal keeps what was observed or finished, the checkpoint keeps the state from which the run goes on: ψ of a closed
system, positions and momenta of an ensemble. The key is a digest of everything that the state depends on, so that a
checkpoint can never continue another input or version.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .store import SaveError

if TYPE_CHECKING:
    from .experiment import Experiment

INTERVAL = 10.0  # seconds between two writes, at least
_KEY = "checkpoint_key"
Arrays = dict[str, NDArray]


@dataclass(frozen=True, eq=False)
class State:
    """ψ at a stored time with the error bound so far and the steps that the next interval begins with."""

    index: int
    psi: NDArray[np.complex128]
    error: float
    steps: int

    def resume(self) -> tuple[int, NDArray[np.complex128], float, int]:
        """As `wavepacket.propagate.snapshots` takes it."""
        return self.index, self.psi, self.error, self.steps

    def arrays(self) -> Arrays:
        """As a checkpoint keeps it."""
        return {
            "index": np.array(self.index),
            "psi": self.psi,
            "error": np.array(self.error),
            "steps": np.array(self.steps),
        }

    @classmethod
    def of(cls, arrays: Arrays | None) -> State | None:
        """From a checkpoint; None where there is none, or not of a wave function."""
        if arrays is None or not {"index", "psi", "error", "steps"} <= arrays.keys():
            return None
        return cls(int(arrays["index"]), arrays["psi"], float(arrays["error"]), int(arrays["steps"]))


class Checkpoint:
    """The file with named arrays, and when it was last written. An array "index" orders the states: no older one is written."""

    def __init__(self, path: Path, key: str) -> None:
        self.path, self.key = path, key
        self._written = time.monotonic()
        self._index = -1

    def read(self) -> Arrays | None:
        """What is stored for this key; None if there is nothing, or nothing whole."""
        try:
            with np.load(self.path, allow_pickle=False) as found:
                if str(found[_KEY]) != self.key:
                    return None
                arrays = {name: found[name] for name in found.files if name != _KEY}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            return None
        self._index = int(arrays.get("index", -1))
        return arrays

    def offer(self, arrays: Arrays) -> None:
        """Write if the last time is long enough ago."""
        if time.monotonic() - self._written >= INTERVAL:
            self.write(arrays)

    def write(self, arrays: Arrays) -> None:
        """Replace the file; what it held before stays whole until the new one is. Errors: SaveError."""
        index = int(arrays.get("index", -1))
        if "index" in arrays and index <= self._index:
            return
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            with open(part, "wb") as file:
                np.savez(file, **{_KEY: np.array(self.key)}, **arrays)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
        except OSError as error:
            kept = "the one before is still there" if self.path.exists() else "nothing was kept yet"
            message = f"{self.path}: the checkpoint could not be written ({error.strerror or error}); {kept}"
            raise SaveError(f"{message}: make room and go on with --resume") from None
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
        self._index, self._written = index, time.monotonic()

    def remove(self) -> None:
        """The run is complete and saved."""
        self.path.unlink(missing_ok=True)


def beside(target: Path) -> Path:
    """Where the checkpoint of a result file lies."""
    return target.with_name(f"{target.name}.checkpoint")


def digest(point: Experiment) -> str:
    """Of everything that a sweep point depends on: all values used, and the version."""
    from .store import provenance

    facts = provenance(point, "")
    version = json.loads(facts["versions"])["nonadia"]
    text = "\n".join([version, facts["input"], facts["overrides"], facts["settings"]])
    return hashlib.sha256(text.encode()).hexdigest()[:24]
