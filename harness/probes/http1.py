"""One HTTP/1.1 request and its answer over any stream, by h11 (RFC 9112)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import TypeAlias

import h11

from harness.dial.api import Stream
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.probes.message import CHUNK, LONGEST_HEAD, Head, Message

_Event: TypeAlias = "h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]"
_HTTP = b"HTTP/"
"""How every answer begins, however short it is cut (RFC 9112, section 4)."""


class Http1:
    """An exchange on one connection, which serves no second one."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        self._ended = False
        self._headed = False

    async def send(self, message: Message, until: Deadline) -> None:
        """Write the request."""
        target = h11.Request(method=message.method, target=message.target, headers=list(message.headers))
        parts = [self._state.send(target)]
        if message.body:
            parts.append(self._state.send(h11.Data(data=message.body)))
        parts.append(self._state.send(h11.EndOfMessage()))
        await self._stream.write(b"".join(part for part in parts if part), until)

    async def head(self, until: Deadline) -> Head:
        """The answer's status and headers; interim answers are passed over."""
        while True:
            event = await self._event(until)
            # Behind 101 comes another protocol, of which h11 says nothing, again and again: it is the answer.
            if isinstance(event, (h11.Response, h11.InformationalResponse)) and (
                event.status_code == HTTPStatus.SWITCHING_PROTOCOLS or event.status_code >= HTTPStatus.OK
            ):
                self._headed = True
                return Head(status=event.status_code, headers=tuple(event.headers.raw_items()), version="HTTP/1.1")

    async def chunks(self, until: Deadline) -> AsyncIterator[bytes]:
        """The answer's body as it comes. Raises EOFError where it ends short."""
        while isinstance(event := await self._event(until), h11.Data):
            yield bytes(event.data)

    async def _event(self, until: Deadline) -> _Event:
        while True:
            event = self._next()
            if event is not None:
                return event
            data = await self._stream.read(CHUNK, until)
            self._ended = not data
            self._state.receive_data(data)

    def _next(self) -> _Event | None:
        try:
            event = self._state.next_event()
            return None if event is h11.NEED_DATA else event
        except h11.RemoteProtocolError as exc:
            came = self._state.trailing_data[0]
            if self._ended and (self._headed or came.startswith(_HTTP[: len(came)])):
                raise EOFError from exc
            raise Failed("http_request_failed", why=str(exc), head=came[:64].decode("latin-1")) from exc
