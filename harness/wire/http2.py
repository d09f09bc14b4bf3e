"""HTTP/2 connections that end in good order (RFC 9113, section 6.8): what a GOAWAY leaves is still answered.

h2 takes any GOAWAY for the end of the connection, and what comes behind it for an error. Servers that limit the
requests of a connection, or are about to restart, send one first and then answer what they have taken on.
"""

from __future__ import annotations

_HEAD = 9  # section 4.1: length, type, flags, stream
_LONGEST = 1 << 14  # section 4.2: nobody may send us longer frames, as we allow none
_GOAWAY, _NO_ERROR = 7, 0


class Frames:
    """Whole frames as they come; a GOAWAY without an error is taken out, and `last` then says what it said."""

    def __init__(self) -> None:
        self.last: int | None = None  # streams above this one will not be answered; None where nothing was said
        self._rest = b""

    def whole(self, data: bytes) -> bytes:
        """The frames that are whole now. What cannot be a frame is handed on at once, for h2 to refuse."""
        self._rest += data
        taken = b""
        while len(self._rest) >= _HEAD:
            size = int.from_bytes(self._rest[:3], "big")
            if size > _LONGEST:
                size = len(self._rest)
            elif len(self._rest) < _HEAD + size:
                break
            frame, self._rest = self._rest[: _HEAD + size], self._rest[_HEAD + size :]
            taken += b"" if self._leaves(frame) else frame
        return taken

    def answers(self, stream: int) -> bool:
        """Whether the server may still answer the stream."""
        return self.last is None or stream <= self.last

    def _leaves(self, frame: bytes) -> bool:
        """True for a GOAWAY in good order, which is noted."""
        last, code = frame[_HEAD : _HEAD + 4], frame[_HEAD + 4 : _HEAD + 8]
        if frame[3] != _GOAWAY or len(code) < 4 or int.from_bytes(code, "big") != _NO_ERROR:
            return False
        self.last = int.from_bytes(last, "big") & 0x7FFFFFFF
        return True
