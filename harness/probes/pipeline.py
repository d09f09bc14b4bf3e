"""Requests written ahead on one HTTP/1.1 connection, and their answers in order (RFC 9112, section 9.3.2)."""

from __future__ import annotations

from collections import deque

import h11

from harness.dial.api import Stream
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.probes.message import CHUNK, LONGEST_HEAD, Head, Message

_ENDED = "the server ends the connection before enough has moved each way"


class Pipeline:
    """One connection. h11 keeps the state of one exchange; here each request has one of its own, in their order."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._waiting: deque[h11.Connection] = deque()
        self._ended = False
        self.closing = False  # the server will answer nothing more here

    def __len__(self) -> int:
        """Requests without a whole answer."""
        return len(self._waiting)

    async def ask(self, message: Message, until: Deadline) -> int:
        """Write a request, and give its size. Raises OSError, TimeoutError, or Failed as `event` does."""
        if self.closing:
            raise Failed("proof_missing", why=_ENDED)
        state = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        request = h11.Request(method=message.method, target=message.target, headers=list(message.headers))
        data = (state.send(request) or b"") + (state.send(h11.EndOfMessage()) or b"")
        self._waiting.append(state)
        await self._stream.write(data, until)
        return len(data)

    async def event(self, until: Deadline) -> Head | bytes | None:
        """What comes next of the first answer that is due: its head, a part of its body, or None at its end.

        Raises Failed where the server has said that it answers no more, EOFError where it is gone without a word.
        """
        if self.closing:
            raise Failed("proof_missing", why=_ENDED)
        state = self._waiting[0]
        while True:
            match self._next(state):
                case h11.NEED_DATA:
                    data = await self._stream.read(CHUNK, until)
                    self._ended = not data
                    state.receive_data(data)
                case h11.Response() as head:
                    return Head(status=head.status_code, headers=tuple(head.headers.raw_items()), version="HTTP/1.1")
                case h11.Data(data=data):
                    return bytes(data)
                case h11.EndOfMessage():
                    self._done(state)
                    return None

    async def head(self, until: Deadline) -> Head:
        """The head of the first answer that is due."""
        while not isinstance(event := await self.event(until), Head):
            pass
        return event

    def _next(self, state: h11.Connection) -> object:
        try:
            return state.next_event()
        except h11.RemoteProtocolError as exc:
            if self._ended:
                raise EOFError from exc
            raise Failed("http_request_failed", why=str(exc)) from exc

    def _done(self, state: h11.Connection) -> None:
        """The first answer is whole; what came after it is of the next one."""
        self._waiting.popleft()
        self.closing = state.their_state is not h11.DONE
        early, _ = state.trailing_data
        if early and self._waiting:
            self._waiting[0].receive_data(early)
