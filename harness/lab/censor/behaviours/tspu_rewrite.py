"""The ClientHello passes; what the server sends becomes RST+ACK without a payload, its numbers and its TTL its own.

TSPU's first type, RU 2022 (Xue 2022, "TSPU: Russia's decentralized censorship system", IMC, section 5).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import forge, params
from harness.lab.censor.hello import Hello
from harness.lab.censor.packet import ACK, RST, Packet
from harness.lab.censor.watch import HelloWatch

REMEMBERED = params.Residual(key="4tuple", seconds=75.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Telling):
    """The names, and for how long the connection is remembered."""

    reassembly: params.Reassembly = "none"  # a hello in pieces defeated it then
    residual: params.Residual | None = REMEMBERED


class Rewrite(HelloWatch[Params]):
    """Makes resets of the server's own packets."""

    def matched(self, packet: Packet, hello: Hello) -> Packet | None:
        """Lets the hello through."""
        self.condemn()
        return packet

    def enforce(self, packet: Packet) -> Packet | None:
        """The opener's packets as they are; the other side's emptied, as resets."""
        if packet.side == self.flow.opener:
            return packet
        self.note("rewrite", flags="RST+ACK")
        return Packet(forge.rewritten(packet, RST | ACK), packet.side)
