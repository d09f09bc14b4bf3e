"""The handshake with an encrypted resolver completes, and no question is ever acknowledged.

Basso 2021: in Kazakhstan 72 % of the failures of DoT were timeouts behind the handshake. What the client sends after
its Finished vanishes: its second record of application data in TLS 1.3, its first before (RFC 8446 section 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import chosen, params
from harness.lab.censor.packet import Packet
from harness.lab.censor.records import Records

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(chosen.Params):
    """The resolvers, by prefix or by name, and whose packets vanish once a question is on its way."""

    ports: tuple[params.Port, ...] = (443, 853)
    protocols: tuple[params.Protocol, ...] = ("tcp",)
    drop: params.Side = "both"


class PostTlsDrop(chosen.ChosenWatch[Params]):
    """Follows the opener's records up to the end of the handshake."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._records = Records(flow.isn)

    def see(self, packet: Packet) -> Packet | None:
        """Reads records from the first on, also while the name is still awaited."""
        if packet.side == self.flow.opener and packet.end > packet.body:
            self._records.add(packet.place, packet.payload)
        return super().see(packet)

    def act(self, packet: Packet) -> Packet | None:
        """Lets the handshake pass."""
        if not self._records.said_more_than_hello:
            self.done = self._records.over
            return packet
        return self.condemned(packet)

    def enforce(self, packet: Packet) -> Packet | None:
        """Holds back the packets of those whom the rule names."""
        return self.silence(packet, self.params.drop)
