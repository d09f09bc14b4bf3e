"""UDP/53 to any foreign resolver is answered by the national one; TCP/53 to the same server is left alone.

RU 2026-08-26, many providers at once (net4people/bbs issue 657).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.lab.censor import forge, params, question
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """Where questions are led. Without an address in `to` of the question's family the question is dropped."""

    LEADS_TO: ClassVar[Mapping[str, frozenset[str]]] = {"to": frozenset({"dns", "unbound", "program"})}

    to: tuple[params.Address, ...]  # the national resolver, one address for each family
    ports: tuple[params.Port, ...] = (53,)
    direction: Literal["out"] = "out"


class Hijack(Watch[Params]):
    """Leads questions elsewhere, and gives the answers the sender that the client expects."""

    PROTOCOLS = ("udp",)

    def see(self, packet: Packet) -> Packet | None:
        """The datagram as it goes on: to the national resolver, or back as if from the foreign one."""
        national = next((packed for packed in self._national() if len(packed) == len(self.flow.far)), None)
        if national == self.flow.far:
            self.done = True
            return packet
        if packet.side != self.flow.opener:
            ends = {"source": (self.flow.far, self.flow.fport), "target": (self.flow.client, self.flow.cport)}
            return Packet(forge.redirected(packet, **ends), packet.side)
        if national is None:
            self.note("drop")
            return None
        return self._led(packet, national)

    def _national(self) -> list[bytes]:
        return [ipaddress.ip_address(text).packed for text in self.params.to]

    def _led(self, packet: Packet, national: bytes) -> Packet | None:
        port = self.engine.flows.lent_port(self.flow, national)
        if port is None:
            self.note("drop")
            return None
        asked = question.read(packet.payload)
        self.log("rewrite", asked.name if asked else "", to=str(ipaddress.ip_address(national)))
        ends = {"source": (self.flow.client, port), "target": (national, self.flow.fport)}
        return Packet(forge.redirected(packet, **ends), packet.side)
