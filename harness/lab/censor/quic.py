"""QUIC's headers as a middlebox reads them: what all versions share (RFC 8999), and the numbers of versions 1 and 2."""

from __future__ import annotations

LONG, FIXED = 0x80, 0x40  # RFC 9000 section 17.2
LEAST = 1200  # bytes of a datagram with an Initial (section 14.1)
WIRE = {b"\0\0\0\x01": 1, b"\x6b\x33\x43\xcf": 2}
"""How versions are written on the wire (RFC 9000 section 15, RFC 9369 section 3.1)."""


def is_long(data: bytes) -> bool:
    """True for a datagram that begins with a long header of any version; a version negotiation has none."""
    return len(data) >= 7 and data[0] & LONG != 0 and data[1:5] != bytes(4)


def is_short(data: bytes) -> bool:
    """True for a datagram that may begin with a short header: the data of a connection that stands."""
    return bool(data) and data[0] & (LONG | FIXED) == FIXED


def opens(data: bytes) -> bool:
    """True for a datagram as a client of a known version sends it first."""
    return len(data) >= LEAST and data[0] & (LONG | FIXED) == LONG | FIXED and data[1:5] in WIRE
