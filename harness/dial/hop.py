"""What every hop through a proxy has in common: reaching its server, and telling it where to go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from harness.dial import tls
from harness.dial.api import Address, Datagrams, Dialer, Note, Resolver, Stream, Tape
from harness.dial.closing import closed_on_failure
from harness.dial.deadline import Deadline
from harness.dial.fallback import first_of
from harness.failures import Failed
from harness.model import Json, Stage, Trust
from harness.wire.malformed import Malformed

Ask: TypeAlias = Callable[[Stream, Address, Deadline, Note], Awaitable[Stream]]
"""Speaks the proxy's protocol over a stream, and gives the stream on which the target then answers."""


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

    @property
    def of(self) -> str:
        """Whose stages these are."""
        return f"hop:{self.position}"

    async def stream(self, to: Address, until: Deadline, tape: Tape) -> Stream:
        """A stream to the address by way of the proxy, and one `hop` stage: kind, target, and what the proxy said."""
        stream = await self._server(until, tape)
        with closed_on_failure(stream), tape.stage(Stage.HOP, self.of) as note:
            note.detail.update(kind=self.kind, to=to.host, to_port=to.port)
            sent, received = stream.sent, stream.received
            try:
                return await self.ask(stream, to, until, note)
            except Malformed as exc:
                raise Failed("proxy_protocol_error", **exc.detail) from exc
            finally:
                note.sent, note.received = stream.sent - sent, stream.received - received

    async def datagrams(self, to: Address, _until: Deadline, tape: Tape) -> Datagrams:
        """Ends the walk: this hop carries streams only."""
        with tape.stage(Stage.HOP, self.of) as note:
            note.detail.update(kind=self.kind, to=to.host, to_port=to.port, transport="udp")
            raise Failed("not_supported", why="this hop carries no datagrams")

    async def _server(self, until: Deadline, tape: Tape) -> Stream:
        host: str = self.params["host"]
        addresses = await self.resolver.resolve(host, until, tape, self.of)
        return await first_of(addresses, self._reach, until, tape)

    async def _reach(self, address: str, until: Deadline, tape: Tape) -> Stream:
        stream = await self.inner.stream(Address(address, self.params["port"]), until, tape)
        if not self.params.get("tls"):
            return stream
        return await tls.handshake(stream, self.params["host"], until, tape, trust=self.trust, of=self.of)


def credentials(params: Mapping[str, Json]) -> tuple[str, str] | None:
    """The user name and password of a hop's parameters, where it has any."""
    name = params.get("username")
    return (name, params.get("password") or "") if name else None
