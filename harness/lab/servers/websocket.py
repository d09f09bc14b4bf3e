"""Web sockets of the lab's servers, by wsproto; requests that ask for no upgrade get an ordinary answer."""

from __future__ import annotations

from collections.abc import Callable

import wsproto
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from harness.lab.servers import http
from harness.lab.servers.seat import Stream

Incoming = Callable[[bytes | str], bytes | str | None]
"""Takes what one message of the client holds, and gives the message to send back, if any."""


class WebSocketServer:
    """Upgrades at one path and hands every message to a conversation of its own."""

    def __init__(self, path: str, begin: Callable[[], Incoming], respond: http.Respond) -> None:
        self._path = path
        self._begin = begin
        self._respond = respond

    async def serve(self, stream: Stream) -> None:
        """Talk as a web socket where the client asks for one, else as a web server."""
        begun = await http.read_head(stream.reader)
        head = begun.partition(b"\r\n\r\n")[0].lower()
        if b"upgrade: websocket" not in head:
            await http.serve(stream, self._respond, begun)
            return
        try:
            await self._talk(stream, begun)
        except (ProtocolError, ValueError):
            return  # a client that breaks the protocol is hung up on

    async def _talk(self, stream: Stream, begun: bytes) -> None:
        connection = wsproto.WSConnection(ConnectionType.SERVER)
        incoming = self._begin()
        data = begun
        while data:
            connection.receive_data(data)
            for event in connection.events():
                for reply in self._replies(event, incoming):
                    stream.writer.write(connection.send(reply))
            await stream.writer.drain()
            if connection.state in {ConnectionState.CLOSED, ConnectionState.REJECTING}:
                return
            data = await stream.reader.read(65_536)

    def _replies(self, event: Event, incoming: Incoming) -> list[Event]:
        if isinstance(event, Request):
            fits = event.target.partition("?")[0] == self._path
            return [AcceptConnection() if fits else RejectConnection(status_code=404)]
        if isinstance(event, Ping | CloseConnection):
            return [event.response()]
        if isinstance(event, BytesMessage | TextMessage):
            answer = incoming(event.data if isinstance(event, TextMessage) else bytes(event.data))
            return [] if answer is None else [_message(answer)]
        return []


def _message(answer: bytes | str) -> Event:
    return TextMessage(data=answer) if isinstance(answer, str) else BytesMessage(data=answer)
