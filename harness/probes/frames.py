"""A WebSocket over any stream, by wsproto (RFC 6455)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from harness.dial.api import Stream, Tape
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.model import Stage
from harness.probes.message import CHUNK
from harness.probes.route import counted

USER_AGENT = "Mozilla/5.0"
_BODY_KEPT = 256
_LONGEST = 1 << 22
"""Bytes of one message that are held; more is no answer to a probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What a WebSocket is asked for with."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: Sequence[str] = ()

    def request(self) -> Request:
        """As wsproto wants it."""
        parts = urlsplit(self.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"User-Agent": USER_AGENT} | dict(self.headers)
        return Request(
            host=parts.netloc.rpartition("@")[2],
            target=target,
            subprotocols=list(self.subprotocols),
            extra_headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        )


class Frames:
    """Whole messages both ways; pings are answered on the way."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._state = WSConnection(ConnectionType.CLIENT)
        self._events: deque[Event] = deque()
        self._parts: list[str | bytes] = []
        self._size = 0

    async def send(self, message: str | bytes, until: Deadline) -> None:
        """One message. Raises OSError or TimeoutError."""
        event: TextMessage | BytesMessage = (
            TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message)
        )
        await self._write(event, until)

    async def receive(self, until: Deadline) -> str | bytes:
        """The next message; raises EOFError where the connection ends, Failed where the peer says that it closes it.

        Failed as well where the peer breaks the protocol. A close that is said is an answer (RFC 6455, section 7.4).
        """
        while True:
            event = await self._next(until)
            if isinstance(event, (TextMessage, BytesMessage)):
                self._parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
                if event.message_finished:
                    return self._joined()
                self._size += len(event.data)
                if self._size > _LONGEST:
                    raise Failed("protocol_error", why="a message without an end")
            elif isinstance(event, Ping):
                await self._write(event.response(), until)
            elif isinstance(event, CloseConnection):
                if event.code == CloseReason.ABNORMAL_CLOSURE:  # wsproto's word for a connection that just ended
                    raise EOFError
                raise Failed("proof_missing", closed=int(event.code), reason=(event.reason or "")[:_BODY_KEPT])

    async def ask(self, upgrade: Upgrade, until: Deadline) -> None:
        """Write the upgrade."""
        await self._write(upgrade.request(), until)

    async def agree(self, until: Deadline) -> str | None:
        """Wait for the upgrade's answer, and give the subprotocol; raises Failed where it is refused."""
        event = await self._next(until)
        if isinstance(event, RejectConnection):
            raise Failed("websocket_refused", status=event.status_code, body_head=await self._refusal(event, until))
        if not isinstance(event, AcceptConnection):
            raise Failed("protocol_error", why=type(event).__name__)
        return event.subprotocol

    async def _refusal(self, event: RejectConnection, until: Deadline) -> str:
        body = b""
        more = event.has_body
        while more and len(body) < _BODY_KEPT:
            part = await self._next(until)
            if not isinstance(part, RejectData):
                break
            body, more = body + part.data, not part.body_finished
        return body[:_BODY_KEPT].decode("utf-8", "replace")

    def _joined(self) -> str | bytes:
        parts, self._parts, self._size = self._parts, [], 0
        if isinstance(parts[0], str):
            return "".join(part for part in parts if isinstance(part, str))
        return b"".join(part for part in parts if isinstance(part, bytes))

    async def _write(self, event: Event, until: Deadline) -> None:
        try:
            data = self._state.send(event)
        except LocalProtocolError as exc:  # the peer has closed while we were about to speak
            raise EOFError(str(exc)) from exc
        await self.stream.write(data, until)

    async def _next(self, until: Deadline) -> Event:
        while not self._events:
            data = await self.stream.read(CHUNK, until)
            try:
                self._state.receive_data(data or None)
                self._events.extend(self._state.events())
            except RemoteProtocolError as exc:
                if not data:
                    raise EOFError from exc
                raise Failed("protocol_error", why=str(exc)) from exc
            if not data and not self._events:
                raise EOFError
        return self._events.popleft()


class FrameStream:
    """A stream of bytes over binary messages; what is written at once is one message."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._left = b""

    @property
    def sent(self) -> int:
        """Bytes that left on the stream below."""
        return self._frames.stream.sent

    @property
    def received(self) -> int:
        """Bytes that came on the stream below."""
        return self._frames.stream.received

    async def read(self, most: int, until: Deadline) -> bytes:
        """1 to `most` bytes; b"" at the peer's end."""
        while not self._left:
            try:
                message = await self._frames.receive(until)
            except EOFError:
                return b""
            if isinstance(message, str):
                raise Failed("protocol_error", why="a text frame")
            self._left = message
        data, self._left = self._left[:most], self._left[most:]
        return data

    async def write(self, data: bytes, until: Deadline) -> None:
        """Send all of `data` as one message."""
        await self._frames.send(data, until)

    def close(self) -> None:
        """Let go of the stream below."""
        self._frames.stream.close()


async def upgraded(stream: Stream, upgrade: Upgrade, until: Deadline, tape: Tape) -> Frames:
    """A WebSocket over the stream; stages request and response. The stream is the caller's to close."""
    frames = Frames(stream)
    with counted(tape, Stage.REQUEST, stream):
        await frames.ask(upgrade, until)
    with counted(tape, Stage.RESPONSE, stream) as note:
        subprotocol = await frames.agree(until)
        note.detail.update(status=101, subprotocol=subprotocol)
    return frames
