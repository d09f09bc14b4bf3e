"""Ethernet frames as the censor reads them: IPv4 and IPv6, TCP, UDP and ICMP. Nothing that comes in makes it raise."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final, TypeVar

CLIENT: Final = 0  # the side that a frame came from, or goes to
INTERNET: Final = 1

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17
ICMP6: Final = 58

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10  # RFC 9293 section 3.1

ETHER: Final = 14
_IPV4, _IPV6 = b"\x08\x00", b"\x86\xdd"
_IPV4_HEAD = struct.Struct("!BxHxxHxB").unpack_from  # version and length, length of all, offset, protocol
_OCTETS = tuple(bytes((number,)) for number in range(256))

T = TypeVar("T")

# Headers that may stand before the payload (RFC 8200 section 4); their length is in their second byte.
_EXTENSIONS = frozenset({0, 43, 60, 135, 139, 140})
FRAGMENT: Final = 44
_MOST_EXTENSIONS = 8  # more than any honest packet has


class Unreadable(Exception):
    """The frame is IP, but what it says of itself does not fit it."""


class NotIp(Exception):
    """The frame is not IP; neighbours are known for good, so nobody misses it."""


class Piece(Exception):
    """The frame carries a part of a packet only."""


class Packet:
    """One IP packet in its frame. Offsets are into `raw`; `end` is where what it carries ends."""

    __slots__ = ("_made", "body", "end", "four", "head", "key", "proto", "raw", "side")

    def __init__(self, raw: bytes, side: int) -> None:
        self.raw = raw
        self.side = side
        self.four = raw[12:14] == _IPV4
        if self.four:
            self.proto, self.head, self.end = _ipv4(raw)
            addresses = raw[26:34]
        elif raw[12:14] == _IPV6:
            self.proto, self.head, self.end = _ipv6(raw)
            addresses = raw[22:54]
        else:
            raise NotIp
        if self.proto == UDP:
            self.end = _udp_end(raw, self.head, self.end)
        self.body = _body(raw, self.proto, self.head, self.end)
        # Who speaks with whom, as bytes: addresses, ports (or an echo's identifier), protocol.
        self.key = addresses + _ends(raw, self.proto, self.head) + _OCTETS[self.proto]
        self._made: dict[Callable[[bytes], Any], Any] | None = None

    def made(self, read: Callable[[bytes], T]) -> T:
        """What a reader makes of the payload: read once, however many rules ask."""
        made = self._made
        if made is None:
            made = self._made = {}
        if read not in made:
            made[read] = read(self.raw[self.body : self.end])
        whole: T = made[read]
        return whole

    @property
    def reverse_key(self) -> bytes:
        """The key of the packets that answer this one."""
        size = 4 if self.four else 16
        key = self.key
        source, target = key[:size], key[size : 2 * size]
        sport, dport = key[2 * size : 2 * size + 2], key[2 * size + 2 : 2 * size + 4]
        return target + source + dport + sport + key[-1:]

    @property
    def source(self) -> bytes:
        """Its source address."""
        return self.raw[26:30] if self.four else self.raw[22:38]

    @property
    def target(self) -> bytes:
        """Its destination address."""
        return self.raw[30:34] if self.four else self.raw[38:54]

    @property
    def sport(self) -> int:
        """Its source port, 0 where it has none."""
        return int.from_bytes(self.key[-5:-3], "big")

    @property
    def dport(self) -> int:
        """Its destination port, 0 where it has none."""
        return int.from_bytes(self.key[-3:-1], "big")

    @property
    def ttl(self) -> int:
        """Its time to live, or hop limit."""
        return self.raw[22] if self.four else self.raw[21]

    @property
    def flags(self) -> int:
        """The flags of a TCP segment, 0 for all else."""
        return self.raw[self.head + 13] if self.proto == TCP else 0

    @property
    def seq(self) -> int:
        """The sequence number of a TCP segment."""
        return int.from_bytes(self.raw[self.head + 4 : self.head + 8], "big")

    @property
    def place(self) -> int:
        """The sequence number of the first byte that a TCP segment carries; a SYN's lies before it (RFC 7413)."""
        return (self.seq + bool(self.flags & SYN)) % (1 << 32)

    @property
    def ack(self) -> int:
        """The acknowledgement number of a TCP segment."""
        return int.from_bytes(self.raw[self.head + 8 : self.head + 12], "big")

    @property
    def payload(self) -> bytes:
        """What the transport carries."""
        return self.raw[self.body : self.end]

    @property
    def length(self) -> int:
        """How much sequence space a TCP segment takes."""
        flags = self.flags
        return self.end - self.body + bool(flags & SYN) + bool(flags & FIN)


def _ends(raw: bytes, proto: int, head: int) -> bytes:
    """The ports, or what stands for them."""
    if proto in {TCP, UDP}:
        return raw[head : head + 4]
    if proto in {ICMP, ICMP6} and raw[head] in {0, 8, 128, 129}:
        return raw[head + 4 : head + 6] * 2
    return bytes(4)


def _ipv4(raw: bytes) -> tuple[int, int, int]:
    """Protocol, start of the transport, end of the packet (RFC 791)."""
    if len(raw) < ETHER + 20:
        raise Unreadable
    first, length, offset, proto = _IPV4_HEAD(raw, ETHER)
    head, end = ETHER + (first & 15) * 4, ETHER + length
    if first >> 4 != 4 or not ETHER + 20 <= head <= end <= len(raw):
        raise Unreadable
    if offset & 0x3FFF:  # more fragments, or not the first
        raise Piece
    return proto, head, end


def _ipv6(raw: bytes) -> tuple[int, int, int]:
    """Protocol, start of the transport, end of the packet (RFC 8200)."""
    proto, head = walk(raw)
    if proto == FRAGMENT:
        raise Piece
    return proto, head, _end6(raw)


def _end6(raw: bytes) -> int:
    end = ETHER + 40 + (raw[18] << 8 | raw[19])
    if end > len(raw):
        raise Unreadable
    return end


def walk(raw: bytes) -> tuple[int, int]:
    """The first header that is no extension, or the fragment header, and where it starts."""
    if len(raw) < ETHER + 40 or raw[14] >> 4 != 6:
        raise Unreadable
    end = _end6(raw)
    kind, at = raw[20], ETHER + 40
    for _ in range(_MOST_EXTENSIONS):
        if kind not in _EXTENSIONS:
            return kind, at
        if at + 8 > end:
            raise Unreadable
        kind, at = raw[at], at + 8 + raw[at + 1] * 8
        if at > end:
            raise Unreadable
    raise Unreadable


def _udp_end(raw: bytes, head: int, end: int) -> int:
    """Where a datagram ends by its own word, as its receiver takes it (RFC 768; 0 is for RFC 2675's jumbograms)."""
    if head + 8 > end:
        raise Unreadable
    length = raw[head + 4] << 8 | raw[head + 5]
    if length == 0 and raw[12:14] == _IPV6:
        return end
    if not 8 <= length <= end - head:
        raise Unreadable
    return head + length


def _body(raw: bytes, proto: int, head: int, end: int) -> int:
    """Where the payload of the transport starts."""
    if proto == TCP:
        body = head + (raw[head + 12] >> 4) * 4 if head + 20 <= end else end + 1
        if not head + 20 <= body <= end:
            raise Unreadable
        return body
    if proto in {UDP, ICMP, ICMP6}:
        if head + 8 > end:
            raise Unreadable
        return head + 8
    return head
