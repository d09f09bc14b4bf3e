"""WhatsApp's side of its handshake, over a web socket and over bare TCP, to the server's certificate.

Layout of the header, frames and messages: tulir/whatsmeow, socket/constants.go, socket/framesocket.go, handshake.go.
"""

from __future__ import annotations

from harness.lab.servers import http, protobuf
from harness.lab.servers.noise import Responder
from harness.lab.servers.params import WhatsappWeb
from harness.lab.servers.seat import Internet, Seat, Stream
from harness.lab.servers.web import front_page
from harness.lab.servers.websocket import WebSocketServer

_HEADER = 4  # "WA", the protocol's version, the dictionary's version
_CLIENT_HELLO, _SERVER_HELLO = 2, 3  # HandshakeMessage
_EPHEMERAL, _STATIC, _PAYLOAD = 1, 2, 3  # of ClientHello and of ServerHello


class Conversation:
    """What the server says on one connection; bytes may come in any pieces."""

    def __init__(self, internet: Internet) -> None:
        self._internet = internet
        self._buffer = b""
        self._greeted = False

    def incoming(self, data: bytes | str) -> bytes | None:
        """The answer once the client's hello is whole. Anything but a hello raises ValueError."""
        if self._greeted or isinstance(data, str):
            return None  # the client's finish would need an account: nothing answers it
        self._buffer += data
        if not b"WA".startswith(self._buffer[:2]):
            raise ValueError("not WhatsApp's header")
        size = int.from_bytes(self._buffer[_HEADER : _HEADER + 3], "big")
        if len(self._buffer) < _HEADER + 3 + size or size == 0:
            return None
        self._greeted = True
        return self._answer(self._buffer[_HEADER + 3 :][:size])

    def _answer(self, frame: bytes) -> bytes:
        hello = _inner(protobuf.parse(frame), _CLIENT_HELLO)
        responder = Responder(self._buffer[:_HEADER], self._internet.issuer.static)
        ephemeral = _inner(protobuf.parse(hello), _EPHEMERAL)
        ours, static, payload = responder.answer(ephemeral, self._internet.issuer.chain)
        answer = protobuf.message({_EPHEMERAL: ours, _STATIC: static, _PAYLOAD: payload})
        whole = protobuf.message({_SERVER_HELLO: answer})
        return len(whole).to_bytes(3, "big") + whole


def _inner(fields: dict[int, int | bytes], number: int) -> bytes:
    value = fields.get(number)
    if not isinstance(value, bytes):
        raise ValueError(f"no field {number}")
    return value


class WebServer(WebSocketServer):
    """The web socket of web.whatsapp.com, with its page beside it."""

    def __init__(self, seat: Seat) -> None:
        params: WhatsappWeb = seat.params
        super().__init__(params.path, lambda: Conversation(seat.internet).incoming, _respond)


class RawServer:
    """The same over bare TCP, as phones speak it."""

    def __init__(self, seat: Seat) -> None:
        self._internet = seat.internet

    async def serve(self, stream: Stream) -> None:
        """Answer one hello, then listen until the client goes."""
        conversation = Conversation(self._internet)
        while data := await stream.reader.read(4096):
            try:
                answer = conversation.incoming(data)
            except ValueError:
                return
            if answer:
                stream.writer.write(answer)
                await stream.writer.drain()


async def _respond(_request: http.Request) -> http.Response:
    return http.Response(body=front_page("WhatsApp Web").encode())
