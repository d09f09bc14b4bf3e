"""Requests side by side on one HTTP/2 connection (RFC 9113); the frames are h2's affair."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from harness.dial.api import Stream
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.resolve.query import LARGEST, Query, Reply
from harness.wire.http2 import Frames


async def exchange(stream: Stream, queries: Sequence[Query], until: Deadline) -> AsyncGenerator[Reply, None]:
    """Each reply as soon as it is whole. Raises OSError, EOFError, TimeoutError, or Failed where this is no HTTP/2."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    waiting = {_send(connection, query): Reply(query=query) for query in queries}
    await stream.write(connection.data_to_send(), until)
    frames = Frames()
    while any(map(frames.answers, waiting)):
        data = await stream.read(LARGEST, until)
        if not data:
            raise EOFError("the resolver closed")
        for event in _events(connection, frames.whole(data)):
            if number := _absorb(connection, event, waiting):
                yield waiting.pop(number)
        if answer := connection.data_to_send():
            await stream.write(answer, until)
    if waiting:
        raise EOFError("the resolver ends the connection")


def _send(connection: h2.connection.H2Connection, query: Query) -> int:
    number = connection.get_next_available_stream_id()
    pseudo = [(":method", query.method), (":scheme", "https"), (":authority", query.authority), (":path", query.path)]
    connection.send_headers(number, pseudo + query.headers, end_stream=not query.body)
    if query.body:
        connection.send_data(number, query.body, end_stream=True)
    return number


def _events(connection: h2.connection.H2Connection, data: bytes) -> list[h2.events.Event]:
    try:
        return connection.receive_data(data)
    except h2.exceptions.ProtocolError as exc:
        raise Failed("http_request_failed", why=type(exc).__name__, head=data[:64].hex()) from exc


def _absorb(connection: h2.connection.H2Connection, event: h2.events.Event, waiting: dict[int, Reply]) -> int | None:
    """The stream that an event completes, None where it completes none."""
    match event:
        case h2.events.ResponseReceived(stream_id=number, headers=headers) if number in waiting:
            fields = {str(name): str(value) for name, value in headers or ()}
            waiting[number].status = _status(fields.get(":status", ""))
            waiting[number].content_type = fields.get("content-type", "")
        case h2.events.DataReceived(stream_id=number, data=data) if number in waiting:
            connection.acknowledge_received_data(event.flow_controlled_length or 0, number)
            waiting[number].body = (waiting[number].body + (data or b""))[:LARGEST]
        case h2.events.StreamEnded(stream_id=number) if number in waiting:
            return number
        case h2.events.StreamReset(stream_id=number) if number in waiting:
            raise Failed("http_request_failed", why="stream reset", code=int(event.error_code or 0))
        case h2.events.ConnectionTerminated():
            raise Failed("http_request_failed", why="connection terminated", code=int(event.error_code or 0))
    return None


def _status(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() else 0
