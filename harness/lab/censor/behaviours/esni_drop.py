"""Encrypted SNI: what the client sends vanishes, and a while later whatever else it sends to that server's port.

CN since 2020-07, on all ports, both directions: the extension 0xffce alone, 120 to 180 s that begin about a second
late and are not refreshed; a first segment of four bytes or fewer defeats it (gfw.report, "Exposing and Circumventing
China's Censorship of ESNI", 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import sni_drop
from harness.lab.censor.packet import Packet

ESNI = 0xFFCE  # draft-ietf-tls-esni-02
RECORD_HEADER = 5  # bytes; without them whole the flow is not taken for TLS
REMEMBERED = params.Residual(key="3tuple", seconds=120.0, most=180.0, late=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(sni_drop.Params):
    """As `sni_drop`, for the extension without any name."""

    names: tuple[params.Name, ...] = ()
    extensions: tuple[int, ...] = (ESNI,)
    direction: params.Direction = "both"
    drop: params.Side = "client"
    residual: params.Residual | None = REMEMBERED


class EsniDrop(sni_drop.SniDrop):
    """Takes a flow for TLS by its first segment."""

    _begun = False

    def see(self, packet: Packet) -> Packet | None:
        """Looks at no flow whose first segment is too short."""
        if packet.side == self.flow.opener and packet.end > packet.body and not self._begun:
            self._begun = True
            if packet.end - packet.body < RECORD_HEADER:
                self.done = True
                return packet
        return super().see(packet)
