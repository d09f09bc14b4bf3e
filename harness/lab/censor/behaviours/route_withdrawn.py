"""A prefix without a route: a router says so, or nobody does.

Withdrawn, the last router with a full table answers "network unreachable" (RFC 1812 section 5.2.7.1, RFC 4443 section
3.1); announced by somebody who drops what comes, it is silent: Twitter's 104.244.42.0/24 in MM 2021-02-05 and RU
2022-03-28 (Padmanabhan 2021; Ramesh 2023). With `of: own`, our own prefix is the one without a route: what we send
arrives, and no answer finds its way back (IR 2026-01-08).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import forge, params
from harness.lab.censor.hops import router
from harness.lab.censor.packet import CLIENT, Packet
from harness.lab.censor.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Addressed):
    """The prefixes, and what becomes of a packet that has nowhere to go."""

    answer: Literal["unreachable", "silence"] = "unreachable"
    of: Literal["far", "own"] = "far"
    distance: params.Routers = 0  # routers behind the censor that still pass the packet on
    direction: params.Direction = "both"


class Withdrawn(Watch[Params]):
    """A router that knows no way; what needs no way of its own passes."""

    def see(self, packet: Packet) -> Packet | None:
        """Nothing, for packets towards the prefix without a route."""
        if (packet.side == CLIENT) != (self.params.of == "far"):
            return packet
        if self.params.answer == "silence" or self.params.of == "own" or not forge.may_be_told(packet):
            return self.silence(packet, "both")
        self.send_back(packet, self._told(packet))
        self.note("icmp", reason="net_unreachable")
        return None

    def _told(self, packet: Packet) -> bytes:
        """The error of the router that has no route, or of an earlier one at which the packet's TTL ends."""
        routers, distance = self.engine.routers, self.params.distance
        if packet.ttl <= distance:
            return routers.ended(packet, routers.before)
        there = Packet(forge.lowered(packet.raw, distance), packet.side)
        speaker = router(packet.four, max(1, routers.before + distance))
        return forge.icmp_error(there, speaker, forge.UNREACHABLE["net_unreachable"])
