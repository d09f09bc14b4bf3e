"""Cells, and sessions with the engine in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

from harness.engine import protocol as say
from harness.engine.session import serve
from harness.model import Attempt, Cell, CellFacts, Check, Controls, Level, Path, Retry, ScenarioPlan, Target
from tests.engine.loopback import path_to_site

QUICK = Retry(attempts=3, wait_min=0.01, wait_max=0.02, deadline=5.0)
_E = TypeVar("_E")


def check(kind: str, name: str = "check", **params: Any) -> Check:
    return Check(name=name, probe=kind, params=params, level=Level.E1)


def cell(key: str, *checks: Check, path: Path | None = None, quorum: int = 1, needs: Level = Level.E1) -> Cell:
    target = Target(name=key, checks=checks, needs=needs, quorum=quorum)
    return Cell(key=key, scenario="s", target=target, path=path or path_to_site())


def plan(*cells: Cell, retry: Retry = QUICK, controls: Controls | None = None) -> say.Scenario:
    made = ScenarioPlan(scenario="s", cells=cells, retry=retry, controls=controls or Controls())
    return say.Scenario(plan=made)


class Heard:
    """What a session said, as events."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.status: int | None = None

    def write(self, data: bytes) -> None:
        assert data.endswith(b"\n")
        self.events.append(say.read_event(data))

    def of(self, kind: type[_E]) -> list[_E]:
        return [event for event in self.events if isinstance(event, kind)]

    def facts(self) -> Mapping[str, CellFacts]:
        return {event.facts.key: event.facts for event in self.of(say.CellDone)}

    def attempts(self, key: str) -> tuple[Attempt, ...]:
        return self.facts()[key].attempts


async def session(*orders: say.Order, hello: say.Hello | None = None) -> Heard:
    """A session that is told to close after these orders."""
    heard, reader = Heard(), asyncio.StreamReader()
    for order in (hello or say.Hello(), *orders, say.Close()):
        reader.feed_data(say.order_line(order))
    heard.status = await serve(reader, heard)
    return heard
