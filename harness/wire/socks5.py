"""SOCKS5 as bytes: RFC 1928, and the user name and password of RFC 1929."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from harness.wire.cursor import Cursor
from harness.wire.malformed import Malformed

NO_AUTH, PASSWORD, NONE_ACCEPTABLE = 0x00, 0x02, 0xFF  # RFC 1928, section 3
_VERSION, _AUTH_VERSION = 5, 1
CONNECT, ASSOCIATE = 1, 3  # RFC 1928, section 4
NOT_FOR_US = frozenset({2, 7})  # replies to a command that the server does not know, or does not carry out for us
_V4, _NAME, _V6 = 1, 3, 4  # RFC 1928, section 5
_HEAD = 5
"""Bytes of a reply that tell how long it is: version, code, reserved, address type, and a name's length."""

REPLIES: Mapping[int, str] = {  # RFC 1928, section 6
    0: "succeeded",
    1: "general SOCKS server failure",
    2: "connection not allowed by ruleset",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's answer to a request, and the address it says it bound."""

    code: int
    host: str
    port: int

    @property
    def meaning(self) -> str:
        """The code in the RFC's words."""
        return REPLIES.get(self.code, "unassigned")


def greeting(*, password: bool) -> bytes:
    """The first message: no authentication, and a password beside it where we have one."""
    methods = bytes((NO_AUTH, PASSWORD)) if password else bytes((NO_AUTH,))
    return bytes((_VERSION, len(methods))) + methods


def method(answer: bytes) -> int:
    """The method that the server chose, from its two bytes. Raises Malformed."""
    read = Cursor(answer)
    if read.number(1) != _VERSION:
        raise Malformed("no SOCKS5 server", head=answer[:16].hex())
    return read.number(1)


def login(username: str, password: str) -> bytes:
    """The user name and password, at most 255 bytes each (RFC 1929, section 2). Raises Malformed where longer.

    The RFC wants at least one byte of each; an empty password is sent all the same, since servers take it.
    """
    fields = username.encode(), password.encode()
    if not username or any(len(field) > 255 for field in fields):
        raise Malformed("a user name or password that RFC 1929 cannot carry")
    return bytes((_AUTH_VERSION,)) + b"".join(bytes((len(field),)) + field for field in fields)


def accepted(answer: bytes) -> bool:
    """Whether the login was accepted, from its two bytes. Raises Malformed."""
    read = Cursor(answer)
    # Some servers answer with version 5 here; only the status counts then (RFC 1929, section 2).
    if read.number(1) not in {_AUTH_VERSION, _VERSION}:
        raise Malformed("no answer to a login", head=answer[:16].hex())
    return read.number(1) == 0


def request(host: str, port: int, command: int = CONNECT) -> bytes:
    """A request for an address as an address, for a name as a name. Raises Malformed for a name over 255 bytes."""
    return bytes((_VERSION, command, 0)) + _place(host, port)


def _place(host: str, port: int) -> bytes:
    try:
        packed = ipaddress.ip_address(host)
        where = bytes((_V4 if packed.version == 4 else _V6,)) + packed.packed
    except ValueError:
        name = host.encode("idna" if not host.isascii() else "ascii")
        if not 1 <= len(name) <= 255:
            raise Malformed("a name that RFC 1928 cannot carry") from None
        where = bytes((_NAME, len(name))) + name
    return where + port.to_bytes(2, "big")


def refusal(head: bytes) -> Reply | None:
    """What the first two bytes of a reply refuse; None where they do not. Raises Malformed.

    Nothing more is wanted of a refusal: servers cut it short, or put no address type into it, and then hang up.
    """
    read = Cursor(head)
    if read.number(1) != _VERSION:
        raise Malformed("no SOCKS5 reply", head=head[:16].hex())
    code = read.number(1)
    return Reply(code=code, host="", port=0) if code else None


def rest_of_reply(head: bytes) -> int:
    """How many bytes follow the first five of a reply. Raises Malformed."""
    read = Cursor(head)
    if read.number(1) != _VERSION:
        raise Malformed("no SOCKS5 reply", head=head[:16].hex())
    read.take(2)
    kind, first = read.number(1), read.number(1)
    sizes = {_V4: 4, _V6: 16, _NAME: 1 + first}
    if kind not in sizes:
        raise Malformed(f"address type {kind}", head=head[:16].hex())
    return sizes[kind] + 2 - 1


def reply(data: bytes) -> Reply:
    """A whole reply. Raises Malformed."""
    rest_of_reply(data)
    read = Cursor(data)
    read.take(1)
    code = read.number(1)
    read.take(1)
    host, port = _placed(read)
    return Reply(code=code, host=host, port=port)


def _placed(read: Cursor) -> tuple[str, int]:
    kind = read.number(1)
    if kind not in {_V4, _NAME, _V6}:
        raise Malformed(f"address type {kind}")
    raw = read.block(1) if kind == _NAME else read.take(4 if kind == _V4 else 16)
    host = raw.decode("latin-1") if kind == _NAME else _shown(raw)
    return host, read.number(2)


def _shown(raw: bytes) -> str:
    """An address; of IPv4 inside IPv6, which servers with one socket for both see, the IPv4 (RFC 4291, 2.5.5.2)."""
    address = ipaddress.ip_address(raw)
    return str((address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A datagram as it came by way of a relay, and where the relay had it from."""

    host: str
    port: int
    data: bytes


def packed(host: str, port: int, data: bytes) -> bytes:
    """A datagram for a relay to send on (RFC 1928, section 7). Raises Malformed for a name over 255 bytes."""
    return b"\0\0\0" + _place(host, port) + data


def unpacked(datagram: bytes) -> Parcel:
    """What a relay hands back. Raises Malformed, also for a fragment: they are optional, and we ask for none."""
    read = Cursor(datagram)
    read.take(2)
    if fragment := read.number(1):
        raise Malformed(f"fragment {fragment}")
    host, port = _placed(read)
    return Parcel(host=host, port=port, data=read.rest())
