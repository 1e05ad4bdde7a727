"""Ctrl-C and SIGTERM as one orderly request to stop, from the first moment of the process on.

A library may swallow the KeyboardInterrupt that a signal raises (a callback from compiled code), or turn it into another error
(a half-imported module). The request itself is therefore remembered. Imports nothing heavy.
"""

from __future__ import annotations

import signal
from types import FrameType

_requested = False


def listen() -> None:
    """From now on both signals raise KeyboardInterrupt; one that the parent process has us ignore stays ignored (nohup)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def requested() -> bool:
    """Whether a signal has come."""
    return _requested


def _stop(number: int, frame: FrameType | None) -> None:
    global _requested
    _requested = True
    raise KeyboardInterrupt
