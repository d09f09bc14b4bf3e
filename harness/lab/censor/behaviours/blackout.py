"""Nothing passes at all: the network is off, as a rule at certain hours.

Myanmar 2021, on 72 nights from 01:00 to 09:00 (Padmanabhan 2021, "A multi-perspective view of Internet censorship in
Myanmar", FOCI); mobile data in regions of Russia in 2025. With `answer: unreachable` the nearest router says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import forge, params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """What the client is told, if anything."""

    direction: params.Direction = "both"
    answer: Literal["none", "unreachable"] = "none"


class Blackout(Watch[Params]):
    """Lets everything vanish."""

    def see(self, packet: Packet) -> Packet | None:
        """Nothing; whoever began may be told that there is no way (RFC 792, RFC 4443)."""
        if self.params.answer == "unreachable" and packet.side == self.flow.opener and forge.may_be_told(packet):
            router = self.engine.routers.nearest(packet)
            self.send_back(packet, forge.icmp_error(packet, router, forge.UNREACHABLE["net_unreachable"]))
        self.note("drop")
        return None
