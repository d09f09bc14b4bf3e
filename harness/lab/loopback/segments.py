"""TCP segments as a client's and a server's machine would write them, in frames that a censor can judge.

Their headers are those of Linux: a SYN names the longest segment, the window's scale and the leave to acknowledge
selectively, every other segment carries timestamps where the client sends them (RFC 9293, section 3.1; RFC 7323;
RFC 2018).
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from typing import NamedTuple

from harness.lab.censor import forge
from harness.lab.censor.packet import ACK, SYN, TCP, Packet

CLIENT_AT = {4: ipaddress.ip_address("100.64.0.2").packed, 16: ipaddress.ip_address("2001:db8:64::2").packed}
SPACE = 1 << 32
SCALE = 6  # of the windows that are told, but for that of a SYN
TIMES = 12  # bytes of a header that timestamps take
_FULL = {4: 1500 - 40, 16: 1500 - 60}  # what a line of 1500 bytes leaves for options and data, by the address's bytes
_MSS, _SCALED, _SACK_PERMITTED, _SACK, _TIMES = 2, 3, 4, 5, 8  # kinds of options
_MOST_BLOCKS = 3  # that fit beside timestamps


class Spot(NamedTuple):
    """An address, packed, and a port."""

    address: bytes
    port: int


class Segment(NamedTuple):
    """What a segment says beside its ends."""

    seq: int
    ack: int
    flags: int
    data: bytes = b""
    window: int = 0  # in bytes
    longest: int = 0  # of the data of segments that its sender takes; told in a SYN alone
    blocks: tuple[tuple[int, int], ...] = ()  # what lies beyond a gap, from one number up to another
    times: tuple[int, int] | None = None  # now, and the other's latest, in milliseconds


class Told(NamedTuple):
    """What the options of a segment say."""

    longest: int = 0
    blocks: tuple[tuple[int, int], ...] = ()
    times: tuple[int, int] | None = None


def client_of(address: bytes) -> bytes:
    """The client's own address of that family."""
    return CLIENT_AT[len(address)]


def spelled(spot: Spot) -> tuple[str, int]:
    """A spot as sockets have it."""
    return str(ipaddress.ip_address(spot.address)), spot.port


def longest(address: bytes) -> int:
    """What a segment takes at most on a line of 1500 bytes, options with it (RFC 9293, section 3.7.1)."""
    return _FULL[len(address)]


def behind(number: int, other: int) -> int:
    """How far a sequence number lies behind another: less than nothing where it lies before it."""
    return (number - other + SPACE // 2) % SPACE - SPACE // 2


def frame(packet: bytes) -> bytes:
    """An IP packet in a frame between nobody and nobody."""
    return bytes(12) + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0") + packet


def framed(here: Spot, there: Spot, said: Segment) -> bytes:
    """The frame of a segment."""
    options = b"".join(_options(said))
    size = (20 + len(options)) // 4 << 4
    window = min(said.window if said.flags & SYN else said.window >> SCALE, 0xFFFF)
    ack = said.ack if said.flags & ACK else 0
    head = struct.pack("!HHIIBBHHH", here.port, there.port, said.seq, ack, size, said.flags, window, 0, 0)
    segment = head + options + said.data
    pseudo = here.address + there.address + struct.pack("!II", len(segment), TCP)
    seal = forge.checksum(pseudo + segment).to_bytes(2, "big")
    return frame(forge.ip(here.address, there.address, TCP, segment[:16] + seal + segment[18:]))


def _options(said: Segment) -> Iterator[bytes]:
    """In the order of Linux, and without an end, so that whoever is on the way may add some."""
    times = struct.pack("!BBII", _TIMES, 10, *said.times) if said.times is not None else b""
    if said.flags & SYN:
        yield struct.pack("!BBH", _MSS, 4, said.longest)
        yield (
            struct.pack("!BB", _SACK_PERMITTED, 2) + times if times else struct.pack("!BBBB", 1, 1, _SACK_PERMITTED, 2)
        )
        yield struct.pack("!BBBB", 1, _SCALED, 3, SCALE)
    elif times:
        yield b"\1\1" + times
    if said.blocks:
        blocks = said.blocks[:_MOST_BLOCKS]
        yield struct.pack("!BBBB", 1, 1, _SACK, 2 + 8 * len(blocks))
        yield from (struct.pack("!II", *block) for block in blocks)


def window_of(packet: Packet) -> int:
    """The window that a segment tells, in bytes."""
    told = int.from_bytes(packet.raw[packet.head + 14 : packet.head + 16], "big")
    return told if packet.flags & SYN else told << SCALE


def told_by(packet: Packet) -> Told:
    """What the options of a segment say; what cannot be read says nothing."""
    raw, at, told = packet.raw[packet.head + 20 : packet.body], 0, Told()
    while at < len(raw) and raw[at]:
        if raw[at] == 1:
            at += 1
            continue
        size = raw[at + 1] if at + 1 < len(raw) else 0
        if size < 2 or at + size > len(raw):
            break
        told = _with(told, raw[at], raw[at + 2 : at + size])
        at += size
    return told


def _with(told: Told, kind: int, value: bytes) -> Told:
    if kind == _MSS and len(value) == 2:
        return told._replace(longest=int.from_bytes(value, "big"))
    if kind == _TIMES and len(value) == 8:
        return told._replace(times=struct.unpack("!II", value))
    if kind == _SACK and not len(value) % 8:
        return told._replace(blocks=tuple(struct.iter_unpack("!II", value)))
    return told
