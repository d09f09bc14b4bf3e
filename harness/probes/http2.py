"""One HTTP/2 request and its answer over any stream, by h2 (RFC 9113)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from harness.dial.api import Stream
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.probes.message import CHUNK, Head, Headers, Message
from harness.wire.http2 import Frames

_CONFIG = h2.config.H2Configuration(client_side=True, header_encoding=None)
# RFC 9113, section 8.2.2: connection-specific headers do not travel; `host` is `:authority` here.
_LEFT_OUT = frozenset({b"host", b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})


class Http2:
    """An exchange on the first stream of one connection, which serves no second one."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._state = h2.connection.H2Connection(config=_CONFIG)
        self._frames = Frames()
        self._head: Head | None = None
        self._received: list[bytes] = []
        self._complete = False

    async def send(self, message: Message, until: Deadline) -> None:
        """Write the request; a body waits for the server's window where it must."""
        self._state.initiate_connection()
        self._state.send_headers(1, _headers(message), end_stream=not message.body)
        await self._send_body(message.body, until)
        await self._flush(until)

    async def head(self, until: Deadline) -> Head:
        """The answer's status and headers."""
        while self._head is None:
            await self._receive(until)
        return self._head

    async def chunks(self, until: Deadline) -> AsyncIterator[bytes]:
        """The answer's body as it comes. Raises EOFError where it ends short."""
        while self._received or not self._complete:
            if self._received:
                yield self._received.pop(0)
            else:
                await self._receive(until)

    async def _send_body(self, body: bytes, until: Deadline) -> None:
        while body:
            room = min(self._state.local_flow_control_window(1), self._state.max_outbound_frame_size)
            if room:
                self._state.send_data(1, body[:room], end_stream=len(body) <= room)
                body = body[room:]
            else:
                await self._flush(until)
                await self._receive(until)

    async def _flush(self, until: Deadline) -> None:
        if data := self._state.data_to_send():
            await self._stream.write(data, until)

    async def _receive(self, until: Deadline) -> None:
        data = await self._stream.read(CHUNK, until)
        if not data:
            raise EOFError
        try:
            for event in self._state.receive_data(self._frames.whole(data)):
                self._take(event)
        except h2.exceptions.ProtocolError as exc:
            raise Failed("http_request_failed", why=str(exc)) from exc
        await self._flush(until)
        if not (self._complete or self._frames.answers(1)):
            raise Failed("http_request_failed", why="the server ends the connection before our request")

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived():
                self._head = _head(event)
            case h2.events.DataReceived():
                self._received.append(event.data or b"")
                self._state.acknowledge_received_data(event.flow_controlled_length or 0, 1)
            case h2.events.StreamEnded():
                self._complete = True
            case h2.events.StreamReset() | h2.events.ConnectionTerminated() if not self._complete:
                raise Failed("http_request_failed", why=type(event).__name__, code=int(event.error_code or 0))


def _headers(message: Message) -> list[tuple[bytes, bytes]]:
    pseudo = [
        (b":method", message.method),
        (b":authority", message.authority),
        (b":scheme", message.scheme),
        (b":path", message.target),
    ]
    return pseudo + [(name.lower(), value) for name, value in message.headers if name.lower() not in _LEFT_OUT]


def _head(event: h2.events.ResponseReceived) -> Head:
    pairs: Headers = tuple((bytes(name), bytes(value)) for name, value in event.headers or ())
    status = next(value for name, value in pairs if name == b":status")
    return Head(
        status=int(status),
        headers=tuple(pair for pair in pairs if not pair[0].startswith(b":")),
        version="HTTP/2",
    )
