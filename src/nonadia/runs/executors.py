"""Where the pieces of a run are computed: on this machine, or on a Dask cluster (`--scheduler tcp://…`).

A cluster is any `concurrent.futures.Executor`; the pieces are pure functions of their arguments, so that one whose worker was
lost is computed again elsewhere, and results do not depend on who computed them.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor

from .errors import InputError

RETRIES = 3  # of a piece that fails on a worker
PATIENCE = 10  # seconds for the scheduler to answer
_KEY = "--scheduler"


class ClusterLost(RuntimeError):
    """The scheduler, or the connection to it, is gone; what was finished is kept as after any interruption."""


@contextlib.contextmanager
def cluster(address: str | None) -> Iterator[Executor | None]:
    """The executor of the Dask scheduler at this address; None without an address.

    Errors: InputError where Dask is not installed, or no scheduler answers, or it has no worker; ClusterLost when it goes away.
    """
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError:
        message = 'needs Dask, which is not installed; install it with: pip install "nonadia[dask]"'
        raise InputError([("command line", _KEY, message)]) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        advice = 'start one with "dask scheduler" and "dask worker tcp://HOST:8786", or run without it'
        message = f"no Dask scheduler answers at {address} ({_line(error)}); {advice}"
        raise InputError([("command line", _KEY, message)]) from None
    try:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            message = f'the scheduler at {address} has no workers; start some with: dask worker {address}'
            raise InputError([("command line", _KEY, message)])
        with _quiet():
            yield client.get_executor(pure=False, retries=RETRIES)
    except CancelledError:
        raise ClusterLost(f"the connection to the Dask scheduler at {address} was lost") from None
    finally:
        client.close(timeout=PATIENCE)  # what is in flight is cancelled


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What Dask logs of a lost connection is said once, by us."""
    log = logging.getLogger("distributed")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) < 100 else text[:97] + "..."
