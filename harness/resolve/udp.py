"""DNS over UDP (RFC 1035). The first answer is not the last: we go on listening, since who injects answers first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from harness.dial.api import Address, Datagrams, Dialer, Note, Tape, WalkEnded
from harness.dial.deadline import Deadline
from harness.dial.fallback import scratch
from harness.failures import Failed
from harness.model import Json, Stage, Trust
from harness.resolve.framed import ask_by_tcp
from harness.resolve.gathered import Gathered
from harness.wire import dns

HOLD = 0.5
"""Seconds of listening after an answer: an injected one was seen at 0.7 ms, the true one behind it at 31 ms."""

_OTHER = 0.5
"""Seconds after a hold for which a server is waited for that has answered one type and is silent about the other."""

_AGAIN = 1.0
"""Seconds after which an unanswered question is sent once more, on the same socket; packets do get lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Udp:
    """Asks one server by UDP, each question from a port of its own."""

    server: Address
    dialer: Dialer
    hold: float = HOLD
    family: int | None = None

    async def resolve(self, name: str, until: Deadline, tape: Tape, of: str = "target") -> tuple[str, ...]:
        """The addresses of a name, and one `resolve` stage with every answer that came."""
        with tape.stage(Stage.RESOLVE, of) as note:
            gathered = Gathered.about(name, tape, self.family)
            gathered = await ask(gathered, self, until, note)
            return gathered.conclude(note, label("udp", self.server))


async def ask(gathered: Gathered, how: Udp, until: Deadline, note: Note) -> Gathered:
    """Put all questions to the server at once, each until its hold ends; again by TCP where an answer was cut short."""
    asking = [asyncio.create_task(_ask_one(one, gathered, how, until, note)) for one in gathered.questions]
    try:
        _, silent = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        if silent:
            # Where one type was answered, a server that keeps silent about the other is not waited for much longer.
            await asyncio.wait(silent, timeout=_OTHER if gathered.answered else None)
    finally:
        for task in asking:
            task.cancel()
        ends = await asyncio.gather(*asking, return_exceptions=True)
    for fault in ends:
        if isinstance(fault, Exception):  # one of ours: what the network does has been gathered
            raise fault
    if not gathered.truncated():
        return gathered
    again = gathered.again()
    await ask_by_tcp(again, how.server, how.dialer, until, note)
    return again


async def _ask_one(question: dns.Question, gathered: Gathered, how: Udp, until: Deadline, note: Note) -> None:
    try:
        # Aside, because a walk has room for one failure, and the other question may still be answered.
        flow = await how.dialer.datagrams(how.server, until, scratch(gathered.tape))
    except WalkEnded as exc:
        gathered.lost(question, exc)
        return
    try:
        await _listen(flow, question, gathered, until, how.hold)
    except (OSError, Failed) as exc:
        gathered.lost(question, exc)
    finally:
        note.sent, note.received = note.sent + flow.sent, note.received + flow.received
        flow.close()


async def _listen(flow: Datagrams, question: dns.Question, gathered: Gathered, until: Deadline, hold: float) -> None:
    """Write down every datagram until the hold after the first readable answer is over."""
    message, plain = dns.question(question), False
    flow.send(message)
    end, answered = until.sooner(_AGAIN), False
    while True:
        try:
            data = await flow.receive(end)
        except TimeoutError:
            if answered or end.at >= until.at:
                return
            flow.send(message)
            end = until.sooner(_AGAIN)
            continue
        if not gathered.take(question, data) or answered:
            continue
        if not plain and gathered.knows_no_edns(question):
            message, plain = dns.question(question, edns=False), True
            flow.send(message)
            end = until.sooner(_AGAIN)
        else:
            end, answered = until.sooner(hold), True


def label(transport: str, server: Address) -> str:
    """The server as records name it: `udp:9.9.9.9:53`, `tcp:[2620:fe::fe]:53`."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{transport}:{host}:{server.port}"


def build(params: Mapping[str, Json], dialer: Dialer, _trust: Trust) -> Udp:
    """A resolver that asks `server` at `port` by UDP; `hold` seconds of listening, `family` 4 or 6 alone."""
    return Udp(
        server=Address(params["server"], params.get("port") or 53),
        dialer=dialer,
        hold=params.get("hold", HOLD),
        family=params.get("family"),
    )
