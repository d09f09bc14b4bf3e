"""A middlebox that reads TLS: for listed names it shows certificates of its own making, signed by a state's root.

KZ 2019-07-17 to 08-07: 37 names, the root "Qaznet Trust Network" that no browser trusts (Raman 2020, "Investigating
Large Scale HTTPS Interception in Kazakhstan", IMC). Other names go through untouched. The rule `tls_mitm` leads flows
here.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence

from harness.lab.censor import hello
from harness.lab.censor.params import Named
from harness.lab.censor.scope import Names
from harness.lab.servers.authority import Authority
from harness.lab.servers.params import HTTP, Mitm
from harness.lab.servers.proxy import carry
from harness.lab.servers.seat import Seat, Stream
from harness.lab.world import Host

_READ = 65_536
_LONGEST = 32_768  # bytes of a ClientHello in its records


class Middlebox:
    """The public side sees bytes; those of listed names go through a TLS server of its own on loopback."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self.params: Mitm = seat.params
        self._listed = Names(Named(names=self.params.names))
        self._inside: asyncio.Future[int] | None = None
        self._calls: dict[int, str] = {}  # which name a connection on loopback is for, by its port

    async def serve(self, stream: Stream) -> None:
        """Carry one connection to where its name leads; one without a name that is known leads nowhere."""
        first, name = await _opening(stream.reader)
        addresses = self._seat.internet.zone.get(name, ())
        if not addresses:
            return
        inner = await self._called(name) if self._listed.holds(name) else await _reached(addresses, self.params.port)
        inner.writer.write(first)
        await _both(stream, inner)

    async def _called(self, name: str) -> Stream:
        """A connection to our own TLS server, for that name."""
        if self._inside is None:
            self._inside = asyncio.ensure_future(self._listen())
        inner = Stream(*await asyncio.open_connection("127.0.0.1", await self._inside))
        self._calls[inner.writer.get_extra_info("sockname")[1]] = name
        return inner

    async def _listen(self) -> int:
        """The loopback port of our own TLS server."""
        server = await asyncio.start_server(self._intercept, "127.0.0.1", 0, ssl=self._front())
        self._seat.internet.exits.callback(server.close)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def _front(self) -> ssl.SSLContext:
        """A context that shows, for whatever name is asked, a certificate made for it."""
        folder = self._seat.internet.workdir / f"mitm-{self._seat.host.name}"
        folder.mkdir(mode=0o700)
        state = Authority(folder, self.params.issuer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            connection.context = state.context(
                Host(name=name or "nobody", names=(name or "nobody",), addresses=()), HTTP
            )

        context.sni_callback = choose
        return context

    async def _intercept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with the true server for a client that has taken our certificate."""
        here = Stream(reader, writer)
        name = self._calls.pop(writer.get_extra_info("peername")[1])
        context = ssl.create_default_context(cafile=str(self._seat.internet.authority.ca_file))
        if here.alpn:
            context.set_alpn_protocols([here.alpn])
        with contextlib.closing(writer), contextlib.suppress(OSError):
            addresses = self._seat.internet.zone[name]
            await _both(here, await _reached(addresses, self.params.port, context, name))


async def _opening(reader: asyncio.StreamReader) -> tuple[bytes, str]:
    """The first bytes of a connection, and the name in the ClientHello that they hold; "" where there is none."""
    data = b""
    while len(data) < _LONGEST:
        part = await reader.read(_READ)
        data += part
        try:
            shown = hello.read(data, join=True)
        except hello.Other:
            break
        if shown.whole or not part:
            return data, shown.name or ""
    return data, ""


async def _reached(
    addresses: Sequence[str], port: int, context: ssl.SSLContext | None = None, name: str | None = None
) -> Stream:
    """A connection to a true server, in TLS with a context."""
    return Stream(*await asyncio.open_connection(addresses[0], port, ssl=context, server_hostname=name))


async def _both(here: Stream, there: Stream) -> None:
    """Everything that comes on one side goes to the other, until one lets go."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(carry(here, there))
            both.create_task(carry(there, here))
    except* OSError:
        pass
    finally:
        there.writer.close()
