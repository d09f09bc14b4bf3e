"""At least 64 KiB each way on one connection: how fast, and where it stops.

Upwards go HEAD requests that are padded, which any web server answers and which need nobody's help; downwards comes
the document at the URL, as often as is needed. Both are written ahead, so that the line is the limit and not the
number of round trips. Small requests behind a long answer show by their acknowledgements the round trip under load.
"""

from __future__ import annotations

import math
import secrets
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from harness.dial.api import Note, Stream, Tape
from harness.dial.deadline import Deadline
from harness.dial.kernel import bottom, segments, unheard
from harness.failures import Failed
from harness.model import Json, Level, Stage
from harness.probes import where
from harness.probes.http_client import kept
from harness.probes.message import Head, Message
from harness.probes.meter import Meter
from harness.probes.pipeline import Pipeline
from harness.probes.route import Route, counted

LEAST = 65536
"""What must move each way: what stops connections early does so below 35 KB (hyperion-cs/dpi-checkers, l4-25)."""

ALPN = ("http/1.1",)
PADDING = 4000  # servers take header lines of 8 KB: nginx large_client_header_buffers, Apache LimitRequestFieldSize
AHEAD = 65536  # bytes asked for or sent that are not answered yet
MOST = 64  # requests that are not answered yet
PULSE = 0.25  # seconds between two small requests behind a long answer
REFUSED = frozenset({400, 413, 414, 431})  # the server will not take such requests


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E4 by 64 KiB each way over verified TLS; E1 over plain HTTP, where anybody may have answered."""
    with closing(await route.open(params, until, tape, ALPN)) as stream:
        moving = _Transfer(params=params, stream=stream, pipeline=Pipeline(stream), until=until)
        soon = until.sooner(route.patience.response)
        with counted(tape, Stage.REQUEST, stream):
            await moving.begin(soon)
        with counted(tape, Stage.RESPONSE, stream) as note:
            head = await moving.pipeline.head(soon)
            note.detail.update(status=head.status, http_version=head.version, headers=kept(head))
            moving.first(head)
        tape.reached(Level.E2 if where.encrypted(params) else Level.E1)
        with counted(tape, Stage.MEDIA, stream) as note, moving.told(note):
            await moving.upwards()
            await moving.downwards()
    if where.encrypted(params):
        tape.reached(Level.E4)


@dataclass(slots=True, kw_only=True)
class _Transfer:
    """One connection, with what moves over it."""

    params: Mapping[str, Json]
    stream: Stream
    pipeline: Pipeline
    until: Deadline
    due: deque[int] = field(default_factory=deque)  # bytes that each answer will bring, the first one first
    sizes: list[int] = field(default_factory=list)  # of whole answers to GET
    way: Meter | None = None
    ways: dict[str, Meter] = field(default_factory=dict)
    padded: int = 0

    async def begin(self, until: Deadline) -> None:
        """Write the first padded request."""
        self.padded = await self._ask(b"HEAD", until, padding=PADDING)

    def first(self, head: Head) -> None:
        """Look at the first answer; Failed where the server takes no such requests."""
        if head.status in REFUSED:
            raise Failed("http_unexpected_status_code", why="the server does not take padded requests")

    async def upwards(self) -> None:
        """Send what is to be sent, each answer standing for a request that came whole."""
        meter = self._measure("up")
        sent, answered = self.padded, 0
        while answered < self.params["up"] and not (meter.seconds > self.params["seconds"] and answered >= LEAST):
            while sent < self.params["up"] and sent - answered < AHEAD:
                sent += await self._ask(b"HEAD", self._soon(), padding=PADDING)
            if await self._answered():
                answered += self.padded
                meter.moved(answered)
        while self.pipeline:
            await self._answered()

    async def downwards(self) -> None:
        """Fetch the document until enough has come, or, once it is 64 KiB, until the time is over."""
        meter, begun, pulse = self._measure("down"), self.stream.received, 0.0
        come = 0
        while come < self.params["down"] and not (meter.seconds > self.params["seconds"] and come >= LEAST):
            while self._wants_more(self.params["down"] - come):
                await self._ask(b"GET", self._soon(), brings=self._size())
            if meter.seconds - pulse > PULSE and len(self.pipeline) < MOST:
                pulse = meter.seconds
                await self._ask(b"HEAD", self._soon())
            await self._answered()
            come = self.stream.received - begun
            meter.moved(come)

    @contextmanager
    def told(self, note: Note) -> Iterator[None]:
        """Write down how it went, and, where it stopped short, at which byte and segment."""
        try:
            yield
        except Exception:
            note.detail["stopped"] = self._stopped()
            raise
        finally:
            note.detail.update({name: meter.figures() for name, meter in self.ways.items()})

    def _stopped(self) -> dict[str, Json]:
        """Where it stopped, counted from the connection's first byte on the socket below.

        What was sent is what the far end has acknowledged, where the kernel tells. Nothing is quiet that is still
        acknowledged: it waits in a queue.
        """
        socket, kernel = bottom(self.stream), segments(self.stream)
        since = unheard(self.stream)
        quiet = min(self.way.quiet if self.way else 0.0, math.inf if since is None else since)
        return {
            "way": next((name for name, meter in self.ways.items() if meter is self.way), None),
            "sent": kernel.acked if kernel else (socket or self.stream).sent,
            "received": (socket or self.stream).received,
            "segments_out": kernel.out if kernel else None,
            "segments_in": kernel.into if kernel else None,
            "quiet": round(quiet, 3),
            "paused": round(max((one.paused for one in self.ways.values()), default=0.0), 3),
            "stalled": quiet >= 0.9 * self.params["stall"],
        }

    def _measure(self, name: str) -> Meter:
        self.way = self.ways[name] = Meter(self.stream, up=name == "up")
        return self.way

    def _soon(self) -> Deadline:
        """Nothing may stand still for longer."""
        return self.until.sooner(self.params["stall"])

    async def _ask(self, method: bytes, until: Deadline, *, padding: int = 0, brings: int = 0) -> int:
        parts = urlsplit(self.params["url"])
        headers = [(b"host", parts.netloc.rpartition("@")[2].encode()), (b"user-agent", b"Mozilla/5.0")]
        headers += [(b"accept", b"*/*"), (b"accept-encoding", b"identity")]
        if padding:
            headers.append((b"x-padding", secrets.token_hex(padding // 2).encode()))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        message = Message(method=method, scheme=b"", authority=b"", target=target.encode(), headers=tuple(headers))
        self.due.append(brings)
        return await self.pipeline.ask(message, until)

    async def _answered(self) -> bool:
        """Take what comes next; True where an answer is whole now."""
        event = await self.pipeline.event(self._soon())
        if isinstance(event, Head):
            self._expect(event)
        elif event is not None:
            self.due[0] = max(0, self.due[0] - len(event))
        else:
            self.due.popleft()
        return event is None

    def _expect(self, head: Head) -> None:
        """Learn from the head of an answer to GET how much it brings; Failed where it is no document."""
        if not self.due[0]:
            return
        if not 200 <= head.status < 300:
            raise Failed("http_unexpected_status_code", status=head.status)
        length = next((int(value) for name, value in head.headers if name.lower() == b"content-length"), 0)
        brought = max(length, sum(len(name) + len(value) + 4 for name, value in head.headers))
        self.sizes.append(brought)
        self.due[0] = brought

    def _size(self) -> int:
        """The bytes that the next answer will probably bring."""
        return self.sizes[-1] if self.sizes else AHEAD

    def _wants_more(self, missing: int) -> bool:
        return sum(self.due) < min(AHEAD, missing) and len(self.pipeline) < MOST
