"""A moment in time that travels down; nothing waits without one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, in seconds, by which something must be over."""

    at: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Deadline:
        """The deadline so many seconds from now."""
        return cls(clock() + seconds, clock)

    def sooner(self, seconds: float) -> Deadline:
        """This deadline, or the one so many seconds from now where that comes first."""
        return Deadline(min(self.at, self.clock() + seconds), self.clock)

    def left(self) -> float:
        """Seconds that remain; raises TimeoutError where none do."""
        if (remaining := self.at - self.clock()) <= 0:
            raise TimeoutError
        return remaining

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Cut what runs inside at the deadline, with TimeoutError."""
        async with asyncio.timeout(self.left()):
            yield
