"""One cell: attempts until its target is shown or the patience ends, every one kept, controls beside the failures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from harness.engine.admission import Gates
from harness.engine.controls import ControlDesk
from harness.engine.ground import Ground
from harness.engine.retrying import retrying, shown
from harness.engine.touches import Endpoint, Touches
from harness.engine.walks import Errand, first_server, walks
from harness.model import Attempt, Cell, CellFacts, Check, Control, ScenarioPlan, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the cells of a session share."""

    ground: Ground
    room: Gates  # so many attempts under way at once
    endpoints: Gates  # one attempt at a time at each endpoint
    touches: Touches
    controls: ControlDesk


class CheckTurn:
    """One check's turn in an attempt: `before` and `gap` tell what touched its endpoint before it did."""

    def __init__(self, key: str, place: Endpoint | None, site: Site) -> None:
        self._key = key
        self._place = place
        self._site = site
        self.before: tuple[str, ...] = ()
        self.gap: float | None = None
        self.taken: Mapping[str, float] = {}

    def look_up(self) -> AbstractAsyncContextManager[None]:
        """One of so many lookups under way at once."""
        return self._site.room.hold("lookups")

    @asynccontextmanager
    async def touch(self, addresses: Iterable[str], connected: Iterable[str]) -> AsyncIterator[None]:
        """The endpoint for us alone; who waits for it keeps no room from others. Both are read again at the end."""
        if self._place is None:
            yield
            return
        async with self._site.endpoints.hold(self._place), self._site.room.hold("walks"):
            self.before, self.gap = self._site.touches.before([self._place])
            self.taken = self._site.touches.taken(self._key, self._place, addresses)
            try:
                yield
            finally:
                self._site.touches.note(self._key, self._place, addresses)
                self._site.touches.connected(self._key, self._place, connected)


class CellRun:
    """The attempts of one cell; `started` is called when the first one begins."""

    def __init__(self, cell: Cell, plan: ScenarioPlan, site: Site, started: Callable[[], None]) -> None:
        self._cell = cell
        self._plan = plan
        self._site = site
        self._started = started
        self._left = plan.retry.deadline  # seconds; waiting for others is not counted
        self._endpoints = {check.name: self._endpoint(check) for check in cell.target.checks}
        self._attempts: list[Attempt] = []
        self._controls: dict[tuple[str, float], Control] = {}

    async def facts(self) -> CellFacts:
        """All that was seen of the cell."""
        again = retrying(self._cell.target, self._plan.retry, lambda: self._left, self._pause)
        last: Attempt = await again(self._attempt)
        await self._ask_controls(last)
        return CellFacts(key=self._cell.key, attempts=tuple(self._attempts), controls=tuple(self._controls.values()))

    async def _attempt(self) -> Attempt:
        turns = {name: CheckTurn(self._cell.key, place, self._site) for name, place in self._endpoints.items()}
        await self._admitted()
        at = time.time()
        seen = await self._walk_all(turns)
        before = tuple(dict.fromkeys(key for turn in turns.values() for key in turn.before))
        gap = min((turn.gap for turn in turns.values() if turn.gap is not None), default=None)
        taken = {address: ago for turn in turns.values() for address, ago in turn.taken.items()}
        attempt = Attempt(number=len(self._attempts) + 1, at=at, walks=seen, before=before, gap=gap, taken=taken)
        self._attempts.append(attempt)
        self._left -= _longest(seen)
        return attempt

    async def _admitted(self) -> None:
        """Return once there is room for one more; the first time, the cell has started then."""
        async with self._site.room.hold("lookups"):
            if not self._attempts:
                self._started()

    async def _walk_all(self, turns: Mapping[str, CheckTurn]) -> tuple[Walk, ...]:
        began = time.monotonic()
        errands = (
            Errand(check=check, path=self._cell.path, seconds=self._left, began=began, turn=turns[check.name])
            for check in self._cell.target.checks
        )
        async with asyncio.TaskGroup() as together:
            tasks = [together.create_task(walks(errand, self._site.ground)) for errand in errands]
        return tuple(walk for task in tasks for walk in task.result())

    async def _pause(self, seconds: float) -> None:
        """Between two attempts: at least so long, and until the controls for the last one are through."""
        self._left -= seconds
        await asyncio.gather(asyncio.sleep(seconds), self._ask_controls(self._attempts[-1]))

    async def _ask_controls(self, attempt: Attempt) -> None:
        settled = shown(self._cell.target, attempt.walks)
        asking = (walk for walk in attempt.walks if not (settled and walk.failure))
        for control in await self._site.controls.run(asking, self._cell, self._plan.controls, attempt.at):
            self._controls[control.id, control.at] = control

    def _endpoint(self, check: Check) -> Endpoint | None:
        goal = self._site.ground.probe(check).endpoint(check.params)
        return Endpoint(first_server(self._cell.path), goal.host, goal.port) if goal else None


def _longest(seen: Iterable[Walk]) -> float:
    """The seconds that the longest of the walks was under way."""
    return max((sum(one.ended - one.started for one in walk.observations) for walk in seen), default=0.0)
