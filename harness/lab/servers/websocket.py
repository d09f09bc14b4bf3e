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

_LONGEST = 1 << 20  # bytes of a message

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
        conversation = _Conversation(self._path, self._begin())
        data = begun
        while data:
            connection.receive_data(data)
            for event in connection.events():
                for reply in conversation.replies(event):
                    stream.writer.write(connection.send(reply))
            await stream.writer.drain()
            if connection.state in {ConnectionState.CLOSED, ConnectionState.REJECTING}:
                return
            data = await stream.reader.read(65_536)


class _Conversation:
    """One client's messages; each may come in frames, and each frame in pieces (RFC 6455, 5.4)."""

    def __init__(self, path: str, incoming: Incoming) -> None:
        self._path = path
        self._incoming = incoming
        self._parts: list[bytes | str] = []
        self._held = 0

    def replies(self, event: Event) -> list[Event]:
        """What to say to one event."""
        if isinstance(event, Request):
            fits = event.target.partition("?")[0] == self._path
            return [AcceptConnection() if fits else RejectConnection(status_code=404)]
        if isinstance(event, Ping | CloseConnection):
            return [event.response()]
        if isinstance(event, BytesMessage | TextMessage):
            return self._gathered(event)
        return []

    def _gathered(self, event: BytesMessage | TextMessage) -> list[Event]:
        self._parts.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
        self._held += len(event.data)
        if self._held > _LONGEST:
            raise ValueError("no message is this long")
        if not event.message_finished:
            return []
        whole = type(self._parts[0])().join(self._parts)  # type: ignore[arg-type]
        self._parts, self._held = [], 0
        answer = self._incoming(whole)
        return [] if answer is None else [_message(answer)]


def _message(answer: bytes | str) -> Event:
    return TextMessage(data=answer) if isinstance(answer, str) else BytesMessage(data=answer)
