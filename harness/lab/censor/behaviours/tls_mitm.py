"""Flows to some prefixes are led through a middlebox that reads TLS; what it sends comes back in the server's name.

KZ 2019-07-17 to 08-07, on the way through one network, for 37 names (Raman 2020, "Investigating Large Scale HTTPS
Interception in Kazakhstan", IMC). The middlebox is a host of the world with the server `mitm`, which knows the names; a
SYN tells it where a flow was going, as load balancers tell where it came from (TOA of the Linux Virtual Server), so
that it can let all others through.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from harness.lab.censor import forge, params
from harness.lab.censor.packet import ACK, SYN, Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

ADDRESS = 254  # the option of a SYN, one for experiments (RFC 4727): port and address follow its length


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """Which flows, and where the middlebox is; without an address of a flow's family it passes."""

    LEADS_TO: ClassVar[Mapping[str, frozenset[str]]] = {"to": frozenset({"mitm"})}

    prefixes: tuple[params.Prefix, ...]
    to: tuple[params.Address, ...]
    ports: tuple[params.Port, ...] = (443,)
    direction: Literal["out"] = "out"


class Middlebox(Watch[Params]):
    """Changes the far end of every packet, from the first on."""

    PROTOCOLS = ("tcp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._box = next((one for one in map(_packed, self.params.to) if len(one) == len(flow.far)), None)
        self.done = self._box in {None, flow.far}

    def see(self, packet: Packet) -> Packet | None:
        """The segment as it goes on: to the middlebox, or back as if from the server."""
        flow, box = self.flow, self._box
        if self.done or box is None:
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
        return Packet(forge.redirected(self._addressed(packet), **ends), packet.side)

    def _addressed(self, packet: Packet) -> Packet:
        """A SYN that says where it was going; all else as it is."""
        if packet.flags & (SYN | ACK) != SYN:
            return packet
        told = self.flow.fport.to_bytes(2, "big") + self.flow.far
        return Packet(forge.optioned(packet, bytes((ADDRESS, 2 + len(told))) + told), packet.side)


def _packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed
