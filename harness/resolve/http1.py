"""Requests one after another on one HTTP/1.1 connection (RFC 9112); the parsing is h11's affair."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import h11

from harness.dial.api import Stream
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.resolve.query import LARGEST, Query, Reply


async def exchange(stream: Stream, queries: Sequence[Query], until: Deadline) -> AsyncGenerator[Reply, None]:
    """Each reply as soon as it is whole. Raises OSError, EOFError, TimeoutError, or Failed where this is no HTTP."""
    connection = h11.Connection(h11.CLIENT)
    for number, query in enumerate(queries):
        if number:
            _next_cycle(connection)
        headers = [("host", query.authority), *query.headers]
        request = connection.send(h11.Request(method=query.method, target=query.path, headers=headers)) or b""
        body = connection.send(h11.Data(data=query.body)) if query.body else b""
        await stream.write(request + (body or b"") + (connection.send(h11.EndOfMessage()) or b""), until)
        yield await _reply(stream, connection, query, until)


async def _reply(stream: Stream, connection: h11.Connection, query: Query, until: Deadline) -> Reply:
    reply = Reply(query=query)
    while True:
        match event := _event(connection):
            case h11.Response():
                reply.status = event.status_code
                reply.content_type = dict(event.headers).get(b"content-type", b"").decode("latin-1")
            case h11.Data():
                reply.body = (reply.body + bytes(event.data))[:LARGEST]
            case h11.EndOfMessage():
                return reply
            case h11.ConnectionClosed():
                raise EOFError("the resolver closed")
            case h11.NEED_DATA:
                connection.receive_data(await stream.read(LARGEST, until))


def _event(connection: h11.Connection) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
    try:
        return connection.next_event()
    except h11.RemoteProtocolError as exc:
        if connection.trailing_data[1]:
            raise EOFError("the resolver closed before its answer was whole") from exc
        raise Failed("http_request_failed", why=str(exc)[:100]) from exc


def _next_cycle(connection: h11.Connection) -> None:
    try:
        connection.start_next_cycle()
    except h11.LocalProtocolError as exc:  # the server said `Connection: close`
        raise EOFError("the resolver answers one question a connection") from exc
