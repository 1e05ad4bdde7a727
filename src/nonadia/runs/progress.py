"""How far a run is: a bar on a terminal, plain lines otherwise. Always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

from . import stop

Report = Callable[[float, float, str], None]


class Progress:
    """Context manager that is itself the callable (done, total, message)."""

    def __init__(self, title: str, interval: float = 5.0) -> None:
        self.title = title
        self.interval = interval  # seconds between plain lines
        self._bar: object | None = None
        self._task: object = None
        self._started = time.monotonic()
        self._last = self._started
        self._last_message = ""

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.percentage:3.0f}%"),
            )
            bar = Bar(
                *columns,
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            bar.start()
            self._task = bar.add_task(self.title, total=1.0)
            self._bar = bar
        return self

    def __call__(self, done: float, total: float, message: str) -> None:
        if stop.requested():  # a library swallowed the exception that the signal raised
            raise KeyboardInterrupt
        fraction = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
        if self._bar is not None:
            self._bar.update(self._task, completed=fraction, description=message or self.title)  # type: ignore[attr-defined]
            return
        now = time.monotonic()
        if now - self._last >= self.interval:
            self._last = now
            line = f"{self.title}: {100 * fraction:3.0f}%, {now - self._started:.0f} s"
            print(f"{line}, {message}" if message else line, file=sys.stderr, flush=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()  # type: ignore[attr-defined]


def silent(done: float, total: float, message: str) -> None:
    """Report nothing (the default from Python)."""
