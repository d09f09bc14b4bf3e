"""The TLS records of one direction: what their outsides tell of how far a handshake has come (RFC 8446 section 5.1)."""

from __future__ import annotations

from harness.lab.censor.hello import CLIENT_HELLO, HANDSHAKE
from harness.lab.censor.stream import Stream

CHANGE_CIPHER, APPLICATION = 20, 23
_KINDS = frozenset({20, 21, 22, 23})
_HEAD = 6  # bytes: a record's own five, and the first of what it carries


class Records:
    """Follows a client from its hello to the first data behind its Finished."""

    __slots__ = ("_changed", "_data", "_left", "_older", "_stream", "over")

    def __init__(self, isn: int | None) -> None:
        self._stream = Stream(None if isn is None else (isn + 1) % (1 << 32))
        self._left = 0  # bytes of the record at hand
        self._older = False  # before TLS 1.3, where Finished is a handshake record
        self._changed = False
        self._data = 0  # records of application data
        self.over = False  # this is no TLS

    def add(self, seq: int, payload: bytes) -> None:
        """Take a segment in. A record is known by its head, before the rest of it has come."""
        data = self._stream.add(seq, payload)
        while data and not self.over:
            if not self._left:
                if len(data) < _HEAD:
                    return
                self._begin(data)
            size = min(self._left, len(data))
            self._left -= size
            data = self._stream.take(size)

    def _begin(self, data: bytes) -> None:
        kind, first = data[0], data[5]
        self.over = kind not in _KINDS or data[1] != 3
        self._left = 5 + int.from_bytes(data[3:5], "big")
        if kind == HANDSHAKE and (self._changed or first != CLIENT_HELLO):
            self._older = True
        self._changed = self._changed or kind == CHANGE_CIPHER
        self._data += kind == APPLICATION

    @property
    def said_more_than_hello(self) -> bool:
        """True once application data has come; the first record of it is the Finished itself in TLS 1.3."""
        return self._data > (0 if self._older else 1)
