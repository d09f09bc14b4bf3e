"""ICMP unreachable for listed addresses, from the router nearest to the censor.

RFC 1812 section 5.2.7.1 (type 3 code 13), RFC 4443 section 3.1 (type 1 code 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import forge, params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Addressed):
    """The addresses that are rejected, and the reason that is given."""

    reason: Literal["admin_prohibited", "host_unreachable", "net_unreachable"] = "admin_prohibited"


class Reject(Watch[Params]):
    """Says that there is no way."""

    def see(self, packet: Packet) -> Packet | None:
        """Answers the opener's packets by an ICMP error; the answers of the other side vanish."""
        if packet.side == self.flow.opener and forge.may_be_told(packet):
            router = self.engine.routers.nearest(packet)
            self.send_back(packet, forge.icmp_error(packet, router, forge.UNREACHABLE[self.params.reason]))
            self.note("icmp", reason=self.params.reason)
        return None
