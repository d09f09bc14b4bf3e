"""A session with one engine: cells go in, facts come out, are judged and written down the moment they arrive."""

from __future__ import annotations

import base64
import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from harness.engine import protocol
from harness.errors import ApparatusError
from harness.model import Cell, CellFacts, Path, ScenarioPlan
from harness.vantage import Fetched, Hushed, Outcome, Request, Setup, Sight, Started
from harness.vantage.ledger import Ledger
from harness.vantage.link import Link, ProcessLink, ThreadLink
from harness.vantage.place import Place, open_place

SETTLE = 0.5  # seconds in which a dying lab has said so
READY = 20.0  # seconds in which a fresh engine must have answered, on the slowest machine we know


class EngineSession:
    """One place, one engine, one record. Every method may be called from any thread."""

    def __init__(self, place: Place, link: Link, ledger: Ledger, setup: Setup) -> None:
        self.place, self._setup = place, setup
        self._link, self._ledger = link, ledger
        self._news = threading.Condition()
        self._cells: dict[str, Cell] = {}
        self._started: dict[str, Started] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._faults: dict[str, str] = {}
        self._fetched: dict[int, Fetched] = {}
        self._numbers = itertools.count(1)
        self._ready = False
        self._closing = False
        self._gone: str | None = None
        self._reader = threading.Thread(target=self._read, name="waygauge-reader", daemon=True)

    @classmethod
    def start(cls, setup: Setup) -> EngineSession:
        """Bring up the place and the engine in it. Raises ApparatusError with the remedy."""
        if setup.inline and setup.world:
            raise ApparatusError("--engine inline cannot enter a world's namespace: drop --world or --engine inline")
        place = open_place(setup)
        try:
            link = ThreadLink() if setup.inline else ProcessLink(place)
            session = cls(place, link, Ledger(setup, place), setup)
        except BaseException:
            place.close()
            raise
        try:
            session._greet()
        except BaseException:
            session.close("the engine did not start")
            raise
        return session

    @property
    def pid(self) -> int:
        """The engine's process."""
        return self._link.pid

    @property
    def died(self) -> str | None:
        """Why the engine or the place is gone, in one line; None while both live."""
        return self._gone or (None if self._closing else self.place.died)

    def submit(self, plans: Sequence[ScenarioPlan], hushed: Hushed) -> None:
        """Ask for cells, in this order. A cell asked for before is not run again."""
        with self._news:
            plans = [self._unknown(plan) for plan in plans]
        new = [cell for plan in plans for cell in plan.cells]
        self._ledger.admit(new, hushed)
        for cell in new:
            if cell.not_applicable:
                self._finish(CellFacts(key=cell.key, attempts=()))
        for plan in plans:
            if asked := tuple(cell for cell in plan.cells if not cell.not_applicable):
                self._link.say(protocol.order_line(protocol.Scenario(plan=replace(plan, cells=asked))))

    def result(self, key: str, wait: float) -> Outcome | None:
        """The finished cell, waiting at most so many seconds. Raises ApparatusError where it will never come."""
        with self._news:
            self._news.wait_for(lambda: key in self._outcomes or key in self._faults or self._gone, wait)
            if outcome := self._outcomes.get(key):
                return outcome
            if fault := self._faults.get(key) or self.died:
                raise ApparatusError(fault)
        return None

    def fetch(self, path: Path, request: Request, timeout: float) -> Fetched:
        """Make one HTTP request over a path. Raises ApparatusError where the engine is gone."""
        number = next(self._numbers)
        body = base64.b64encode(request.body).decode()
        asked = protocol.Request(method=request.method, url=request.url, headers=request.headers, body=body)
        self._link.say(protocol.order_line(protocol.Fetch(id=number, path=path, request=asked, timeout=timeout)))
        with self._news:
            # The engine keeps the deadline; ours is later, for an engine that hangs.
            self._news.wait_for(lambda: number in self._fetched or self._gone, timeout + 10)
            if answer := self._fetched.pop(number, None):
                return answer
        raise ApparatusError(self.died or "the engine does not answer")

    def sight(self) -> Sight:
        """What has been asked, begun and finished so far."""
        with self._news:
            under_way = tuple(one for key, one in self._started.items() if key not in self._outcomes)
            return Sight(cells=dict(self._cells), started=under_way, outcomes=dict(self._outcomes))

    def scrub(self, text: str) -> str:
        """The text without secrets and private names."""
        return self._ledger.scrub(text)

    def close(self, how: str = "") -> None:
        """End the engine and the place, leaving no child; what is finished is in the record."""
        with self._news:
            if self._closing:
                return
            self._closing = True
        with contextlib.ExitStack() as stack:
            stack.callback(self._ledger.end, how or self._gone or "")
            stack.callback(self.place.close)
            stack.callback(self._link.release)
            stack.callback(self._reader.join, 5.0)
            stack.callback(self._link.close)

    def _unknown(self, plan: ScenarioPlan) -> ScenarioPlan:
        """What of a plan was not asked before; it counts as asked from now on."""
        new = {cell.key: self._marked(cell) for cell in plan.cells if cell.key not in self._cells}
        self._cells.update(new)
        return replace(plan, cells=tuple(new.values()), controls=self.place.carried(plan.controls))

    def _marked(self, cell: Cell) -> Cell:
        """The cell; not applicable where the place cannot carry it."""
        lacking = self.place.lacks(cell)
        return replace(cell, not_applicable=cell.not_applicable or lacking) if lacking else cell

    def _greet(self) -> None:
        place = self.place
        hello = protocol.Hello(
            vantage=place.vantage,
            trust=place.trust,
            lab=place.world is not None,
            machine=place.machine,
            limits=protocol.Limits(**self._setup.limits),
            kinds=protocol.Kinds(**self._setup.kinds),
        )
        self._reader.start()
        self._link.say(protocol.order_line(hello))
        with self._news:
            self._news.wait_for(lambda: self._ready or self._gone, READY)
            if not self._ready:
                raise ApparatusError(self.died or f"the engine did not answer within {READY:.0f} s")

    def _read(self) -> None:
        """Take in what the engine says until it is gone; nothing may end this silently, or others wait for ever."""
        try:
            for line in self._link.lines():
                event = protocol.read_event(line)
                _TAKE[type(event)](self, event)
            self._end(f"the engine {self._link.remains()}")
        except Exception as exc:
            self._end(f"what the engine said cannot be taken in: {type(exc).__name__}: {exc}")

    def _end(self, why: str) -> None:
        cause = "the session is closed" if self._closing else self._death_of_place() or self._ledger.scrub(why)
        with self._news:
            self._gone = self._gone or cause
            self._news.notify_all()

    def _death_of_place(self) -> str | None:
        """Why the place died, where that is what took the engine with it: its word may come a moment later."""
        until = time.monotonic() + SETTLE
        while self.place.died is None and self.place.world and time.monotonic() < until:
            time.sleep(0.02)
        return self.place.died

    def _take_ready(self, event: protocol.Ready) -> None:
        self._ledger.versions(event.versions)
        with self._news:
            self._ready = True
            self._news.notify_all()

    def _take_started(self, event: protocol.Started) -> None:
        with self._news:
            self._started[event.key] = Started(key=event.key, at=event.at, limit=event.limit)

    def _take_control(self, event: protocol.ControlDone) -> None:
        self._ledger.control(event.control)

    def _take_cell(self, event: protocol.CellDone) -> None:
        """A cell is done; what was measured in a place of which a part has died says nothing of the network."""
        if (dead := self.place.died) is None:
            self._finish(event.facts)
            return
        with self._news:
            self._faults[event.facts.key] = dead
            self._news.notify_all()

    def _take_fetched(self, event: protocol.Fetched) -> None:
        with self._news:
            self._fetched[event.id] = _fetched(event)
            self._news.notify_all()

    def _take_error(self, event: protocol.Error) -> None:
        text = self._ledger.scrub(event.text)
        with self._news:
            if event.key is None:
                self._gone = self._gone or f"the engine: {text}"
            else:
                self._faults[event.key] = text
            self._news.notify_all()

    def _take_nothing(self, event: object) -> None:
        """Lag stands in the observations already; the end shows as end of file."""

    def _finish(self, facts: CellFacts) -> None:
        if facts.key in self._outcomes:
            return
        outcome = self._ledger.cell(facts.key, facts)
        with self._news:
            self._outcomes[facts.key] = outcome
            self._news.notify_all()


_TAKE: dict[type, Callable[[EngineSession, Any], None]] = {
    protocol.Ready: EngineSession._take_ready,
    protocol.Started: EngineSession._take_started,
    protocol.ControlDone: EngineSession._take_control,
    protocol.CellDone: EngineSession._take_cell,
    protocol.Fetched: EngineSession._take_fetched,
    protocol.Error: EngineSession._take_error,
    protocol.Lag: EngineSession._take_nothing,
    protocol.End: EngineSession._take_nothing,
}


def _fetched(event: protocol.Fetched) -> Fetched:
    if event.response is None:
        token = event.failure.token if event.failure else "unknown:no_answer"
        return Fetched(failure=token, stage=event.failure.stage if event.failure else None)
    answer = event.response
    return Fetched(
        status=answer.status,
        headers=answer.headers,
        body=base64.b64decode(answer.body),
        http_version=answer.http_version,
    )
