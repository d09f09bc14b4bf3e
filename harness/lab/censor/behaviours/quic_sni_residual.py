"""Later datagrams to a server vanish once an Initial has shown a listed name; the Initial itself passes.

CN since 2024-04-07 (Zohaib 2025, "Exposing and Circumventing SNI-based QUIC Censorship of the Great Firewall of
China", USENIX Security; net4people/bbs issues 468 and 505; figures from its data, github.com/gfw-report/
usenixsecurity25-quic-sni). The first datagram of a flow alone is looked at, and a flow is forgotten after 60 s without
one; only clients whose port is above the server's; the client's datagrams to that address and port are then lost for
180 s, after a latency in which the first ones still pass: 70 to 180 ms as a rule, now and then seconds. Of the Initial
it reads what stands behind the head of a first CRYPTO frame, whatever length that says. A junk datagram ahead, a hello
split over datagrams or frames, PING or PADDING before it, version 2 and a low source port defeat it. Less is caught at
busy hours, which `probability` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.lab.censor import params, quic_names
from harness.lab.censor.packet import CLIENT, Packet

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

SERVER = params.Residual(key="3tuple", seconds=180.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(quic_names.Params):
    """As every rule about names in Initials, on any port."""

    ports: tuple[params.Port, ...] = ()
    reassembly: quic_names.Joined = "first"
    versions: tuple[Literal[1, 2], ...] = (1,)
    first: int = 1
    residual: params.Residual | None = SERVER
    idle: params.Seconds = 60.0  # after which the next datagram is a flow's first again
    latency: params.Seconds = 0.12  # between the Initial and the first loss
    rising: bool = True  # only where the client's port is above the server's


class QuicSniResidual(quic_names.InitialWatch[Params]):
    """Stands beside the path: what it looks at has passed already."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._last = engine.now

    def see(self, packet: Packet) -> Packet | None:
        """The datagram; whichever comes first, also after a pause, is looked at."""
        self._mark()
        if self.params.rising and self.flow.cport <= self.flow.fport:
            self.done = True
            return packet
        return super().see(packet)

    def judged(self) -> None:
        """Keeps watching: after a pause the flow counts as new."""

    def matched(self, packet: Packet) -> Packet | None:
        """The datagram itself; those behind it are lost once the verdict is there."""
        if self.params.latency:
            self.later(self.params.latency, self.condemn)
        else:
            self.condemn()
        return packet

    def enforce(self, packet: Packet) -> Packet | None:
        """The server's datagrams, and none of the client's, which count as the first of a flow all the same."""
        self._mark()
        if packet.side != CLIENT:
            return packet
        self._left = max(0, self._left - 1)
        self.note("drop")
        return None

    def _mark(self) -> None:
        if self.engine.now - self._last > self.params.idle:
            self._forget()
        self._last = self.engine.now
