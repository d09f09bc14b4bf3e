"""The desk of one session: takes cells and requests in, sends facts out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from itertools import chain
from typing import Any

from harness.dial.direct import Permit
from harness.engine import protocol as say
from harness.engine.admission import Gates, room_for_cells
from harness.engine.cells import CellRun, Site
from harness.engine.controls import SECONDS as CONTROL_SECONDS
from harness.engine.controls import ControlDesk
from harness.engine.fetching import fetched
from harness.engine.ground import Ground, laid
from harness.engine.lag import LagSampler
from harness.engine.touches import Touches
from harness.model import Cell, CellFacts, Check, ScenarioPlan

LAG_EVERY = 1.0
LAG_WORTH_TELLING = 0.02  # seconds: a tenth of a stage of 200 ms


class Desk:
    """Runs what is asked for and says what came of it; `tell` is handed whole events."""

    def __init__(self, hello: say.Hello, tell: Callable[[say.Event], None], permit: Permit) -> None:
        self._tell = tell
        self._lag = LagSampler()
        self._ground = laid(hello, permit, self._lag, lambda text: tell(say.Error(text=text)))
        controls = ControlDesk(self._ground, hello.limits.memo, lambda control: tell(say.ControlDone(control=control)))
        self._site = Site(
            ground=self._ground,
            room=Gates(room_for_cells(hello.limits.waiting)),
            endpoints=Gates(1),
            touches=Touches(),
            controls=controls,
        )
        self._facts: dict[str, CellFacts | None] = {}  # None while it is under way
        self._work: set[asyncio.Task[None]] = set()
        self._watching = [asyncio.create_task(self._lag.run()), asyncio.create_task(self._tell_lag())]

    def scenario(self, plan: ScenarioPlan) -> None:
        """Queue the plan's cells; those known already are told again, or are under way."""
        for cell in plan.cells:
            facts = self._facts.get(cell.key)
            if facts is not None:
                self._tell(say.CellDone(facts=facts))
            elif cell.key not in self._facts:
                self._queue(cell, plan)

    def fetch(self, order: say.Fetch) -> None:
        """Make one request over a path."""
        self._start(self._fetch(order))

    def cancel(self) -> tuple[asyncio.Task[Any], ...]:
        """Drop what is queued, cut what runs; cells without facts may be asked for anew."""
        tasks = (*self._work, *self._site.controls.cancel())
        for task in tasks:
            task.cancel()
        self._facts = {key: facts for key, facts in self._facts.items() if facts is not None}
        return tasks

    async def finish(self) -> None:
        """Return once nothing is left to do."""
        while self._work:
            await asyncio.wait(self._work)

    async def close(self) -> None:
        """Cut everything and let go of it."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self.cancel(), *self._watching, return_exceptions=True)
        self._ground.close()

    def _queue(self, cell: Cell, plan: ScenarioPlan) -> None:
        if fault := _fault(cell, plan, self._ground):
            self._tell(say.Error(text=fault, key=cell.key))
            return
        self._facts[cell.key] = None
        self._start(self._run(cell, plan))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _run(self, cell: Cell, plan: ScenarioPlan) -> None:
        """One cell, from its admission to its facts; a fault of our own is told in their place."""
        try:
            facts = await self._facts_of(cell, plan)
        except Exception as exc:
            self._facts.pop(cell.key, None)
            self._tell(say.Error(text=f"{cell.key}: {type(exc).__name__}: {exc}", key=cell.key))
            return
        self._facts[cell.key] = facts
        self._tell(say.CellDone(facts=facts))

    async def _facts_of(self, cell: Cell, plan: ScenarioPlan) -> CellFacts:
        if cell.not_applicable is not None:
            return CellFacts(key=cell.key, attempts=())
        return await CellRun(cell, plan, self._site, lambda: self._started(cell, plan)).facts()

    def _started(self, cell: Cell, plan: ScenarioPlan) -> None:
        limit = plan.retry.deadline + CONTROL_SECONDS
        self._tell(say.Started(key=cell.key, at=time.time(), limit=limit))

    async def _fetch(self, order: say.Fetch) -> None:
        self._tell(await fetched(order, self._ground))

    async def _tell_lag(self) -> None:
        worst = self._lag.gauge()
        while True:
            await asyncio.sleep(LAG_EVERY)
            if (late := worst()) >= LAG_WORTH_TELLING:
                self._tell(say.Lag(worst=round(late, 4)))


def _fault(cell: Cell, plan: ScenarioPlan, ground: Ground) -> str | None:
    """Why a cell cannot be run here at all. Loads what it needs, so that no import is timed as a stage."""
    for check in _checks(cell, plan):
        if check.probe not in ground.probes:
            return f'{cell.key}: unknown probe "{check.probe}"; {ground.probes.nearest(check.probe)}'
    try:
        for check in _checks(cell, plan):
            ground.probe(check)
        ground.open(cell.path)
    except (ImportError, AttributeError, KeyError, ValueError) as exc:
        return f"{cell.key}: {type(exc).__name__}: {exc}"
    return None


def _checks(cell: Cell, plan: ScenarioPlan) -> Iterator[Check]:
    controls = plan.controls
    return chain(cell.target.checks, controls.foreign, controls.domestic, controls.reflectors, controls.yardsticks)
