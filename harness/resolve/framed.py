"""DNS over a stream: every message behind its length in two bytes (RFC 1035, section 4.2.2; RFC 7766)."""

from __future__ import annotations

from harness.dial.api import Address, Dialer, Note, Stream, WalkEnded
from harness.dial.deadline import Deadline
from harness.dial.exactly import read_exactly
from harness.dial.fallback import scratch
from harness.resolve.gathered import Gathered
from harness.wire import dns

_OTHER_TYPE = 1.0
"""Seconds given to the second answer once the first has come."""


async def ask_framed(stream: Stream, gathered: Gathered, until: Deadline, note: Note) -> None:
    """Put all questions on one stream at once, and take answers in whatever order they come."""
    sent, received = stream.sent, stream.received
    try:
        await _exchange(stream, gathered, until)
    except (OSError, EOFError) as exc:
        gathered.lost_all(exc)
    finally:
        note.sent, note.received = note.sent + stream.sent - sent, note.received + stream.received - received


async def ask_by_tcp(gathered: Gathered, server: Address, dialer: Dialer, until: Deadline, note: Note) -> None:
    """The same over a connection of its own; one that cannot be made is a way in which the answers were lost."""
    aside = scratch(gathered.tape)
    try:
        stream = await dialer.stream(server, until, aside)
    except WalkEnded as exc:
        gathered.lost_all(exc)
        return
    gathered.tape.observations.extend(aside.observations)
    try:
        await ask_framed(stream, gathered, until, note)
    finally:
        stream.close()


async def _exchange(stream: Stream, gathered: Gathered, until: Deadline) -> None:
    await stream.write(b"".join(_behind_length(dns.question(one)) for one in gathered.questions), until)
    while not gathered.settled:
        end = until.sooner(_OTHER_TYPE) if gathered.answered else until
        size = int.from_bytes(await read_exactly(stream, 2, end), "big")
        data = await read_exactly(stream, size, end)
        if not gathered.take(_asked(gathered, data), data) and size == 0:
            raise EOFError("a message of no bytes")


def _behind_length(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


def _asked(gathered: Gathered, data: bytes) -> dns.Question:
    """The question that bears the id of the message; the first where none does, so that it is written down."""
    number = int.from_bytes(data[:2], "big")
    return next((one for one in gathered.questions if one.id == number), gathered.questions[0])
