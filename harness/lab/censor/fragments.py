"""Fragments are held until their packet is whole, judged as one packet, and sent on as they came.

Policy: a datagram whose fragments overlap is dropped whole (RFC 8200 section 4.5, RFC 5722; the same for IPv4), as is
one that is not complete in time. A duplicate of a fragment counts as an overlap.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from harness.lab.censor import forge
from harness.lab.censor.packet import ETHER, FRAGMENT, Unreadable, walk

HELD_FOR = 30.0  # seconds, as Linux's ipfrag_time
MOST_DATAGRAMS = 256
MOST_BYTES = 65535
ROOM = 1500  # what a link of the lab carries
FULL = ETHER + ROOM  # its largest frame


@dataclass(slots=True, kw_only=True)
class _Pile:
    since: float
    frames: list[bytes] = field(default_factory=list)
    parts: dict[int, bytes] = field(default_factory=dict)
    total: int | None = None
    spoilt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    key: bytes
    offset: int
    more: bool
    data: bytes


class Fragments:
    """The piles of fragments of one direction."""

    def __init__(self) -> None:
        self._piles: dict[bytes, _Pile] = {}

    def add(self, raw: bytes, now: float) -> tuple[bytes, list[bytes]] | None:
        """The whole packet and the frames that it came in, once `raw` completes it; Unreadable where it spoils it."""
        part = _part4(raw) if raw[12] == 0x08 else _part6(raw)
        pile = self._pile(part.key, now)
        if pile.spoilt or _overlaps(pile, part):
            pile.spoilt = True
            pile.frames.clear()
            raise Unreadable
        pile.frames.append(raw)
        pile.parts[part.offset] = part.data
        if not part.more:
            pile.total = part.offset + len(part.data)
        if pile.total is None or sum(map(len, pile.parts.values())) != pile.total:
            return None
        del self._piles[part.key]
        return _whole(pile), pile.frames

    def _pile(self, key: bytes, now: float) -> _Pile:
        for old in [old for old, pile in self._piles.items() if now - pile.since > HELD_FOR]:
            del self._piles[old]
        if key not in self._piles and len(self._piles) >= MOST_DATAGRAMS:
            del self._piles[next(iter(self._piles))]
        return self._piles.setdefault(key, _Pile(since=now))


def _part4(raw: bytes) -> _Part:
    head = ETHER + (raw[14] & 15) * 4
    end = ETHER + (raw[16] << 8 | raw[17])
    bits = raw[20] << 8 | raw[21]
    return _Part(
        key=raw[26:34] + raw[18:20] + raw[23:24],
        offset=(bits & 0x1FFF) * 8,
        more=bool(bits & 0x2000),
        data=raw[head:end],
    )


def _part6(raw: bytes) -> _Part:
    _, at = walk(raw)
    end = ETHER + 40 + (raw[18] << 8 | raw[19])
    if at + 8 > end:
        raise Unreadable
    bits = raw[at + 2] << 8 | raw[at + 3]
    return _Part(
        key=raw[22:54] + raw[at + 4 : at + 8], offset=bits & 0xFFF8, more=bool(bits & 1), data=raw[at + 8 : end]
    )


def _overlaps(pile: _Pile, part: _Part) -> bool:
    end = part.offset + len(part.data)
    if not part.data or end > MOST_BYTES or (pile.total is not None and (not part.more or end > pile.total)):
        return True
    if part.more and len(part.data) % 8:
        return True
    return any(start < end and part.offset < start + len(data) for start, data in pile.parts.items())


def _whole(pile: _Pile) -> bytes:
    """The packet as if it had never been cut, in a frame as large as it needs."""
    data = b"".join(pile.parts[offset] for offset in sorted(pile.parts))
    first = pile.frames[0]
    if first[12] == 0x08:
        head = bytearray(first[ETHER : ETHER + (first[14] & 15) * 4])
        head[2:4] = struct.pack("!H", min(len(head) + len(data), MOST_BYTES))
        head[6:8] = head[10:12] = bytes(2)
        head[10:12] = forge.checksum(bytes(head)).to_bytes(2, "big")
        return first[:ETHER] + bytes(head) + data
    _, at = walk(first)
    return _whole6(first, at, data)


def _whole6(first: bytes, at: int, data: bytes) -> bytes:
    kind = first[at]
    before = bytearray(first[ETHER:at])
    before[4:6] = struct.pack("!H", min(len(before) - 40 + len(data), MOST_BYTES))
    _name_next(before, kind)
    return first[:ETHER] + bytes(before) + data


def _name_next(before: bytearray, kind: int) -> None:
    """Writes which header follows, in the place where the fragment header was named."""
    place, at = 6, 40
    while before[place] != FRAGMENT:
        place, at = at, at + 8 + before[at + 1] * 8
    before[place] = kind


def cut(raw: bytes, ident: int) -> list[bytes]:
    """The frames that carry a packet over a link of the lab: one, or fragments where it is too long."""
    if len(raw) <= FULL:
        return [raw]
    return _cut4(raw) if raw[12] == 0x08 else _cut6(raw, ident)


def _cut4(raw: bytes) -> list[bytes]:
    size = (raw[14] & 15) * 4
    data = raw[ETHER + size :]
    step = (ROOM - size) // 8 * 8
    frames = []
    for offset in range(0, len(data), step):
        piece = data[offset : offset + step]
        head = bytearray(raw[ETHER : ETHER + size])
        more = 0x2000 if offset + step < len(data) else 0
        head[2:4] = struct.pack("!H", size + len(piece))
        head[6:8] = struct.pack("!H", more | offset // 8)
        head[10:12] = bytes(2)
        head[10:12] = forge.checksum(bytes(head)).to_bytes(2, "big")
        frames.append(raw[:ETHER] + bytes(head) + piece)
    return frames


def _cut6(raw: bytes, ident: int) -> list[bytes]:
    data = raw[ETHER + 40 :]
    step = (ROOM - 48) // 8 * 8
    frames = []
    for offset in range(0, len(data), step):
        piece = data[offset : offset + step]
        more = int(offset + step < len(data))
        head = raw[ETHER : ETHER + 4] + struct.pack("!HBB", 8 + len(piece), FRAGMENT, raw[21]) + raw[22:54]
        frames.append(raw[:ETHER] + head + struct.pack("!BBHI", raw[20], 0, offset | more, ident) + piece)
    return frames
