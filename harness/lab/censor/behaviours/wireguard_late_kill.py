"""WireGuard's handshake succeeds, and after a few packets of data the tunnel is dead.

RU 2024-08 to 2025-06: a tunnel "dies at the sixth ping" (amnezia-vpn/amneziawg-go issue 75, amnezia-client issues 1010
and 1482). Transport messages: Donenfeld 2017, "WireGuard" (NDSS), section 5.4.6. AmneziaWG was hit too, whose types are
others: its packets are known by their counter, most of whose bytes are zeros, and by a size of 112 bytes, which
`mark: counter` says; bytes put ahead of each packet defeat that, and other types do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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
ZEROS = slice(12, 16)  # the upper half of the counter, which is little-endian: no tunnel comes that far


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """How many transport messages pass, both ways; five pings and their answers are ten."""

    packets: int = 10
    mark: Literal["type", "counter"] = "type"  # behind a handshake by their type, or anywhere by counter and size
    size: int = 112  # bytes of those that are known by their counter
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
        if not self._transports(packet.payload):
            return packet
        self._carried += 1
        if self._carried <= self.params.packets:
            return packet
        self.log("match", what="transport", packets=self._carried)
        self.condemn()
        self._shaken, self._carried = False, 0  # what comes once that is over is another tunnel
        return self.enforce(packet)

    def _transports(self, data: bytes) -> bool:
        """True for a message that carries data of a tunnel."""
        if self.params.mark == "counter":
            return len(data) == self.params.size and not any(data[ZEROS])
        self._shaken = self._shaken or handshake(data) != ""
        return self._shaken and data[:4] == TRANSPORT and len(data) >= LEAST
