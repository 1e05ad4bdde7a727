"""The wave function of a run that has not ended: one small file beside the result, replaced as a whole, read by --resume.

The journal keeps what was observed, the checkpoint keeps ψ, from which the run goes on. The key is a digest of everything
that ψ depends on, so that a checkpoint can never continue another input or version.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .experiment import Experiment

INTERVAL = 10.0  # seconds between two writes, at least


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


class Checkpoint:
    """The file, and when it was last written."""

    def __init__(self, path: Path, key: str) -> None:
        self.path, self.key = path, key
        self._written = time.monotonic()
        self._index = -1

    def read(self) -> State | None:
        """What is stored for this key; None if there is nothing, or nothing whole."""
        try:
            with np.load(self.path, allow_pickle=False) as found:
                if str(found["key"]) != self.key:
                    return None
                state = State(int(found["index"]), found["psi"], float(found["error"]), int(found["steps"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        self._index = state.index
        return state

    def offer(self, state: State) -> None:
        """Write if the last time is long enough ago."""
        if time.monotonic() - self._written >= INTERVAL:
            self.write(state)

    def write(self, state: State) -> None:
        """Replace the file, unless it holds this state already. Errors: OSError."""
        if state.index <= self._index:
            return
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            with open(part, "wb") as file:
                np.savez(file, key=self.key, index=state.index, psi=state.psi, error=state.error, steps=state.steps)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
        self._index, self._written = state.index, time.monotonic()

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
