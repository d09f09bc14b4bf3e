"""A STUN server (RFC 8489): binding requests are answered, over UDP and over TCP, by the source they came from."""

from __future__ import annotations

import asyncio
import ipaddress
import struct

from harness.lab.servers.seat import Seat, Source, Stream

_HEAD = struct.Struct(">HHI12s")
_COOKIE = 0x2112A442
_BINDING, _SUCCESS, _ERROR = 0x0001, 0x0100, 0x0110  # the classes stand beside a request's method (section 5)
_XOR_MAPPED, _SOFTWARE, _ERROR_CODE = 0x0020, 0x8022, 0x0009


class StunServer:
    """Tells everybody where they come from; a method other than binding is answered with 400."""

    def __init__(self, _seat: Seat) -> None:
        """Any seat will do."""

    def answer(self, datagram: bytes, source: Source) -> bytes | None:
        """The answer to one request, None for what is none."""
        if len(datagram) < _HEAD.size:
            return None
        kind, size, cookie, transaction = _HEAD.unpack_from(datagram)
        if cookie != _COOKIE or kind & 0xC110 or len(datagram) != _HEAD.size + size:
            return None
        if kind != _BINDING:
            return _message(kind | _ERROR, transaction, _attribute(_ERROR_CODE, b"\0\0\x04\0Bad Request"))
        mapped = _attribute(_XOR_MAPPED, _masked(source, transaction))
        return _message(kind | _SUCCESS, transaction, mapped + _attribute(_SOFTWARE, b"lab"))

    async def serve(self, stream: Stream) -> None:
        """Answer every request of a connection (section 6.2.2: messages follow one another without any framing)."""
        while True:
            try:
                head = await stream.reader.readexactly(_HEAD.size)
                body = await stream.reader.readexactly(int.from_bytes(head[2:4], "big"))
            except asyncio.IncompleteReadError:
                return
            if (answer := self.answer(head + body, stream.peer)) is None:
                return
            stream.writer.write(answer)
            await stream.writer.drain()


def _message(kind: int, transaction: bytes, attributes: bytes) -> bytes:
    return _HEAD.pack(kind, len(attributes), _COOKIE, transaction) + attributes


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _masked(source: Source, transaction: bytes) -> bytes:
    """Section 14.2: the address is hidden from those who rewrite addresses wherever they see them."""
    address = ipaddress.ip_address(source[0])
    mask = int.from_bytes((struct.pack(">I", _COOKIE) + transaction)[: address.max_prefixlen // 8], "big")
    hidden = (int(address) ^ mask).to_bytes(address.max_prefixlen // 8, "big")
    return struct.pack(">xBH", 1 if address.version == 4 else 2, source[1] ^ (_COOKIE >> 16)) + hidden
