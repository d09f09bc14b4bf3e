"""Who may go now: how many at once, how many a second, and who goes first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

try:
    import resource
except ImportError:
    _LIMITED = False  # Windows
else:
    _LIMITED = True

_Place: TypeAlias = "tuple[int, int, asyncio.Future[None]]"

DESCRIPTORS_A_CELL = 6  # two families by UDP, a few walks at once, a control beside them
DESCRIPTORS_OF_OURS = 32
CATCH_UP = 0.01  # seconds of launches that a late timer makes good
LATE, SLOWER = 0.02, 3  # a loop that is 20 ms late is fed three times more slowly


def room_for_cells(asked: int) -> int:
    """How many cells may wait at once: what was asked, or what the descriptors allow. Raises our soft limit."""
    if not _LIMITED:
        return asked
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        soft = _raised(soft, hard)
    if soft == resource.RLIM_INFINITY:
        return asked
    return max(1, min(asked, (soft * 9 // 10 - DESCRIPTORS_OF_OURS) // DESCRIPTORS_A_CELL))


def _raised(soft: int, hard: int) -> int:
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return soft
    return hard


class _Queue:
    """Futures in order of rank, then of arrival."""

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._arrival = itertools.count()

    def join(self, urgent: bool) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._places, (0 if urgent else 1, next(self._arrival), future))
        return future

    def admit(self) -> bool:
        """Let the first one go; False where nobody waits."""
        while self._places:
            future = heapq.heappop(self._places)[-1]
            if not future.done():
                future.set_result(None)
                return True
        return False

    def __bool__(self) -> bool:
        return any(not place[-1].done() for place in self._places)


class Gates:
    """At most `limit` at once for each key; the urgent pass before the others."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside: dict[Hashable, int] = {}
        self._queues: dict[Hashable, _Queue] = {}

    @asynccontextmanager
    async def hold(self, key: Hashable, urgent: bool = False) -> AsyncIterator[None]:
        """One place under the key, waited for in turn."""
        await self._enter(key, urgent)
        try:
            yield
        finally:
            self._leave(key)

    @asynccontextmanager
    async def hold_all(self, keys: Iterable[Hashable]) -> AsyncIterator[None]:
        """One place under each key; taken in one order by everybody, so that nobody waits in a ring."""
        async with AsyncExitStack() as held:
            for key in sorted(set(keys), key=repr):
                await held.enter_async_context(self.hold(key))
            yield

    async def _enter(self, key: Hashable, urgent: bool) -> None:
        if self._inside.get(key, 0) < self._limit:
            self._inside[key] = self._inside.get(key, 0) + 1
            return
        place = self._queues.setdefault(key, _Queue()).join(urgent)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave(key)  # it was handed over to us in the same turn
            raise

    def _leave(self, key: Hashable) -> None:
        queue = self._queues.get(key)
        if queue is not None and queue.admit():
            return  # the place is handed over, not given back
        self._queues.pop(key, None)
        self._inside[key] -= 1
        if not self._inside[key]:
            del self._inside[key]


@dataclass(slots=True)
class _Chamber:
    """Whose party is inside, how many of it, and who waits."""

    party: Hashable
    inside: int = 0
    waiting: deque[tuple[Hashable, asyncio.Future[None]]] = field(default_factory=deque)


class Chambers:
    """Under each key one party at a time: all of it together, and the next one when it has left.

    Who comes when others wait already waits behind them, so that no party is kept out; all of one that waits go in
    at once, so that parties change as seldom as may be.
    """

    def __init__(self) -> None:
        self._chambers: dict[Hashable, _Chamber] = {}

    @asynccontextmanager
    async def hold(self, key: Hashable, party: Hashable) -> AsyncIterator[None]:
        """A place with one's party, waited for in turn."""
        await self._enter(key, party)
        try:
            yield
        finally:
            self._leave(key)

    async def _enter(self, key: Hashable, party: Hashable) -> None:
        chamber = self._chambers.setdefault(key, _Chamber(party))
        if chamber.party == party and not chamber.waiting:
            chamber.inside += 1
            return
        place = asyncio.get_running_loop().create_future()
        chamber.waiting.append((party, place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave(key)  # it was let in in the same turn
            raise

    def _leave(self, key: Hashable) -> None:
        chamber = self._chambers[key]
        chamber.inside -= 1
        if chamber.inside:
            return
        waiting = [(party, place) for party, place in chamber.waiting if not place.done()]
        if not waiting:
            del self._chambers[key]
            return
        chamber.party = waiting[0][0]
        chamber.waiting = deque(one for one in waiting if one[0] != chamber.party)
        for party, place in waiting:
            if party == chamber.party:
                chamber.inside += 1
                place.set_result(None)


class Pacer:
    """So many launches a second, one at a time, the urgent first: load, not number, spoils timings.

    `late` tells how late the loop is of late; where that is more than a little, launches come more slowly.
    """

    def __init__(
        self,
        per_second: float,
        late: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gap = 1 / per_second
        self._late = late
        self._clock = clock
        self._next = 0.0
        self._queue = _Queue()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, urgent: bool = False) -> None:
        """Return when it is our turn to launch."""
        place = self._queue.join(urgent)
        if self._timer is None:
            self._pump()
        await place

    def _pump(self) -> None:
        self._timer = None
        now = self._clock()
        while now >= self._next and self._queue.admit():
            self._next = max(self._next, now - CATCH_UP) + self._gap * (SLOWER if self._late() > LATE else 1)
        if self._queue:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, self._next - now), self._pump)
