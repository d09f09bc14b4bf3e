"""A stream like that of a voice goes to an echo and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

from harness.dial.api import Address, Datagrams, Note, Tape
from harness.dial.deadline import Deadline
from harness.failures import Failed, token
from harness.model import Json, Level, Stage
from harness.probes.asking import ask
from harness.probes.route import Route, counted
from harness.wire import echo, voice

STRAGGLERS = 1.0  # seconds that the last datagrams are waited for
SILENT = 2.0  # seconds without one that came back, up to the end, after which the stream has stopped; or a third of it


def endpoint(params: Mapping[str, Json]) -> Address | None:
    """The echo; None where none is declared, so that no name is asked for."""
    return Address(params["host"], params["port"]) if params["host"] else None


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E2 by the token of the echo, E5 by a stream that lasts."""
    if not params["host"]:
        with tape.stage(Stage.REQUEST):
            raise Failed("not_declared", why="the check names no echo")
    with closing(await route.datagrams(params["port"], until, tape)) as flow:
        with counted(tape, Stage.RESPONSE, flow) as note:
            mark = await _token(flow, until.sooner(route.patience.response), note)
        tape.reached(Level.E2)
        with counted(tape, Stage.MEDIA, flow) as note:
            stream = _Stream(flow=flow, token=mark, params=params)
            await stream.play(until)
            note.detail.update(interval=params["interval"], size=params["size"], seconds=params["seconds"])
            stream.tell(note)
    tape.reached(Level.E5)


async def _token(flow: Datagrams, until: Deadline, note: Note) -> bytes:
    nonce = os.urandom(16)
    return await ask(flow, echo.hello(nonce), lambda datagram: echo.token(datagram, nonce), until, note)


@dataclass(slots=True, kw_only=True)
class _Stream:
    """One stream: what leaves every interval, and what comes back meanwhile."""

    flow: Datagrams
    token: bytes
    params: Mapping[str, Json]
    number: int = field(default_factory=lambda: int.from_bytes(os.urandom(4), "big"))
    ledger: voice.Ledger = field(default_factory=voice.Ledger)
    faults: dict[str, int] = field(default_factory=dict)
    whole: asyncio.Event = field(default_factory=asyncio.Event)  # everything has come back

    async def play(self, until: Deadline) -> None:
        """Send the whole stream, and wait for what is still under way."""
        listening = asyncio.create_task(self._listen(until))
        try:
            await self._speak(until)
            await self._wait(until.sooner(STRAGGLERS))
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    def tell(self, note: Note) -> None:
        """The figures, and Failed where the stream has stopped before its end."""
        note.detail.update(sent=len(self.ledger.left), received=len(self.ledger.returns), faults=self.faults)
        note.detail.update(voice.figures(self.ledger))
        silence = self.ledger.silence()
        if silence >= min(SILENT, self.params["seconds"] / 3):
            last = max((one.number for one in self.ledger.returns), default=-1)
            stopped = {"sent": last + 1, "received": len(self.ledger.returns), "silence": round(silence, 3)}
            raise Failed("generic_timeout_error", stopped=stopped)

    async def _speak(self, until: Deadline) -> None:
        interval, filler = self.params["interval"], os.urandom(self.params["size"] - echo.LEAST)
        began = time.monotonic()
        for number in range(round(self.params["seconds"] / interval)):
            # By the plan and not by the last one, so that one late timer does not make all others late.
            await asyncio.sleep(max(0.0, began + number * interval - time.monotonic()))
            until.left()
            self.ledger.sent(time.monotonic())
            try:
                self.flow.send(echo.voice(number, self.number, self.token, filler))
            except OSError as exc:
                self._fault(exc)

    async def _listen(self, until: Deadline) -> None:
        while True:
            try:
                datagram = await self.flow.receive(until)
            except OSError as exc:
                self._fault(exc)
                await asyncio.sleep(self.params["interval"])  # a flow that fails at once must not hold up the loop
                continue
            if (came := echo.echoed(datagram, self.number, self.token)) is not None:
                self._heard(came)

    async def _wait(self, until: Deadline) -> None:
        with contextlib.suppress(TimeoutError):
            async with until.hold():
                await self.whole.wait()

    def _heard(self, came: echo.Echoed) -> None:
        self.ledger.came(came, time.monotonic())
        if len(self.ledger.returns) == round(self.params["seconds"] / self.params["interval"]):
            self.whole.set()

    def _fault(self, exc: OSError) -> None:
        """An error of the socket, such as a router's answer, is written down; the stream goes on."""
        name = token(exc)
        self.faults[name] = self.faults.get(name, 0) + 1
