"""One RST+ACK to the client alone, with ten bytes of payload, for a listed name in a single packet.

The province of Henan, 2023-08 and later: it keeps no state, so that neither a handshake nor an earlier packet matters;
puts nothing together; reads only TCP headers without options; looks at what leaves the province alone, SNI and Host,
and takes whole second-level domains (Wu 2025, "A Wall Behind A Wall", S&P, section IV). The packet itself goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import hello, params
from harness.lab.censor.host import HostReader
from harness.lab.censor.packet import CLIENT, Packet
from harness.lab.censor.watch import NameWatch

HEADER = 20  # bytes of a TCP header without options
HENAN = params.Reset(to="client", ttl=58, ip_id=1, payload="01020304050607080900")


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, and what the reset looks like."""

    direction: params.Direction = "both"  # of the packet it is asked, not of the flow
    reset: params.Reset = HENAN


class HenanReset(NameWatch[Params]):
    """Looks at each packet of the client by itself."""

    PROTOCOLS = ("tcp",)

    def see(self, packet: Packet) -> Packet | None:
        """The packet, which goes on whatever it says."""
        if packet.side == CLIENT and packet.body - packet.head == HEADER and packet.end > packet.body:
            name = _named(packet.payload)
            if name is not None and self.names.holds(name):
                self.log("match", name)
                self.reset(packet, self.params.reset, taken=True)
        return packet


def _named(payload: bytes) -> str | None:
    """The name that this payload alone shows, in a ClientHello of one record or in a Host line."""
    try:
        return hello.read(payload, join=False).name
    except hello.Other:
        return next((request.name for request in HostReader(each=True).add(payload)), None)
