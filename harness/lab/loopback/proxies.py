"""Proxies of the loopback's own, which know where the servers of the world stand: HTTP CONNECT and SOCKS5.

RFC 9110, section 9.3.6 (CONNECT) and section 11 (authentication); RFC 1928 and RFC 1929.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import socket
from abc import ABC, abstractmethod

from harness.lab.servers.proxy import join
from harness.lab.servers.seat import Seat, Stream

_PIECE = 1448  # bytes that a paced server sends at once: a segment
_LONGEST = 100  # header lines
_NO_AUTH, _PASSWORD, _NONE = 0, 2, 0xFF  # RFC 1928, section 3
_READ = 65_536
_CONNECT, _ASSOCIATE = 1, 3  # RFC 1928, section 4
_V4, _NAME, _V6 = 1, 3, 4  # RFC 1928, section 5
_DONE, _UNKNOWN_COMMAND = 0, 7  # RFC 1928, section 6


class Paced(asyncio.StreamReader):
    """What another reader has, no faster than a server sends."""

    def __init__(self, inner: asyncio.StreamReader, rate: float) -> None:
        super().__init__()
        self._inner, self._rate = inner, rate

    async def read(self, n: int = -1) -> bytes:
        """The next of it, in its time."""
        data = await self._inner.read(min(n, _PIECE) if n > 0 else n)
        await asyncio.sleep(len(data) * 8 / self._rate)
        return data


class StandIn(ABC):
    """A proxy: whom it is asked for, it reaches without the censor, who stands before the border."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    async def serve(self, stream: Stream) -> None:
        """Carry one connection."""
        wanted = await self.asked(stream)
        there = await self._reach(*wanted) if wanted else None
        if there is None:  # as sing-box does it: said to be connected first, and then cut off
            return
        with contextlib.closing(there.writer):
            await join(stream, there)

    @abstractmethod
    async def asked(self, stream: Stream) -> tuple[str, int] | None:
        """Whom the client is let through to, as it has been told; None where it is not."""

    def known(self, name: str, password: str) -> bool:
        """True where the proxy lets in whoever says so."""
        params = self._seat.params
        return (name, password) == (params.username, params.password)

    async def _reach(self, host: str, port: int) -> Stream | None:
        """The server at a name or address; None where there is none."""
        elsewhere = self._seat.internet.elsewhere
        packed = self.found(host)
        if packed is None or elsewhere is None:
            return None
        try:
            reader, writer = await elsewhere.call(packed, port, (self.address(len(packed)), 0))
        except OSError:
            return None
        rate = elsewhere.rate(packed, port)
        return Stream(Paced(reader, rate) if rate else reader, writer)

    def found(self, host: str) -> bytes | None:
        """The address, packed, of a name or address; None of a name that nobody has."""
        address = next(iter(self._seat.internet.zone.get(host.lower(), (host,))))
        try:
            return ipaddress.ip_address(address).packed
        except ValueError:
            return None

    def address(self, size: int) -> str:
        """The proxy's own address, of the family that it goes out by."""
        own = self._seat.host.addresses
        return next((one for one in own if len(ipaddress.ip_address(one).packed) == size), own[0])


class HttpProxy(StandIn):
    """HTTP CONNECT."""

    async def asked(self, stream: Stream) -> tuple[str, int] | None:
        """Take the request, and answer it."""
        method, target, *_ = (await stream.reader.readuntil(b"\r\n")).decode("latin-1").split()
        if not self._let_in(await _headers(stream)):
            return _refused(stream, '407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="lab"')
        host, _, port = target.rpartition(":")
        if method != "CONNECT" or not port.isdecimal():
            return _refused(stream, "405 Method Not Allowed")
        stream.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return host.strip("[]"), int(port)

    def _let_in(self, headers: dict[str, str]) -> bool:
        if not self._seat.params.username:
            return True
        _, _, word = headers.get("proxy-authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(word).decode().partition(":")
        except ValueError:
            return False
        return self.known(name, password)


async def _headers(stream: Stream) -> dict[str, str]:
    found = {}
    for _ in range(_LONGEST):
        line = (await stream.reader.readuntil(b"\r\n")).decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        found[name.strip().lower()] = value.strip()
    return found


def _refused(stream: Stream, status: str) -> tuple[str, int] | None:
    """Say why there is no connection."""
    stream.writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    return None


class SocksProxy(StandIn):
    """SOCKS5, for streams and for datagrams."""

    async def asked(self, stream: Stream) -> tuple[str, int] | None:
        """Greet, let in, take the request and answer it."""
        read = stream.reader.readexactly
        methods = await read((await read(2))[1])
        wanted = _PASSWORD if self._seat.params.username else _NO_AUTH
        stream.writer.write(bytes((5, wanted if wanted in methods else _NONE)))
        if wanted not in methods or (wanted == _PASSWORD and not await self._let_in(stream)):
            return None
        _, command, _, kind = await read(4)
        host = await _host(stream, kind)
        port = int.from_bytes(await read(2), "big")
        if command == _ASSOCIATE:
            await self._associate(stream)
            return None
        reply = _DONE if command == _CONNECT else _UNKNOWN_COMMAND
        stream.writer.write(bytes((5, reply, 0, _V4)) + bytes(6))
        return (host, port) if reply == _DONE else None

    async def _associate(self, stream: Stream) -> None:
        """Carry datagrams for as long as the connection stands (RFC 1928, section 7)."""
        from harness.lab.loopback.association import Association

        elsewhere = self._seat.internet.elsewhere
        assert elsewhere
        own = self.address(len(ipaddress.ip_address(stream.source).packed))
        bound = elsewhere.bind(own, 0, socket.SOCK_DGRAM)
        packed = ipaddress.ip_address(own).packed
        public = bytes((_V4 if len(packed) == 4 else _V6,)) + packed + bound.getsockname()[1].to_bytes(2, "big")
        with contextlib.closing(Association(self, elsewhere, bound)):
            stream.writer.write(bytes((5, _DONE, 0)) + public)
            while await stream.reader.read(_READ):
                continue

    async def _let_in(self, stream: Stream) -> bool:
        read = stream.reader.readexactly
        name = await read((await read(2))[1])
        password = await read((await read(1))[0])
        let_in = self.known(name.decode(errors="replace"), password.decode(errors="replace"))
        stream.writer.write(bytes((1, 0 if let_in else 1)))
        return let_in


async def _host(stream: Stream, kind: int) -> str:
    read = stream.reader.readexactly
    if kind == _NAME:
        return (await read((await read(1))[0])).decode(errors="replace")
    return str(ipaddress.ip_address(await read({_V4: 4, _V6: 16}[kind])))
