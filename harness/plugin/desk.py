"""Where items hand in cells and wait for them: the session with the engine, or the controller's broker in its place."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ApparatusError, HarnessError
from harness.model import Cell, Path, ScenarioPlan, Vantage
from harness.plugin.progress import Progress
from harness.plugin.reading import Reading
from harness.plugin.settings import Settings
from harness.redact import Redactor
from harness.vantage import (
    COMES_UP_WITHIN,
    Fetched,
    Hushed,
    Outcome,
    Request,
    Session,
    Setup,
    Sight,
    open_session,
    state,
)

if TYPE_CHECKING:
    from harness.plugin.items import CellItem
    from harness.vantage.broker import Broker

SLICE = 0.25  # seconds between two looks at the engine while a cell is waited for; Ctrl-C comes through at once


class Desk:
    """Opens the session when it is first needed, and closes it whatever happens."""

    def __init__(self, config: pytest.Config, settings: Settings, reading: Reading) -> None:
        self._config, self._settings, self._reading = config, settings, reading
        self._session: Session | None = None
        self._broker: Broker | None = None
        self._progress = Progress(shown=False)
        self._announced = False
        self._cleaned = Hushed()
        self._redactor = Redactor(key=self._key(), record_addresses=settings.record_addresses)
        self.fault: str | None = None
        self.whole: tuple[str, ...] = ()  # of a shard: the keys of the whole plan, in order

    @property
    def sight(self) -> Sight:
        """What has been asked and what is finished; empty where nothing was sent, and in a worker."""
        return self._owned.sight() if self._owned else Sight()

    @property
    def broken(self) -> str | None:
        """Why our own apparatus failed, None where it did not."""
        unopened = self._broker.fault if self._broker else self.fault
        return unopened or (self._owned.died if self._owned else None)

    def invite(self, workerinput: MutableMapping[str, Any]) -> None:
        """Tell a pytest-xdist worker where to ask; the broker comes up with the first one."""
        if self._broker is None:
            from harness.vantage.broker import Broker

            self._broker = Broker(self._setup(), announce=lambda asked: self._announce(asked.plans))
        workerinput["waygauge"] = self._broker.address

    def prefetch(self, items: Iterable[CellItem]) -> None:
        """Ask for every cell that will surely be wanted, in the order of the items.

        An apparatus that does not come up is not raised here: every item that needs it says so.
        """
        if not (wanted := [item for item in items if not item.lazy]):
            return
        try:
            self._submit(wanted)
        except HarnessError as exc:
            self.fault = str(exc)

    def outcome(self, item: CellItem) -> Outcome:
        """The finished cell of an item, however long it takes. Raises ApparatusError where it will never come."""
        if item.lazy:
            self._submit([item])
        session = self._open()
        try:
            while (found := session.result(item.cell.key, SLICE)) is None:
                if session.died:
                    raise ApparatusError(session.died)
                if self._progress.shown:
                    self._progress.wait(item.cell.key, session.sight())
            return found
        finally:
            self._progress.wipe()

    def fetch(self, path: Path, request: Request, timeout: float) -> Fetched:
        """Make one HTTP request over a path."""
        return self._open().fetch(path, request, timeout)

    def scrub(self, text: str) -> str:
        """The text without secrets, and with pseudonyms for private names, those that were met on the way too."""
        text = self.clean(text)
        return self._owned.scrub(text) if self._owned and text else text

    def clean(self, text: str) -> str:
        """The text without what the scenarios themselves say that must not be seen."""
        if self._cleaned != self._reading.hushed:
            self._cleaned = self._reading.hushed
            self._redactor.add(self._cleaned.secrets, self._cleaned.private)
        return self._redactor.text(text)

    def show_progress(self) -> None:
        """From now on say on the terminal what is waited for."""
        self._progress = Progress(shown=self._config.get_verbosity() >= 0)

    def close(self, how: str = "") -> None:
        """End the session; no child is left."""
        self._progress.close()
        for owner in (self._broker, self._session):
            if owner:
                owner.close(how)

    @property
    def vantage(self) -> Vantage:
        """From where the run was made, as declared."""
        overlay = self._reading.overlay
        return overlay.vantage if overlay and overlay.vantage else self._settings.vantage

    @property
    def _owned(self) -> Session | None:
        """The session, wherever in this process it is."""
        return self._broker.session if self._broker else self._session

    def _submit(self, items: Iterable[CellItem]) -> None:
        plans = _plans(items)
        self._announce(plans)
        self._open().submit(plans, self._reading.hushed)

    def _open(self) -> Session:
        if self.fault:
            raise ApparatusError(self.fault)
        if self._session is None:
            self._session = self._remote() or self._opened()
        return self._session

    def _opened(self) -> Session:
        where = f"the world {self._settings.world}" if self._settings.world else "the engine"
        self._progress.say(f"waiting for {where} to come up, at most {COMES_UP_WITHIN:g} s")
        try:
            return open_session(self._setup())
        finally:
            self._progress.wipe()

    def _remote(self) -> Session | None:
        """The controller's session, where we are a worker of pytest-xdist."""
        address = getattr(self._config, "workerinput", {}).get("waygauge")
        if not address:
            return None
        from harness.vantage.broker import RemoteSession

        return RemoteSession(address, catalogue=self._reading.date, whole=self.whole)

    def _setup(self) -> Setup:
        settings = self._settings
        return Setup(
            vantage=settings.vantage,
            world=settings.world,
            inline=settings.engine == "inline",
            record=settings.record,
            record_addresses=settings.record_addresses,
            pcap=settings.pcap,
            key=self._key(),
            catalogue=self._reading.date,
            kinds=self._reading.kinds,
            shard=str(settings.shard or ""),
            whole=self.whole,
        )

    def _key(self) -> bytes:
        return state.key(self._settings.world) if self._settings.sends else b""

    def _announce(self, plans: Iterable[ScenarioPlan]) -> None:
        """Say what is about to be sent, before it is; once, by the process that owns the terminal.

        Whom a live run contacts is told by name; nobody hears of what happens inside a world.
        """
        if self._announced or hasattr(self._config, "workerinput"):
            return
        self._announced = True
        from harness.vantage.cost import cost, lines

        writer = self._config.get_terminal_writer()
        for line in list(lines(cost(plans)))[: None if self._settings.live else 1]:
            writer.line(f"waygauge: {self.clean(line)}")


def _plans(items: Iterable[CellItem]) -> list[ScenarioPlan]:
    """The plans of the scenarios of these items, with their cells alone, in their order."""
    cells: dict[str, list[Cell]] = {}
    plans: dict[str, ScenarioPlan] = {}
    for item in items:
        plans[item.cell.scenario] = item.loaded.plan
        cells.setdefault(item.cell.scenario, []).append(item.cell)
    return [replace(plan, cells=tuple(cells[name])) for name, plan in plans.items()]
