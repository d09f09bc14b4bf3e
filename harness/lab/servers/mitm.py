"""A middlebox that reads TLS: for listed names it shows certificates of its own making, signed by a state's root.

KZ 2019-07-17 to 08-07: 37 names, to the letter; the root "Qaznet Trust Network" that no browser trusts; what it shows
has the names of the true server's certificate, which it asks for first, by a ClientHello with 13 suites that no browser
sends (Raman 2020, "Investigating Large Scale HTTPS Interception in Kazakhstan", IMC). Which 13 is not published where
we could read it: here they are suites of TLS 1.2. Whatever else comes, with another name or none, in TLS or not, goes
through untouched. The rule `tls_mitm` leads flows here, and says in each SYN where it was going.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import pathlib
import socket
import ssl
from collections.abc import Sequence
from typing import NamedTuple

from harness.lab.censor import hello
from harness.lab.censor.behaviours.tls_mitm import ADDRESS
from harness.lab.censor.hello import Hello
from harness.lab.censor.params import Named
from harness.lab.censor.scope import Names
from harness.lab.kept import kept
from harness.lab.servers.authority import Authority
from harness.lab.servers.params import Mitm
from harness.lab.servers.proxy import carry, join
from harness.lab.servers.seat import Seat, Stream
from harness.lab.world import Host

_READ = 65_536
_LONGEST = 32_768  # bytes of a ClientHello in its records
_SAVE_SYN, _SAVED_SYN = 27, 28  # linux/tcp.h; the socket module does not name them
_HEADERS = 120  # bytes of a SYN: the longest that IPv4 and TCP can be

# OpenSSL adds the signalling suite of RFC 5746, which makes 13.
SUITES = (
    *("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
    *("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    *("ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA"),
    *("AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES256-SHA", "AES128-SHA"),
)


class Origin(NamedTuple):
    """Where a connection was going."""

    address: str
    port: int


class Middlebox:
    """The public side sees bytes; those of listed names go through a TLS server of its own on loopback."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        params: Mitm = seat.params
        self._listed = Names(Named(names=params.names, match=params.match))
        self._issuer = params.issuer

    async def serve(self, stream: Stream) -> None:
        """Carry one connection to where it was going; one that calls the box itself leads nowhere."""
        origin = self._led_from(stream)
        if origin is None:
            return
        async with contextlib.AsyncExitStack() as held:
            there = _held(held, await self._reached(origin))
            early = asyncio.ensure_future(carry(there, stream))  # a server may speak first
            held.callback(early.cancel)
            first, shown = await _opening(stream.reader)
            if shown is not None and shown.name and self._listed.holds(shown.name):
                inner = await self._read(origin, shown, held)
                if inner is not None:
                    early.cancel()
                    there, early = inner, asyncio.ensure_future(carry(inner, stream))
                    held.callback(early.cancel)
            there.writer.write(first)
            await asyncio.gather(carry(stream, there), early)

    async def _read(self, origin: Origin, shown: Hello, held: contextlib.AsyncExitStack) -> Stream | None:
        """A connection to our own TLS server, which reads; None where the true server's certificate is no good."""
        context = asking(self._seat.internet.authority.ca_file, shown.protocols)
        try:
            there = _held(held, await self._reached(origin))
            await there.writer.start_tls(context, server_hostname=shown.name)
        except (OSError, ValueError):  # ValueError: what is shown as a name could be none
            return None

        async def intercept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            here = Stream(reader, writer)
            with contextlib.closing(writer):
                await join(here, there)

        server = await asyncio.start_server(kept(intercept), "127.0.0.1", 0, ssl=self._shown(there))
        held.callback(server.close)
        return _held(held, Stream(*await asyncio.open_connection(*server.sockets[0].getsockname())))

    def _led_from(self, stream: Stream) -> Origin | None:
        """Where a connection was going when it was led here; None where it was not."""
        if elsewhere := self._seat.internet.elsewhere:
            return origin_in(elsewhere.syn(stream.writer.get_extra_info("peername")))
        return led_from(stream.writer.get_extra_info("socket"))

    async def _reached(self, origin: Origin) -> Stream:
        """A connection to where somebody was going, in the box's own name."""
        elsewhere = self._seat.internet.elsewhere
        if elsewhere is None:
            return Stream(*await asyncio.open_connection(*origin))
        packed = ipaddress.ip_address(origin.address).packed
        return Stream(*await elsewhere.call(packed, origin.port, (self._seat.host.addresses[0], 0)))

    def _shown(self, there: Stream) -> ssl.SSLContext:
        """A context with a certificate for the same names as the true server's, by another root."""
        names = there.writer.get_extra_info("peercert")["subjectAltName"]
        whole = Host(
            name=next(text for kind, text in names if kind == "DNS"),
            names=tuple(text for kind, text in names if kind == "DNS"),
            addresses=tuple(str(ipaddress.ip_address(text)) for kind, text in names if kind == "IP Address"),
        )
        return self._state.context(whole, (there.alpn,) if there.alpn else ())

    @functools.cached_property
    def _state(self) -> Authority:
        folder = self._seat.internet.workdir / f"mitm-{self._seat.host.name}"
        folder.mkdir(mode=0o700)
        return Authority(folder, self._issuer, skew=self._seat.internet.world.skew)


def remembering(listening: socket.socket) -> socket.socket:
    """The socket, whose connections keep the SYN that they began with."""
    listening.setsockopt(socket.IPPROTO_TCP, _SAVE_SYN, 1)
    return listening


def led_from(connection: socket.socket) -> Origin | None:
    """Where a connection was going when it was led here; None where it was not."""
    try:
        return origin_in(connection.getsockopt(socket.IPPROTO_TCP, _SAVED_SYN, _HEADERS))
    except OSError:
        return None


def origin_in(syn: bytes) -> Origin | None:
    """Where a SYN, from its IP header on, says that it was going."""
    start = (syn[0] & 15) * 4 if syn[:1] and syn[0] >> 4 == 4 else 40
    at, end = start + 20, start + (syn[start + 12] >> 4) * 4 if len(syn) > start + 12 else 0
    while at + 1 < min(end, len(syn)) and syn[at]:
        size = 1 if syn[at] == 1 else max(syn[at + 1], 2)
        if syn[at] == ADDRESS and size in {8, 20} and at + size <= len(syn):
            return Origin(
                str(ipaddress.ip_address(syn[at + 4 : at + size])), int.from_bytes(syn[at + 2 : at + 4], "big")
            )
        at += size
    return None


def asking(ca_file: pathlib.Path, protocols: Sequence[bytes]) -> ssl.SSLContext:
    """A client's context whose hello nobody else sends."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(SUITES))
    if protocols:
        context.set_alpn_protocols([one.decode("latin-1") for one in protocols])
    return context


async def _opening(reader: asyncio.StreamReader) -> tuple[bytes, Hello | None]:
    """The first bytes of a connection, and the ClientHello that they hold, if they hold one."""
    data = b""
    while len(data) < _LONGEST:
        part = await reader.read(_READ)
        data += part
        try:
            shown = hello.read(data, join=True)
        except hello.Other:
            break
        if shown.whole or not part:
            return data, shown
    return data, None


def _held(held: contextlib.AsyncExitStack, stream: Stream) -> Stream:
    """The stream, which is closed in the end."""
    held.callback(stream.writer.close)
    return stream
