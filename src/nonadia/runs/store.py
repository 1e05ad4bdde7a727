"""The result file: one netCDF-4 file with groups, written atomically, opened by plain xarray.

    root attributes   input verbatim, overrides, every value used, versions, command line, seeds, wall times
    /forces           what the run computed, one leading dimension per swept parameter
    /convergence      one record per sweep point: state, wall time, method, tiers, poles, messages

`xarray.open_datatree(path, engine="h5netcdf")` reads it without nonadia.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import json
import os
import platform
import re
import shutil
import tempfile
import warnings
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from .experiment import Experiment

FORMAT = "nonadia result 1"
_PROGRAMS = ("nonadia", "numpy", "scipy", "numba", "xarray")
# what has to agree for finished sweep points to be worth keeping
_IDENTITY = {
    "input": "the input file",
    "overrides": "the --set overrides",
    "settings": "the values used (defaults included)",
    "versions": "the version of nonadia",
}


class ResultError(Exception):
    """A result file that cannot be read or continued, or a place that cannot hold one."""


class SaveError(ResultError):
    """Writing failed after the work was done (disk full, folder gone)."""


def provenance(experiment: Experiment, command: str) -> dict[str, Any]:
    """Root attributes that say where a result comes from; JSON where the value is not a plain string."""
    return {
        "format": FORMAT,
        "title": experiment.title,
        "system": experiment.system,
        "source": experiment.source,
        "input": experiment.text,
        "overrides": json.dumps(experiment.overrides, sort_keys=True),
        "settings": json.dumps(experiment.settings, sort_keys=True, default=str),
        "versions": json.dumps(versions()),
        "command": command,
        "seeds": json.dumps(_seeds(experiment)),
        "created": now(),
    }


def versions() -> dict[str, str]:
    """Of nonadia, what it computes with, Python and the system."""
    found = {name: _version(name) for name in _PROGRAMS}
    return found | {"python": platform.python_version(), "platform": platform.platform()}


def now() -> str:
    """Date and time, as results carry them."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _seeds(experiment: Experiment) -> list[int]:
    """Of all random numbers; none where nothing is random."""
    dynamics = experiment.settings.get("langevin")
    return [int(dynamics["seed"])] if dynamics else []


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def differences(tree: xr.DataTree, experiment: Experiment) -> list[str]:
    """What keeps a stored result from being continued by this experiment; empty when nothing does."""
    mine, theirs = provenance(experiment, ""), tree.attrs
    found = []
    for key, words in _IDENTITY.items():
        ours, stored = mine[key], theirs.get(key)
        if key == "versions":
            ours, stored = json.loads(ours)["nonadia"], json.loads(stored or "{}").get("nonadia")
        if ours != stored:
            found.append(words)
    return found


def stored_part(target: Path, experiment: Experiment, resume: bool) -> xr.DataTree | None:
    """The finished part of this same run that `target` holds, if it shall be continued; None where there is none.

    Never overwrites unfinished work, never continues another input: ResultError.
    """
    if not target.exists():
        return None  # with --resume and no file yet there is simply nothing to skip
    try:
        stored = open_result(target)
    except ResultError as error:
        reason = str(error).rpartition("; ")[0]  # without the advice to a reader
        raise ResultError(f"{reason}; choose another file with -o, or delete it") from None
    other = differences(stored, experiment)
    if resume:
        if other:
            raise ResultError(
                f"{target}: cannot be continued, {' and '.join(other)} differ from this run's; "
                "choose another file with -o, or run without --resume"
            )
        return stored
    if not other and not int(stored.attrs.get("complete", 0)):
        raise ResultError(
            f"{target}: holds the finished part of this same run; add --resume to continue it, or remove it"
        )
    return None


def check_writable(path: Path) -> None:
    """Raise ResultError before any work is done when `path` cannot become a result file."""
    folder = path.parent
    if path.is_dir():
        raise ResultError(f"{path}: is a folder; give a file name such as {path / 'result.nc'}")
    if not folder.is_dir():
        raise ResultError(f"{path}: the folder {folder} does not exist; create it, or choose another with -o")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ResultError(f"{path}: cannot write into {folder} ({error.strerror}); choose another place with -o") from None


def remove_remnants(path: Path) -> None:
    """Temporary files of this result, its journal or checkpoint that a killed process left behind."""
    for part in path.parent.glob(f".{glob.escape(path.name)}*.part"):
        owner = part.name.removesuffix(".part").rpartition(".")[2]
        if owner.isdigit() and not _alive(int(owner)):
            with contextlib.suppress(OSError):
                part.unlink()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to someone else
        return True
    return True


def write_result(tree: xr.DataTree, path: str | Path) -> None:
    """Write to a temporary file beside `path`, flush it to disk, then rename: the file is whole or absent."""
    path = Path(path)
    check_writable(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _require_space(part, _size_of(tree))  # a full disk in the middle of a write makes HDF5 end the process
        tree.to_netcdf(part, engine="h5netcdf", format="NETCDF4", mode="w")
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, RuntimeError) as error:  # h5py tells of a full disk in both ways
        kept = "; the file that was there before is whole" if path.exists() else ""
        raise SaveError(f"{path}: could not be written ({_reason(error)}){kept}: make room and go on with --resume") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _require_space(part: Path, size: int) -> None:
    """OSError where `size` bytes cannot be written into `part`, which is made that long."""
    with open(part, "wb") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except AttributeError:  # no such call on this system: its free space is what can be asked for
            free = shutil.disk_usage(part.parent).free
            if free < size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None


def _size_of(tree: xr.DataTree) -> int:
    """Bytes of a result file, at most: arrays, texts, and 8 kB of description for each variable."""
    total = 1 << 17
    for node in tree.subtree:
        for variable in node.dataset.variables.values():
            text = sum(len(str(item).encode()) for item in variable.values.ravel()) if variable.dtype.kind == "O" else 0
            total += variable.nbytes + text + 8192
        total += sum(len(str(value).encode()) + 512 for value in node.attrs.values())
    return total


def _reason(error: Exception) -> str:
    """'No space left on device', which h5py hides in a longer text."""
    found = re.search(r"error message = '([^']+)'", str(error))
    return found[1] if found else getattr(error, "strerror", None) or _one_line(error)


def open_result(path: str | Path) -> xr.DataTree:
    """Read a result file into memory. ResultError when it is missing, damaged, or no result of nonadia."""
    import xarray as xr

    path = Path(path)
    if not path.exists():
        raise ResultError(f"{path}: no such file; `nonadia run` writes one")
    if path.is_dir():
        raise ResultError(f"{path}: is a folder; give the result file in it")
    if not os.access(path, os.R_OK):
        raise ResultError(f"{path}: is not readable; check its permissions")
    if path.suffix.lower() == ".toml":
        raise ResultError(f"{path}: is an input file, not a result; `nonadia run {path}` computes and writes one")
    try:
        # files of others may have dimensions without names, of which xarray warns; they are refused below
        with warnings.catch_warnings(action="ignore", category=UserWarning), xr.open_datatree(path, engine="h5netcdf") as lazy:
            tree = lazy.load()
    except Exception as error:  # h5py, h5netcdf and xarray raise many kinds for a broken file
        raise ResultError(
            f"{path}: not a readable result file (damaged, or not netCDF-4: {_one_line(error)}); "
            "give a file written by `nonadia run`"
        ) from None
    if tree.attrs.get("format") != FORMAT:
        raise ResultError(f"{path}: a netCDF file, but not a result of nonadia; give one written by `nonadia run`")
    return tree


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) < 120 else text[:117] + "..."
