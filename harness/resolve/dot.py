"""DNS over TLS (RFC 7858)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.dial import tls
from harness.dial.api import Address, Dialer, Stream, Tape
from harness.dial.deadline import Deadline
from harness.model import Json, Trust
from harness.resolve.served import Served, common
from harness.resolve.tcp import Tcp
from harness.resolve.udp import label


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot(Tcp):
    """As by TCP, inside TLS under the resolver's name."""

    name: str
    trust: Trust

    async def reach(self, address: str, until: Deadline, tape: Tape) -> Stream:
        """TLS to the server. No ALPN is offered: knot-resolver refuses some, and RFC 7858 asks for none."""
        stream = await Tcp.reach(self, address, until, tape)
        return await tls.handshake(stream, self.name, until, tape, trust=self.trust, of="resolver")


def build(params: Mapping[str, Json], dialer: Dialer, trust: Trust) -> Served:
    """A resolver that asks `server` at `port` over TLS, which must show a certificate for `name` (else `server`)."""
    bootstrap, family = common(params)
    server = Address(params["server"], params.get("port") or 853)
    return Served(
        label=label("dot", server),
        server=server.host,
        bootstrap=bootstrap,
        transport=Dot(dialer=dialer, port=server.port, name=params.get("name") or server.host, trust=trust),
        dialer=dialer,
        family=family,
    )
