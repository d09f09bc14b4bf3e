"""Routers that are not there: they lower the TTL, and say so by ICMP where it ends (RFC 1812 section 5.3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.lab.censor import forge
from harness.lab.censor.packet import CLIENT, Packet

_V4 = bytes((100, 64, 1))  # a carrier's own address space (RFC 6598)
_V6 = bytes.fromhex("20010db8006400010000000000000000")[:15]


@dataclass(frozen=True, slots=True, kw_only=True)
class Routers:
    """The routers before and behind the censor, counted from the client."""

    before: int = 0
    after: int = 0

    # How many a packet meets before the censor, and behind it, by the side that it comes from.
    towards_censor: tuple[int, int] = field(init=False)
    past_censor: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "towards_censor", (self.before, self.after))
        object.__setattr__(self, "past_censor", (self.after, self.before))

    def ended(self, packet: Packet, met: int) -> bytes:
        """The error of the router at which the packet's TTL ends, `met` routers having been passed before it."""
        place = met + packet.ttl
        position = place if packet.side == CLIENT else self.before + self.after + 1 - place
        return forge.icmp_error(packet, router(packet.four, position), forge.TIME_EXCEEDED)

    def nearest(self, packet: Packet) -> bytes:
        """The address of the router that speaks for the censor."""
        return router(packet.four, max(1, self.before))


def router(four: bool, position: int) -> bytes:
    """The address of a router."""
    return (_V4 if four else _V6) + bytes((position,))
