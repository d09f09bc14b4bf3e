"""What every hop through a proxy has in common: reaching its server, and telling it where to go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from harness.dial import tls
from harness.dial.api import Address, Datagrams, Dialer, Note, Resolver, Stream, Tape
from harness.dial.associate import RelayedDatagrams
from harness.dial.closing import closed_on_failure
from harness.dial.deadline import Deadline
from harness.dial.fallback import first_of
from harness.failures import Failed
from harness.model import Json, Stage, Trust
from harness.wire.malformed import Malformed

CONNECT = 5.0
"""Seconds in which a proxy has to take a connection: room for a SYN and two repetitions (RFC 6298: at 1 and 3 s)."""

Ask: TypeAlias = Callable[[Stream, Address, Deadline, Note], Awaitable[Stream]]
"""Speaks the proxy's protocol over a stream, and gives the stream on which the target then answers."""

Associate: TypeAlias = Callable[[Stream, Deadline, Note], Awaitable[Callable[[str], Address]]]
"""Asks the proxy to relay datagrams; says where its relay listens, given the server's own address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A proxy around another dialer. Its stages, of `hop:<position>`: `connect`, `tls` where it has one, `hop`."""

    kind: str
    params: Mapping[str, Json]
    inner: Dialer
    resolver: Resolver
    position: int
    trust: Trust
    ask: Ask
    associate: Associate | None = None  # None where the protocol has no datagrams

    @property
    def of(self) -> str:
        """Whose stages these are."""
        return f"hop:{self.position}"

    async def stream(self, to: Address, until: Deadline, tape: Tape) -> Stream:
        """A stream to the address by way of the proxy, and one `hop` stage: kind, target, and what the proxy said."""
        stream, _ = await self._server(until, tape)
        with closed_on_failure(stream), self._told(stream, to, tape) as note:
            return await self.ask(stream, to, until, note)

    async def datagrams(self, to: Address, until: Deadline, tape: Tape) -> Datagrams:
        """Datagrams by way of the proxy's relay, and one `hop` stage; `not_supported` where it carries none."""
        if self.associate is None:
            return self._streams_only(to, tape)
        stream, server = await self._server(until, tape)
        with closed_on_failure(stream):
            with self._told(stream, to, tape) as note:
                note.detail.update(transport="udp")
                relay = (await self.associate(stream, until, note))(server)
            return RelayedDatagrams(await self.inner.datagrams(relay, until, tape), stream, to)

    def _streams_only(self, to: Address, tape: Tape) -> Datagrams:
        with tape.stage(Stage.HOP, self.of) as note:
            note.detail.update(kind=self.kind, to=to.host, to_port=to.port, transport="udp")
            raise Failed("not_supported", why="this hop carries no datagrams")

    @contextmanager
    def _told(self, stream: Stream, to: Address, tape: Tape) -> Iterator[Note]:
        """The `hop` stage, with what went over the stream meanwhile."""
        with tape.stage(Stage.HOP, self.of) as note:
            note.detail.update(kind=self.kind, to=to.host, to_port=to.port)
            sent, received = stream.sent, stream.received
            try:
                yield note
            except Malformed as exc:
                raise Failed("proxy_protocol_error", **exc.detail) from exc
            finally:
                note.sent, note.received = stream.sent - sent, stream.received - received

    async def _server(self, until: Deadline, tape: Tape) -> tuple[Stream, str]:
        """A stream to the proxy, and the address at which it was reached."""
        host: str = self.params["host"]
        addresses = await self.resolver.resolve(host, until, tape, self.of)

        async def reach(address: str, until: Deadline, tape: Tape) -> tuple[Stream, str]:
            return await self._reach(address, until, tape), address

        return await first_of(addresses, reach, until, tape)

    async def _reach(self, address: str, until: Deadline, tape: Tape) -> Stream:
        soon = until.sooner(CONNECT)
        stream = await self.inner.stream(Address(address, self.params["port"]), soon, tape)
        if not self.params.get("tls"):
            return stream
        return await tls.handshake(stream, self.params["host"], until, tape, trust=self.trust, of=self.of)


def credentials(params: Mapping[str, Json]) -> tuple[str, str] | None:
    """The user name and password of a hop's parameters, where it has any."""
    name = params.get("username")
    return (name, params.get("password") or "") if name else None
