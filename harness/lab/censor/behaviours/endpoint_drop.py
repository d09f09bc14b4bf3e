"""Silence towards listed endpoints: an address and a port, not the host.

IR AS197207 2020-21: 8.8.4.4:853 never answered while 8.8.8.8:853 always did (Basso 2021). With `protocols: [udp]`, as
for UDP/443 of listed addresses in Iran 2021 (Elmenhorst 2021).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Addressed):
    """The endpoints."""

    endpoints: tuple[params.Endpoint, ...]


class EndpointDrop(Watch[Params]):
    """Lets everything to a listed endpoint vanish, and what comes from it."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        end = params.end(str(ipaddress.ip_address(flow.far)), flow.called)
        self.done = end not in self.params.endpoints

    def see(self, packet: Packet) -> Packet | None:
        """Nothing, unless the flow goes elsewhere."""
        return packet if self.done else self.silence(packet, "both")
