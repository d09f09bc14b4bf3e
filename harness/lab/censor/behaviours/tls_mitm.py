"""Flows to some prefixes are led through a middlebox that reads TLS; what it sends comes back in the server's name.

KZ 2019-07-17 to 08-07, on the way through one network, for 37 names (Raman 2020, "Investigating Large Scale HTTPS
Interception in Kazakhstan", IMC). The middlebox is a host of the world with the server `mitm`, which knows the names.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from harness.lab.censor import forge, params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """Which flows, and where the middlebox is; without an address of a flow's family it passes."""

    prefixes: tuple[params.Prefix, ...]
    to: tuple[params.Address, ...]
    ports: tuple[params.Port, ...] = (443,)


class Middlebox(Watch[Params]):
    """Changes the far end of every packet, from the first on."""

    PROTOCOLS = ("tcp",)

    def see(self, packet: Packet) -> Packet | None:
        """The segment as it goes on: to the middlebox, or back as if from the server."""
        flow = self.flow
        box = next((one for one in map(_packed, self.params.to) if len(one) == len(flow.far)), None)
        if box is None or box == flow.far:
            self.done = True
            return packet
        if packet.side != flow.opener:
            ends = {"source": (flow.far, flow.fport), "target": (flow.client, flow.cport)}
            return Packet(forge.redirected(packet, **ends), packet.side)
        port = self.engine.flows.lent_port(flow, box)
        if port is None:
            self.note("drop")
            return None
        self.note("rewrite", to=str(ipaddress.ip_address(box)))
        ends = {"source": (flow.client, port), "target": (box, flow.fport)}
        return Packet(forge.redirected(packet, **ends), packet.side)


def _packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed
