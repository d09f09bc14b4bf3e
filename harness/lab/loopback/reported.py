"""Errors of ICMP as a socket's owner sees them: which flow they are about, and the name of the error.

RFC 792, RFC 1812 and RFC 4443; which error a code becomes, and which a flow of datagrams is told of, is as in Linux
(net/ipv4/icmp.c, `icmp_err_convert`; net/ipv6/icmp.c, `tab_unreach`).
"""

from __future__ import annotations

import errno
from typing import NamedTuple

from harness.lab.censor.packet import ETHER, ICMP, ICMP6, NotIp, Packet, Piece, Unreadable

_UNREACHABLE = {ICMP: 3, ICMP6: 1}
_ERRORS = {
    ICMP: {0: errno.ENETUNREACH, 3: errno.ECONNREFUSED, 6: errno.ENETUNREACH, 9: errno.ENETUNREACH},
    ICMP6: {0: errno.ENETUNREACH, 1: errno.EACCES, 4: errno.ECONNREFUSED, 5: errno.EACCES, 6: errno.EACCES},
}
_HARD = {ICMP: {2, 3, 6, 7, 9, 10, 13, 14, 15}, ICMP6: {1, 4, 5, 6}}
_HEADER = 8  # bytes of an ICMP error before what it quotes

NO_PORT = ((3, 3), (1, 4))
"""What a machine says where nobody takes datagrams on a port, as `forge.icmp_error` wants it."""


class Reported(NamedTuple):
    """An error about a flow."""

    about: Packet  # as far as it is quoted
    number: int  # of the errno
    hard: bool  # True where those who send datagrams are told


def reported(packet: Packet) -> Reported | None:
    """What an ICMP packet reports; None where that is no error, or of nothing that can be read."""
    kind, code = packet.raw[packet.head], packet.raw[packet.head + 1]
    if kind != _UNREACHABLE[packet.proto]:
        return None
    try:
        about = Packet(_whole(packet), 1 - packet.side)
    except (NotIp, Piece, Unreadable):
        return None
    return Reported(about, _ERRORS[packet.proto].get(code, errno.EHOSTUNREACH), code in _HARD[packet.proto])


def _whole(packet: Packet) -> bytes:
    """What is quoted in a frame, made as long as its header says that it was."""
    quoted = packet.raw[packet.head + _HEADER : packet.end]
    size = int.from_bytes(quoted[2:4], "big") if packet.four else 40 + int.from_bytes(quoted[4:6], "big")
    return packet.raw[:ETHER] + quoted + bytes(max(0, size - len(quoted)))
