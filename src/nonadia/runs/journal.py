"""Finished pieces of a run that has not ended: an append-only file beside the result, read again by --resume.

Each record is a length, a checksum, a key and NumPy arrays. A record that a kill cut short is recognised and dropped; all
before it are intact. The keys are digests of everything that a piece depends on (`friction.blocks.Task.key`), so that a
journal can never supply numbers of another input or version.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from collections.abc import Iterator, MutableMapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .store import SaveError

_HEAD = struct.Struct("<8sQI")  # magic, length of the body, its CRC-32
_MAGIC = b"nonadia1"
Arrays = dict[str, NDArray]


class Journal(MutableMapping[str, Arrays]):
    """Mapping key → arrays on disk. Errors: SaveError when the file cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._records: dict[str, Arrays] = {}
        end = self._read()
        if path.exists() and end < path.stat().st_size:
            with open(path, "r+b") as file:
                file.truncate(end)

    def _read(self) -> int:
        """Loads every intact record; the offset behind the last of them."""
        if not self.path.exists():
            return 0
        with open(self.path, "rb") as file:
            end = 0
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                magic, length, checksum = _HEAD.unpack(head)
                body = file.read(length) if magic == _MAGIC else b""
                if len(body) != length or zlib.crc32(body) != checksum:
                    break
                key, _, payload = body.partition(b"\n")
                with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
                    self._records[key.decode()] = {name: arrays[name] for name in arrays.files}
                end = file.tell()
        return end

    def __setitem__(self, key: str, arrays: Arrays) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        body = key.encode() + b"\n" + buffer.getvalue()
        end = self.path.stat().st_size if self.path.exists() else 0
        try:
            with open(self.path, "ab") as file:
                file.write(_HEAD.pack(_MAGIC, len(body), zlib.crc32(body)) + body)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):  # half a record would hide all that come after it
                os.truncate(self.path, end)
            message = f"{self.path}: could not be written ({error.strerror or error}); {len(self)} finished pieces are in it"
            raise SaveError(f"{message}: make room and go on with --resume") from None
        self._records[key] = arrays

    def __getitem__(self, key: str) -> Arrays:
        return self._records[key]

    def __delitem__(self, key: str) -> None:
        raise TypeError("a journal only grows")

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def remove(self) -> None:
        """The run is complete and saved: the journal has served."""
        self.path.unlink(missing_ok=True)


def beside(target: Path) -> Path:
    """Where the journal of a result file lies."""
    return target.with_name(f"{target.name}.journal")
