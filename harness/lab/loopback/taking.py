"""How an end of a TCP takes what comes: in its order, what lies beyond a gap kept until the gap is filled."""

from __future__ import annotations

from harness.lab.loopback.segments import SPACE, behind

ROOM = 1 << 20  # bytes that wait for their reader, or for a gap, at most


class Taker:
    """The bytes of one direction, by their numbers."""

    def __init__(self) -> None:
        self.awaited: int | None = None  # what comes next; None before anything has
        self.segments = 0  # with data
        self.out_of_order = 0
        self._beyond: dict[int, bytes] = {}
        self._latest: list[int] = []  # the numbers of what came beyond a gap, the latest last
        self._end: int | None = None  # the number of the far end's FIN

    @property
    def over(self) -> bool:
        """True once everything up to the end has come."""
        return self._end is not None and self.awaited == (self._end + 1) % SPACE

    def take(self, seq: int, data: bytes, *, end: bool) -> bytes:
        """What can be read now that this has come."""
        assert self.awaited is not None
        self.segments += bool(data)
        if self.over:
            return b""
        if end:
            self._end = (seq + len(data)) % SPACE
        known = behind(self.awaited, seq)
        if known < 0:
            self._keep(seq, data)
            return b""
        fresh = data[known:]
        self.awaited = (self.awaited + len(fresh)) % SPACE
        whole = fresh + self._joined() if self._beyond else fresh
        if self._end == self.awaited:
            self.awaited = (self.awaited + 1) % SPACE
        return whole

    def _keep(self, seq: int, data: bytes) -> None:
        self.out_of_order += bool(data)
        if not data or sum(map(len, self._beyond.values())) > ROOM:
            return
        if len(data) > len(self._beyond.get(seq, b"")):
            self._beyond[seq] = data
        self._latest = [*(one for one in self._latest if one != seq), seq]

    def _joined(self) -> bytes:
        """What lay beyond the gap that is filled now."""
        found = b""
        for seq in sorted(self._beyond, key=self._distance):
            known = -self._distance(seq)
            if known < 0:
                break
            fresh = self._beyond.pop(seq)[known:]
            self._latest.remove(seq)
            assert self.awaited is not None
            self.awaited = (self.awaited + len(fresh)) % SPACE
            found += fresh
        return found

    def _distance(self, seq: int) -> int:
        assert self.awaited is not None
        return behind(seq, self.awaited)

    def blocks(self) -> tuple[tuple[int, int], ...]:
        """What lies beyond gaps, the latest first (RFC 2018, section 4)."""
        if not self._beyond:
            return ()
        spans: list[tuple[int, int]] = []
        for seq in sorted(self._beyond, key=self._distance):
            end = (seq + len(self._beyond[seq])) % SPACE
            if spans and behind(spans[-1][1], seq) >= 0:
                spans[-1] = (spans[-1][0], max(spans[-1][1], end, key=self._distance))
            else:
                spans.append((seq, end))
        return tuple(sorted(spans, key=self._recency, reverse=True))

    def _recency(self, span: tuple[int, int]) -> int:
        inside = (at for at, seq in enumerate(self._latest) if behind(seq, span[0]) >= 0 and behind(span[1], seq) > 0)
        return max(inside, default=0)
