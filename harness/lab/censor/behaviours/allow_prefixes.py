"""Only listed prefixes are reached; all else is dropped, refused, or hung up on, as the operator likes.

RU mobile since 2025-10, in regions and at hours in which the list is in force: one operator drops, another refuses, a
third closes what was connected (net4people/bbs issues 579 and 650; hxehex/russia-mobile-internet-whitelist issues 2, 13
and 21). A relay within a listed prefix defeats it; another name, port or protocol does not. Where names must be listed
as well, `allow_names` stands behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.lab.censor import forge, params
from harness.lab.censor.packet import ACK, SYN, TCP, Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Allowing):
    """The list, and what becomes of all else."""

    direction: params.Direction = "both"
    # `drop`: silence; `refuse`: a SYN is answered by RST+ACK; `close`: it is answered, and hung up on at the first data
    otherwise: Literal["drop", "refuse", "close"] = "drop"
    reset: params.Reset = params.TO_CLIENT


class AllowPrefixes(Watch[Params]):
    """Turns away whoever is not on the list; what is no TCP is dropped in any case."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._closed = False

    def see(self, packet: Packet) -> Packet | None:
        """Nothing; what the client hears of it depends on the operator."""
        how = self.params.otherwise if self.flow.proto == TCP else "drop"
        if how == "refuse" and packet.flags & (SYN | ACK) == SYN:
            self.reset(packet, self.params.reset, taken=False)
            return None
        return self._close(packet) if how == "close" else self.silence(packet, "both")

    def _close(self, packet: Packet) -> Packet | None:
        """Lets the handshake through; the first data is answered by the end of the stream, and never arrives."""
        if self._closed:
            return None
        if packet.end == packet.body:
            return packet
        if packet.side == self.flow.opener:
            self._closed = True
            self.send_back(packet, forge.end(packet))
            self.note("close")
        return None
