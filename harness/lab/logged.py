"""What labs of every tier have: the log of what their censor did, and an end."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from harness.lab.events import Event


class Logged(ABC):
    """A lab that is up. Close it, or use it as a context manager."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._events: list[Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def log(self, since: int = 0) -> list[Event]:
        """What the censor did from a mark on; whatever a client has felt of it stands here already."""
        with self._lock:
            self._read_events()
            return self._events[since:]

    def mark(self) -> int:
        """The place that the log has reached."""
        return len(self.log())

    @abstractmethod
    def close(self) -> None:
        """Take it down; the log stays readable."""

    @abstractmethod
    def _read_events(self) -> None:
        """Take in what has been written since, as long as anything can be."""
