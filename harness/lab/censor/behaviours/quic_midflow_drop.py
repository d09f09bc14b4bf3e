"""QUIC shakes hands, and then nothing of the connection arrives any more.

UG 2021 and 2022: connections stand and end by their idle timeout (kelmenhorst/quic-censorship, `document.md`). The
first data of a connection is known by its short header (RFC 9000 section 17.3), behind long ones of both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import params, quic
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """Where it is looked for, and how much of a connection's data still passes."""

    ports: tuple[params.Port, ...] = (443,)
    packets: int = 0  # datagrams of data, both ways counted
    residual: params.Residual | None = None


class QuicMidflowDrop(Watch[Params]):
    """Waits for the handshake to be over."""

    PROTOCOLS = ("udp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._met: set[int] = set()  # the sides that have sent a long header
        self._carried = 0

    def see(self, packet: Packet) -> Packet | None:
        """The datagram, while the connection is being made; a flow that begins with something else is let go."""
        data = packet.payload
        if quic.is_long(data):
            self._met.add(packet.side)
            return packet
        if not self._met:
            self.done = True
        if len(self._met) < 2 or not quic.is_short(data):
            return packet
        self._carried += 1
        if self._carried <= self.params.packets:
            return packet
        self.log("match", what="data", packets=self._carried)
        return self.condemned(packet)
