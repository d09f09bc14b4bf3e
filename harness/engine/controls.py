"""Runs the controls that make a failure interpretable, before anything else that waits, and each once a minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.engine.ground import Ground
from harness.engine.walks import Errand, walks
from harness.judge.controls import wanted
from harness.judge.failed import Wanted
from harness.judge.worth import RISKY, worth_asking
from harness.model import Cell, Control, Controls, Role, Walk

SECONDS = 25.0  # for one control: a resolution, a connection, a handshake and an answer
AGAIN_SECONDS = 4.0  # for a check that is asked again, right after a path known good brought its answer
LAST = (
    *(Role.AGAIN, Role.PATIENT_QUERY, Role.ENCRYPTED, Role.IN_THE_CLEAR, Role.OTHER_NAME),
    *(Role.OTHER_HELLO, Role.NAME_ELSEWHERE, Role.WITHOUT_PATH),
)
"""What is asked when the others are done, in this order: it may depend on what they said."""


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    task: asyncio.Task[Control]


class ControlDesk:
    """Controls by what they ask: run once, then remembered for `memo` seconds."""

    def __init__(self, ground: Ground, memo: float, tell: Callable[[Control], None]) -> None:
        self._ground = ground
        self._memo = memo
        self._tell = tell
        self._kept: dict[str, _Kept] = {}

    async def run(
        self, asking: Iterable[Walk], cell: Cell, controls: Controls, since: float = 0.0
    ) -> tuple[Control, ...]:
        """What the walks ask for, in the order in which it may be asked; `since` is when their attempt began.

        That a target was up before says nothing of why it failed: a path known good is asked anew then.
        """
        asking = tuple(asking)
        asked = list({one.id: one for walk in asking for one in wanted(walk, cell, controls)}.values())
        done = await self._all((one for one in asked if one.role not in LAST), since)
        for role in LAST:
            these = [one for one in asked if one.role is role]
            for some in [[one] for one in these] if role in RISKY else [these]:
                worth = [one for one in some if worth_asking(one, done, cell.path.name, asking)]
                done += await self._all(worth, since)
        return tuple(done)

    async def _all(self, some: Iterable[Wanted], since: float) -> list[Control]:
        return list(await asyncio.gather(*(self._once(one, since) for one in some)))

    def cancel(self) -> tuple[asyncio.Task[Control], ...]:
        """Cut what runs, and forget everything; whoever cares to wait for the end is given the tasks."""
        tasks = tuple(kept.task for kept in self._kept.values())
        for task in tasks:
            task.cancel()
        self._kept.clear()
        return tasks

    async def _once(self, one: Wanted, since: float) -> Control:
        # Checks of different targets may bear one name: what is asked is part of the key.
        key = f"{one.id} {one.check!r} {one.over!r}"
        kept, now = self._kept.get(key), time.time()
        oldest = max(now - self._memo, since if one.role is Role.KNOWN_GOOD else 0.0)
        if kept is None or kept.at < oldest or kept.task.cancelled():
            kept = _Kept(now, asyncio.create_task(self._run(one)))
            self._kept[key] = kept
        # Others may wait for the same one: who is cancelled takes nobody along.
        return await asyncio.shield(kept.task)

    async def _run(self, one: Wanted) -> Control:
        at, began = time.time(), time.monotonic()
        seconds = AGAIN_SECONDS if one.role is Role.AGAIN else SECONDS
        errand = Errand(check=one.check, path=one.over, seconds=seconds, began=began, urgent=True)
        control = Control(
            id=one.id,
            role=one.role,
            path=one.path.name,
            check=one.check.name,
            at=at,
            walks=await walks(errand, self._ground),
        )
        self._tell(control)
        return control
