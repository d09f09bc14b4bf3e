"""Packets of the censor's own making: checksummed, addressed as answers to a packet that it saw."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from harness.lab.censor.packet import ACK, ETHER, FIN, ICMP, ICMP6, PSH, RST, TCP, UDP, Packet

FULL_WINDOW = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a forged packet's headers say, beside its ends."""

    ttl: int = 64  # as it leaves the censor; for IPv6 the hop limit
    ident: int = 0  # IPv4's identification
    df: bool = True  # IPv4's "don't fragment"
    window: int = FULL_WINDOW  # of a reset
    ahead: int = 0  # how far a reset's sequence number lies beyond the expected one


PLAIN = Look()


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071): the complement of the sum of 16-bit words, carries folded in."""
    if len(data) % 2:
        data += b"\0"
    total = int.from_bytes(data, "big") % 0xFFFF
    # A sum of nothing but zeros is 0, every other multiple of 0xFFFF is 0xFFFF.
    return 0xFFFF - total if total or not any(data) else 0


def ip(source: bytes, target: bytes, proto: int, payload: bytes, look: Look = PLAIN) -> bytes:
    """An IP packet, of the family that the addresses say."""
    if len(source) == 16:
        return struct.pack("!IHBB", 0x60000000, len(payload), proto, look.ttl) + source + target + payload
    flags = 0x4000 if look.df else 0
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), look.ident, flags, look.ttl, proto, 0) + source + target
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + payload


def _sealed(source: bytes, target: bytes, proto: int, segment: bytes, at: int) -> bytes:
    """The segment with its checksum, which covers a pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1)."""
    pseudo = source + target + struct.pack("!II", len(segment), proto)
    value = checksum(pseudo + segment)
    if proto == UDP and value == 0:
        value = 0xFFFF  # 0 would say that there is none (RFC 768)
    return segment[:at] + value.to_bytes(2, "big") + segment[at + 2 :]


def udp(source: bytes, target: bytes, ports: tuple[int, int], payload: bytes) -> bytes:
    """A UDP datagram from the first port to the second."""
    datagram = struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload
    return _sealed(source, target, UDP, datagram, 6)


def tcp(source: bytes, target: bytes, ports: tuple[int, int], where: tuple[int, ...], payload: bytes = b"") -> bytes:
    """A TCP segment from the first port to the second; `where` is sequence, acknowledgement, flags, maybe window."""
    seq, ack, flags, window = (*where, FULL_WINDOW)[:4]
    head = (*ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags, window & 0xFFFF, 0, 0)
    return _sealed(source, target, TCP, struct.pack("!HHIIBBHHH", *head) + payload, 16)


def _frame(like: Packet, packet: bytes, *, back: bool) -> bytes:
    """A frame for a packet that goes the way of `like`, or back."""
    raw = like.raw
    macs = raw[6:12] + raw[0:6] if back else raw[0:12]
    return macs + raw[12:14] + packet


def udp_answer(to: Packet, payload: bytes, look: Look = PLAIN) -> bytes:
    """A datagram that seems to come from where `to` went."""
    datagram = udp(to.target, to.source, (to.dport, to.sport), payload)
    return _frame(to, ip(to.target, to.source, UDP, datagram, look), back=True)


def reset_back(to: Packet, *, ack: bool = True, payload: bytes = b"", look: Look = PLAIN) -> bytes:
    """A reset for the sender of `to`, as its peer would send it (RFC 9293 section 3.5.2)."""
    known = bool(to.flags & ACK)
    flags = RST | ACK if ack or not known else RST
    seq = (to.ack if known else 0) + look.ahead
    where = (seq, to.seq + to.length if flags & ACK else 0, flags, look.window)
    segment = tcp(to.target, to.source, (to.dport, to.sport), where, payload)
    return _frame(to, ip(to.target, to.source, TCP, segment, look), back=True)


def reset_on(
    after: Packet, *, ack: bool = True, payload: bytes = b"", look: Look = PLAIN, taken: bool = False
) -> bytes:
    """A reset for the receiver of `after`, as its sender would send it; `taken` where that packet itself goes on."""
    seq = (after.seq + after.length if taken else after.seq) + look.ahead
    where = (seq, after.ack if ack else 0, RST | ACK if ack else RST, look.window)
    segment = tcp(after.source, after.target, (after.sport, after.dport), where, payload)
    return _frame(after, ip(after.source, after.target, TCP, segment, look), back=False)


def tcp_answer(to: Packet, payload: bytes, look: Look = PLAIN) -> bytes:
    """Data that ends the stream, for the sender of `to`, as its peer would send it."""
    where = (to.ack, to.seq + to.length, PSH | ACK | FIN)
    segment = tcp(to.target, to.source, (to.dport, to.sport), where, payload)
    return _frame(to, ip(to.target, to.source, TCP, segment, look), back=True)


def end(to: Packet, look: Look = PLAIN) -> bytes:
    """The end of the stream, without data, for the sender of `to`, as its peer would send it."""
    segment = tcp(to.target, to.source, (to.dport, to.sport), (to.ack, to.seq + to.length, ACK | FIN))
    return _frame(to, ip(to.target, to.source, TCP, segment, look), back=True)


# ICMP and ICMPv6 types and codes (RFC 792, RFC 1812, RFC 4443).
UNREACHABLE = {
    "net_unreachable": ((3, 0), (1, 0)),
    "host_unreachable": ((3, 1), (1, 3)),
    "admin_prohibited": ((3, 13), (1, 1)),
}
TIME_EXCEEDED = ((11, 0), (3, 0))


_ECHOES = frozenset({8, 128})  # requests


def may_be_told(packet: Packet) -> bool:
    """True where an ICMP error may answer the packet: never another error (RFC 1122, 3.2.2; RFC 4443, 2.4 (e))."""
    return packet.proto not in {ICMP, ICMP6} or packet.raw[packet.head] in _ECHOES


def icmp_error(about: Packet, router: bytes, codes: tuple[tuple[int, int], tuple[int, int]]) -> bytes:
    """An ICMP error of a router's for the sender of `about`, which it quotes."""
    kind, code = codes[0 if about.four else 1]
    room = 576 - 28 if about.four else 1280 - 48  # RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c)
    message = struct.pack("!BBHI", kind, code, 0, 0) + about.raw[ETHER : about.end][:room]
    if about.four:
        message = message[:2] + checksum(message).to_bytes(2, "big") + message[4:]
        return _frame(about, ip(router, about.source, ICMP, message), back=True)
    message = _sealed(router, about.source, ICMP6, message, 2)
    return _frame(about, ip(router, about.source, ICMP6, message), back=True)


def rewritten(packet: Packet, flags: int) -> bytes:
    """The segment with other flags and without its payload; ports, numbers, options, TTL and IP header stay."""
    raw, head, body = packet.raw, packet.head, packet.body
    segment = raw[head : head + 13] + bytes((flags,)) + raw[head + 14 : head + 16] + bytes(4) + raw[head + 20 : body]
    return raw[:ETHER] + _carrying(packet, segment)


def _carrying(packet: Packet, segment: bytes) -> bytes:
    """The packet's IP header, around a segment of another length whose checksum is yet to be made."""
    segment = segment[:16] + bytes(2) + segment[18:]
    start = _sized(packet.raw[ETHER : packet.head], len(segment))
    return start + _sealed(packet.source, packet.target, TCP, segment, 16)


def _sized(header: bytes | bytearray, size: int) -> bytes:
    """The IP header before so many bytes."""
    start = bytearray(header)
    if start[0] >> 4 == 4:
        start[2:4] = (len(start) + size).to_bytes(2, "big")
        start[10:12] = bytes(2)
        start[10:12] = checksum(bytes(start)).to_bytes(2, "big")
    else:
        start[4:6] = (len(start) - 40 + size).to_bytes(2, "big")
    return bytes(start)


ROOM = 40  # bytes of options that a TCP header has room for (RFC 9293 section 3.1)


def optioned(packet: Packet, option: bytes) -> bytes:
    """The segment with one more option, whose length is a multiple of four; as it was where there is no room."""
    raw, head, body = packet.raw, packet.head, packet.body
    if body - head - 20 + len(option) > ROOM:
        return raw
    words = (body - head + len(option)) // 4
    segment = raw[head : head + 12] + bytes((words << 4 | raw[head + 12] & 15,)) + raw[head + 13 : body]
    return raw[:ETHER] + _carrying(packet, segment + option + packet.payload)


def redirected(packet: Packet, *, source: tuple[bytes, int], target: tuple[bytes, int]) -> bytes:
    """The same datagram or segment between other ends; everything else of it stays."""
    raw, head = packet.raw, packet.head
    ports = source[1].to_bytes(2, "big") + target[1].to_bytes(2, "big")
    at = 6 if packet.proto == UDP else 16
    inner = ports + raw[head + 4 : head + at] + bytes(2) + raw[head + at + 2 : packet.end]
    start = bytearray(raw[ETHER:head])
    place = 12 if packet.four else 8
    start[place : place + 2 * len(source[0])] = source[0] + target[0]
    # What stands behind a datagram's own end does not go along.
    return raw[:ETHER] + _sized(start, len(inner)) + _sealed(source[0], target[0], packet.proto, inner, at)


def lowered(raw: bytes, by: int) -> bytes:
    """The frame with its TTL lower by that many routers, its checksum with it (RFC 1624)."""
    if raw[12] != 0x08:
        return raw[:21] + bytes((raw[21] - by,)) + raw[22:]
    head = bytearray(raw[ETHER:34])
    head[8] -= by
    old = (raw[24] << 8 | raw[25]) ^ 0xFFFF
    total = old + 0xFFFF - (by << 8)  # one's complement: taking off is adding the complement
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    head[10:12] = (total ^ 0xFFFF).to_bytes(2, "big")
    return raw[:ETHER] + bytes(head) + raw[34:]
