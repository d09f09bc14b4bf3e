"""Runs the controls that make a failure interpretable, before anything else that waits, and each once a minute."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.engine.ground import Ground
from harness.engine.walks import Errand, walks
from harness.judge.controls import Wanted, wanted
from harness.model import Cell, Control, Controls, Role, Walk

SECONDS = 25.0  # for one control: a resolution, a connection, a handshake and an answer
# These may set off a filter at an address that others still need: they come when the others are done, one by one.
RISKY = frozenset({Role.OTHER_NAME, Role.OTHER_HELLO, Role.NAME_ELSEWHERE})

NEUTRAL = frozenset({Role.FOREIGN, Role.DOMESTIC})


def _tells(one: Wanted, done: Iterable[Control]) -> bool:
    """False where nothing neutral came through over the path: then no name is at fault, and none need be risked."""
    found = [each for each in done if each.role in NEUTRAL and each.path == one.path.name]
    return not found or any(walk.completed for each in found for walk in each.walks)


@dataclass(frozen=True, slots=True)
class _Kept:
    until: float
    task: asyncio.Task[Control]


class ControlDesk:
    """Controls by what they ask: run once, then remembered for `memo` seconds."""

    def __init__(self, ground: Ground, memo: float, tell: Callable[[Control], None]) -> None:
        self._ground = ground
        self._memo = memo
        self._tell = tell
        self._kept: dict[str, _Kept] = {}

    async def run(self, asking: Iterable[Walk], cell: Cell, controls: Controls) -> tuple[Control, ...]:
        """What the walks ask for, in the order in which it may be asked."""
        asked = {one.id: one for walk in asking for one in wanted(walk, cell, controls)}
        plain = [one for one in asked.values() if one.role not in RISKY]
        done = list(await asyncio.gather(*(self._once(one) for one in plain)))
        for one in asked.values():
            if one.role in RISKY and _tells(one, done):
                done.append(await self._once(one))
        return tuple(done)

    def cancel(self) -> tuple[asyncio.Task[Control], ...]:
        """Cut what runs, and forget everything; whoever cares to wait for the end is given the tasks."""
        tasks = tuple(kept.task for kept in self._kept.values())
        for task in tasks:
            task.cancel()
        self._kept.clear()
        return tasks

    async def _once(self, one: Wanted) -> Control:
        # Checks of different targets may bear one name: what is asked is part of the key.
        key = f"{one.id} {one.check!r} {one.over!r}"
        kept = self._kept.get(key)
        if kept is None or kept.until < time.monotonic() or kept.task.cancelled():
            kept = _Kept(time.monotonic() + self._memo, asyncio.create_task(self._run(one)))
            self._kept[key] = kept
        # Others may wait for the same one: who is cancelled takes nobody along.
        return await asyncio.shield(kept.task)

    async def _run(self, one: Wanted) -> Control:
        at, began = time.time(), time.monotonic()
        errand = Errand(check=one.check, path=one.over, seconds=SECONDS, began=began, urgent=True)
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
