"""What the engine takes for its machine: its own sockets and files, or an entrance in their place.

An entrance stands on the loopback. Whatever is opened goes to it and nowhere else; it is told the address that is
meant, as a SOCKS server would be (RFC 1928), and what it says of the connection is what `connect` then says. A
datagram carries its far end before it, both ways. Port 0 there is the entrance itself: it is asked how a connection
fares, and says which far end of datagrams cannot be reached, and why.
"""

from __future__ import annotations

import errno
import ipaddress
import struct
from dataclasses import dataclass

from harness.dial.api import Address

_END = struct.Struct("!16sH")  # an address, IPv4 as IPv6 writes it (RFC 4291, section 2.5.5.2), and a port
HEADER = _END.size
_MAPPED = bytes(10) + b"\xff\xff"
ENTRANCE = _END.pack(bytes(16), 0)
"""What stands before a datagram to or from the entrance itself."""
CONNECTED = b"connected\n"
LONGEST = 64  # bytes of a line, either way


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where sockets lead, and which files say whom the system's resolver asks."""

    entrance: tuple[int, int] | None = None  # ports of 127.0.0.1, streams' and datagrams'; None: the machine's network
    resolv_conf: str = "/etc/resolv.conf"
    hosts: str = "/etc/hosts"


_taken = [Machine()]


def take(machine: Machine) -> None:
    """From now on this process stands on that machine."""
    _taken[0] = machine


def taken() -> Machine:
    """The machine that this process stands on."""
    return _taken[0]


def header(to: Address) -> bytes:
    """What stands before a datagram: its far end."""
    packed = ipaddress.ip_address(to.host).packed
    return _END.pack(packed if len(packed) == 16 else _MAPPED + packed, to.port)


def asked(to: Address, segment: int | None = None) -> bytes:
    """The line that asks for a connection, maybe of segments that are no longer than that."""
    return f"{to.host} {to.port}{f' {segment}' if segment else ''}\n".encode()


def asked_about(port: int) -> bytes:
    """The datagram that asks what there is to tell of the connection that came from a port."""
    return ENTRANCE + port.to_bytes(2, "big")


def refused(line: bytes) -> OSError:
    """The error that a line stands for; an entrance that has gone is a connection cut off."""
    number: int = getattr(errno, line.decode(errors="replace").strip(), errno.ECONNABORTED)
    return OSError(number, "said by the entrance")
