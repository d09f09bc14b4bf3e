"""WireGuard's handshake succeeds, and after a few packets of data the tunnel is dead.

RU 2024-08 to 2025-06: a tunnel "dies at the sixth ping" (amnezia-vpn/amneziawg-go issue 75, amnezia-client issues 1010
and 1482). Transport messages: Donenfeld 2017, "WireGuard" (NDSS), section 5.4.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.behaviours.wireguard_signature import handshake
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

TRANSPORT = b"\x04\0\0\0"
LEAST = 32  # bytes of a transport message: header, and the tag of an empty packet; a keepalive


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """How many transport messages pass, both ways; five pings and their answers are ten."""

    packets: int = 10
    residual: params.Residual | None = None


class WireguardLateKill(Watch[Params]):
    """Counts transport messages behind a handshake."""

    PROTOCOLS = ("udp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._shaken = False
        self._carried = 0

    def see(self, packet: Packet) -> Packet | None:
        """The datagram, while the tunnel may live."""
        data = packet.payload
        self._shaken = self._shaken or handshake(data) != ""
        if not self._shaken or data[:4] != TRANSPORT or len(data) < LEAST:
            return packet
        self._carried += 1
        if self._carried <= self.params.packets:
            return packet
        self.log("match", what="transport", packets=self._carried)
        self.condemn()
        return self.enforce(packet)

    def enforce(self, packet: Packet) -> Packet | None:
        """Nothing."""
        self.note("drop")
        return None
