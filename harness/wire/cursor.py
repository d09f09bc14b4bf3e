"""Reading bytes from the front, refusing what is too short."""

from __future__ import annotations

from harness.wire.malformed import Malformed


class Cursor:
    """A position in bytes; every read says how much it wants, and is refused with Malformed where less is left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise Malformed(f"ends {size - len(taken)} bytes early")
        self._at += size
        return taken

    def number(self, size: int) -> int:
        """The next `size` bytes as a number, the highest first."""
        return int.from_bytes(self.take(size), "big")

    def block(self, prefix: int) -> bytes:
        """Bytes behind a length of `prefix` bytes."""
        return self.take(self.number(prefix))

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(len(self._data) - self._at)
