"""DNS over TCP (RFC 7766)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.dial.api import Address, Dialer, Note, Stream, Tape
from harness.dial.deadline import Deadline
from harness.model import Json, Trust
from harness.resolve.framed import ask_framed
from harness.resolve.gathered import Gathered
from harness.resolve.served import Served, common
from harness.resolve.udp import label


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcp:
    """A connection, and both questions on it."""

    dialer: Dialer
    port: int

    async def reach(self, address: str, until: Deadline, tape: Tape) -> Stream:
        """A connection to the server."""
        return await self.dialer.stream(Address(address, self.port), until, tape)

    async def ask(self, stream: Stream, gathered: Gathered, until: Deadline, note: Note) -> None:
        """Both questions at once, behind their lengths."""
        await ask_framed(stream, gathered, until, note)


def build(params: Mapping[str, Json], dialer: Dialer, _trust: Trust) -> Served:
    """A resolver that asks `server` at `port` by TCP."""
    bootstrap, family = common(params)
    server = Address(params["server"], params.get("port") or 53)
    return Served(
        label=label("tcp", server),
        server=server.host,
        bootstrap=bootstrap,
        transport=Tcp(dialer=dialer, port=server.port),
        dialer=dialer,
        family=family,
    )
