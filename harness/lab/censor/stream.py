"""The bytes of one direction of a TCP flow, put in order. Policy: what came first stays, overlaps change nothing."""

from __future__ import annotations

LIMIT = 32768  # bytes from the start of the stream; a ClientHello and its records fit twice
MOST_HELD = 128  # parts that wait for a gap to fill; more than that is no honest sender
_HALF = 1 << 31


class Stream:
    """Segments in, the contiguous start of the stream out."""

    __slots__ = ("_base", "_data", "_held")

    def __init__(self, base: int | None) -> None:
        self._base = base  # the sequence number of the first byte
        self._data = bytearray()
        self._held: list[tuple[int, bytes]] = []  # out of order, by offset

    def add(self, seq: int, payload: bytes) -> bytes:
        """Everything from the start up to the first gap, after taking this segment in."""
        if self._base is None:
            self._base = seq
        offset = (seq - self._base + _HALF) % (1 << 32) - _HALF
        if offset < 0:
            payload, offset = payload[-offset:], 0
        if payload and offset < LIMIT:
            self._hold(offset, payload[: LIMIT - offset])
            self._join()
        return bytes(self._data)

    def take(self, count: int) -> bytes:
        """Forget that many bytes from the start; what is left."""
        del self._data[:count]
        self._held = [(offset - count, payload) for offset, payload in self._held]
        self._base = ((self._base or 0) + count) % (1 << 32)
        return bytes(self._data)

    @property
    def full(self) -> bool:
        """True where no more is looked at."""
        return len(self._data) >= LIMIT

    def _hold(self, offset: int, payload: bytes) -> None:
        """Keeps those parts of a segment that nothing before it has brought."""
        parts = [(offset, payload)]
        for start, data in self._held:
            parts = [part for whole in parts for part in _outside(whole, start, start + len(data))]
        room = len(self._held) < MOST_HELD
        self._held.extend(part for part in parts if room or part[0] <= len(self._data))

    def _join(self) -> None:
        """Moves what has become contiguous out of the held segments."""
        moved = True
        while moved:
            moved = False
            for place, (offset, payload) in enumerate(self._held):
                if offset <= len(self._data):
                    self._data += payload[len(self._data) - offset :]
                    del self._held[place]
                    moved = True
                    break


def _outside(part: tuple[int, bytes], start: int, end: int) -> list[tuple[int, bytes]]:
    """What of a part lies before and behind a stretch."""
    offset, data = part
    before, behind = data[: max(0, start - offset)], data[max(0, end - offset) :]
    at_end = max(offset, end)
    return [piece for piece in ((offset, before), (at_end, behind)) if piece[1]]
