"""A small rtnetlink writer: the five messages of which a lab is made (rtnetlink(7), RFC 3549)."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable
from types import TracebackType

# linux/netlink.h
NLMSG_ERROR = 2
NLM_F_REQUEST, NLM_F_ACK = 0x1, 0x4
NLM_F_EXCL, NLM_F_CREATE = 0x200, 0x400
NLA_F_NESTED = 0x8000

# linux/rtnetlink.h
RTM_NEWLINK, RTM_SETLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWNEIGH = 16, 19, 20, 24, 28
RT_TABLE_MAIN = 254
RTPROT_STATIC = 4
RTN_UNICAST = 1
RT_SCOPE_UNIVERSE, RT_SCOPE_HOST = 0, 254
RTNH_F_ONLINK = 4
RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 4, 5

# linux/if_link.h
IFLA_ADDRESS, IFLA_IFNAME, IFLA_LINKINFO, IFLA_AF_SPEC, IFLA_NET_NS_FD = 1, 3, 18, 26, 28
IFLA_INFO_KIND, IFLA_INFO_DATA = 1, 2
IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE = 8, 1
VETH_INFO_PEER = 1
IFF_UP, IFF_NOARP = 0x1, 0x80

# linux/if_addr.h, linux/neighbour.h
IFA_ADDRESS, IFA_LOCAL, IFA_F_NODAD = 1, 2, 2
NDA_DST, NDA_LLADDR, NUD_PERMANENT = 1, 2, 0x80

ANSWER_WITHIN = 5.0  # seconds; the kernel answers in microseconds, so a longer wait is a fault


def attribute(kind: int, data: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    size = 4 + len(data)
    return struct.pack("=HH", size, kind) + data + bytes(-size % 4)


def nested(kind: int, *inner: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(inner))


def link(*attributes: bytes, index: int = 0, flags: int = 0) -> bytes:
    """A link header with its attributes and the flags to set (struct ifinfomsg)."""
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, flags) + b"".join(attributes)


def _no_link_local() -> bytes:
    """Keeps the kernel from making a link-local address, and so from speaking by itself."""
    mode = attribute(IFLA_INET6_ADDR_GEN_MODE, bytes([IN6_ADDR_GEN_MODE_NONE]))
    return nested(IFLA_AF_SPEC, nested(socket.AF_INET6, mode))


def veth(name: str, *, peer: str, peer_ns: int, mac: bytes, peer_mac: bytes) -> tuple[int, int, bytes]:
    """A pair of veths, the peer in the namespace behind `peer_ns`. Both are down yet."""
    there = link(
        attribute(IFLA_IFNAME, peer.encode() + b"\0"),
        attribute(IFLA_ADDRESS, peer_mac),
        attribute(IFLA_NET_NS_FD, struct.pack("=I", peer_ns)),
    )
    info = nested(
        IFLA_LINKINFO,
        attribute(IFLA_INFO_KIND, b"veth\0"),
        nested(IFLA_INFO_DATA, nested(VETH_INFO_PEER, there)),
    )
    here = link(attribute(IFLA_IFNAME, name.encode() + b"\0"), attribute(IFLA_ADDRESS, mac), info)
    return RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, here


def silence(index: int) -> tuple[int, int, bytes]:
    """Keep a link from getting a link-local address; to be said before it is raised."""
    return RTM_NEWLINK, 0, link(_no_link_local(), index=index)


def raise_link(index: int, *, ask: bool = True) -> tuple[int, int, bytes]:
    """Take a link up; unless it is to `ask`, no neighbour is looked for on it."""
    return RTM_NEWLINK, 0, link(index=index, flags=IFF_UP if ask else IFF_UP | IFF_NOARP)


def address(index: int, packed: bytes) -> tuple[int, int, bytes]:
    """One address alone (/32 or /128) on a link, usable at once: no duplicate address detection."""
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    head = struct.pack("=BBBBi", family, 8 * len(packed), IFA_F_NODAD, RT_SCOPE_UNIVERSE, index)
    body = attribute(IFA_LOCAL, packed) + attribute(IFA_ADDRESS, packed)
    return RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, head + body


def route(index: int, *, family: int, to: tuple[bytes, int] = (b"", 0), via: bytes = b"") -> tuple[int, int, bytes]:
    """A route to a prefix (all, where none is given) out of a link, through a gateway on that link."""
    packed, length = to
    flags = RTNH_F_ONLINK if via else 0
    kinds = (RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST)
    head = struct.pack("=BBBBBBBBI", family, length, 0, 0, *kinds, flags)
    body = attribute(RTA_OIF, struct.pack("=i", index))
    body += attribute(RTA_DST, packed) if length else b""
    body += attribute(RTA_GATEWAY, via) if via else b""
    return RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, head + body


def neighbour(index: int, packed: bytes, mac: bytes) -> tuple[int, int, bytes]:
    """A neighbour that is known for good, so that nobody asks by ARP or neighbour discovery."""
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    head = struct.pack("=BxxxiHBB", family, index, NUD_PERMANENT, 0, 0)
    return RTM_NEWNEIGH, NLM_F_CREATE, head + attribute(NDA_DST, packed) + attribute(NDA_LLADDR, mac)


class Rtnetlink:
    """A socket to the rtnetlink of the namespace in which it was opened; it stays there when the process moves on."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.settimeout(ANSWER_WITHIN)
        self._sequence = 0

    def __enter__(self) -> Rtnetlink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def do(self, messages: Iterable[tuple[int, int, bytes]]) -> None:
        """Send the messages one after another; the first that the kernel refuses raises OSError."""
        for kind, flags, body in messages:
            self._sequence += 1
            head = struct.pack("=IHHII", 16 + len(body), kind, flags | NLM_F_REQUEST | NLM_F_ACK, self._sequence, 0)
            self._socket.send(head + body)
            self._acknowledged()

    def _acknowledged(self) -> None:
        while True:
            answer = self._socket.recv(65536)
            _, kind, _, sequence, _ = struct.unpack_from("=IHHII", answer)
            if kind == NLMSG_ERROR and sequence == self._sequence:
                number = -int(struct.unpack_from("=i", answer, 16)[0])
                if number:
                    raise OSError(number, os.strerror(number))
                return
