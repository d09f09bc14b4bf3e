"""How late our own event loop is, so that a timing can be told from our own load."""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import Callable

INTERVAL = 0.01
KEPT = 60.0  # no stage lasts longer


class LagSampler:
    """The worst lateness of the event loop over any recent stretch of time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due = float("inf")
        # A falling staircase: each later sample is smaller than the one before it, so that the first
        # sample after a moment is the worst since that moment.
        self._moments: list[float] = []
        self._worst: list[float] = []

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            self._due = self._clock() + INTERVAL
            await asyncio.sleep(INTERVAL)
            now = self._clock()
            self.note(now, max(0.0, now - self._due))

    def note(self, moment: float, late: float) -> None:
        """Take in one sample."""
        while self._worst and self._worst[-1] <= late:
            self._worst.pop()
            self._moments.pop()
        self._moments.append(moment)
        self._worst.append(late)
        old = bisect.bisect_left(self._moments, moment - KEPT)
        del self._moments[:old], self._worst[:old]

    def since(self, moment: float) -> float:
        """The worst lateness since a moment, that of the present turn of the loop included."""
        overdue = max(0.0, self._clock() - self._due)
        first = bisect.bisect_left(self._moments, moment)
        return max(overdue, self._worst[first]) if first < len(self._worst) else overdue

    def gauge(self) -> Callable[[], float]:
        """A function that answers the worst lateness since it was last asked."""
        asked = self._clock()

        def worst() -> float:
            nonlocal asked
            since, asked = asked, self._clock()
            return self.since(since)

        return worst
