"""Requests in, responses out, over HTTP/1.1 (h11) or HTTP/2 (h2)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h11

from harness.lab.servers.seat import Stream

_READ = 65_536
IDLE = 180.0  # seconds that a client may say nothing; servers have one to some minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked for."""

    method: str
    target: str
    source: str
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What it is answered."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/html; charset=utf-8"})

    def fields(self) -> list[tuple[str, str]]:
        """The header fields, with the length of the body where there can be one."""
        own = [(name.lower(), value) for name, value in self.headers.items()]
        return own if self.status in _BODYLESS else [*own, ("content-length", str(len(self.body)))]

    def bodyless(self, method: str) -> bool:
        """True where nothing follows the header."""
        return method == "HEAD" or self.status in _BODYLESS or not self.body


Respond: TypeAlias = Callable[[Request], Awaitable[Response]]

_NO_PROXY = Response(status=405, body=b"this is no proxy\n", headers={"allow": "GET, HEAD, POST"})
_BODYLESS = frozenset({204, 304})  # whatever is said of them (RFC 9110, 6.4.1)


async def _answered(respond: Respond, request: Request) -> Response:
    """The response to a request; who takes a web server for a proxy is told so, and has no tunnel."""
    return _NO_PROXY if request.method == "CONNECT" else await respond(request)


async def serve(stream: Stream, respond: Respond, begun: bytes = b"") -> None:
    """Answer every request of a connection; `begun` are bytes already read from it."""
    if stream.alpn == "h2":
        await _Http2(stream, respond).serve()
    else:
        await _serve_http1(stream, respond, begun)


async def _serve_http1(stream: Stream, respond: Respond, begun: bytes) -> None:
    connection = h11.Connection(h11.SERVER)
    if begun:
        connection.receive_data(begun)
    try:
        while request := await _http1_request(connection, stream):
            _send_http1(connection, stream, request, await _answered(respond, request))
            await stream.writer.drain()
            if connection.our_state is not h11.DONE:
                return
            connection.start_next_cycle()
    except h11.RemoteProtocolError:
        stream.writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


async def _http1_request(connection: h11.Connection, stream: Stream) -> Request | None:
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                stream.writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            connection.receive_data(await heard(stream.reader))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head:
            method, target = head.method.decode(), head.target.decode()
            return Request(method=method, target=target, source=stream.source, body=bytes(body))
        else:
            return None


def _send_http1(connection: h11.Connection, stream: Stream, request: Request, response: Response) -> None:
    head = h11.Response(status_code=response.status, headers=response.fields())
    events: list[h11.Event] = [head, h11.EndOfMessage()]
    if not response.bodyless(request.method):
        events.insert(1, h11.Data(data=response.body))
    for event in events:
        stream.writer.write(connection.send(event) or b"")


class _Http2:
    """One HTTP/2 connection: requests gathered by stream, bodies sent as the windows allow."""

    def __init__(self, stream: Stream, respond: Respond) -> None:
        self._stream = stream
        self._respond = respond
        self._connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._asked: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._owed: dict[int, bytes] = {}

    async def serve(self) -> None:
        """Answer until the client is gone."""
        self._connection.initiate_connection()
        await self._flush()
        try:
            while data := await heard(self._stream.reader):
                for event in self._connection.receive_data(data):
                    with contextlib.suppress(h2.exceptions.ProtocolError):  # a stream that they have given up
                        await self._take(event)
                self._send_owed()
                await self._flush()
        except h2.exceptions.ProtocolError:  # theirs
            await self._flush()

    async def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._asked[_number(event.stream_id)] = (_texts(event.headers), bytearray())
        elif isinstance(event, h2.events.DataReceived):
            self._asked[_number(event.stream_id)][1].extend(event.data or b"")
            self._connection.acknowledge_received_data(event.flow_controlled_length or 0, _number(event.stream_id))
        elif isinstance(event, h2.events.StreamEnded):
            await self._answer(_number(event.stream_id))
        elif isinstance(event, h2.events.StreamReset):
            self._asked.pop(_number(event.stream_id), None)
            self._owed.pop(_number(event.stream_id), None)

    async def _answer(self, number: int) -> None:
        head, body = self._asked.pop(number)
        method, target = head.get(":method", "GET"), head.get(":path", "/")
        request = Request(method=method, target=target, source=self._stream.source, body=bytes(body))
        response = await _answered(self._respond, request)
        bodyless = response.bodyless(method)
        self._connection.send_headers(
            number, [(":status", str(response.status)), *response.fields()], end_stream=bodyless
        )
        if not bodyless:
            self._owed[number] = response.body

    def _send_owed(self) -> None:
        for number in list(self._owed):
            while number in self._owed and (room := self._room(number)):
                rest = self._owed.pop(number)
                self._connection.send_data(number, rest[:room], end_stream=len(rest) <= room)
                if rest[room:]:
                    self._owed[number] = rest[room:]

    def _room(self, number: int) -> int:
        return min(self._connection.local_flow_control_window(number), self._connection.max_outbound_frame_size)

    async def _flush(self) -> None:
        self._stream.writer.write(self._connection.data_to_send())
        await self._stream.writer.drain()


def _texts(fields: Iterable[tuple[bytes | str, bytes | str]] | None) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in fields or ()}


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _number(stream_id: int | None) -> int:
    return stream_id or 0


async def heard(reader: asyncio.StreamReader) -> bytes:
    """What a client says next, b"" at its end; TimeoutError where it says nothing for too long."""
    async with asyncio.timeout(IDLE):
        return await reader.read(_READ)


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """The bytes of a connection up to the end of its first HTTP/1.1 head, and what came with them."""
    begun = b""
    while b"\r\n\r\n" not in begun and len(begun) < _READ:
        more = await heard(reader)
        if not more:
            break
        begun += more
    return begun
