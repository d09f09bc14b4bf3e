"""A connection stops without a word once it has carried so many packets or bytes.

RU since 2025-06 towards foreign hosters: about 25 packets, both directions counted, 16 to 20 KB of a server's data;
listed names, listed prefixes and SSH are spared (net4people/bbs issue 490; hyperion-cs/dpi-checkers, `l4-25`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import chosen, params
from harness.lab.censor.packet import Packet
from harness.lab.censor.scope import sent_by

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

CURTAIN = 25  # packets, both directions (net4people/bbs issue 490)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(chosen.Params):
    """How much passes: the limit that is met first; with neither, 25 packets."""

    protocols: tuple[params.Protocol, ...] = ("tcp", "udp")
    exempt_openings: tuple[chosen.Opening, ...] = ("ssh",)
    packets: int | None = None  # of the whole flow, handshake and bare acknowledgements too
    bytes: int | None = None  # of what the transport carries
    counted: params.Side = "both"  # whose packets count


class Freeze(chosen.ChosenWatch[Params]):
    """Counts, and then lets nothing through."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._packets = self._bytes = 0

    def see(self, packet: Packet) -> Packet | None:
        """Counts from the first packet on, also while the name is still awaited."""
        if sent_by(packet, self.params.counted):
            self._packets += 1
            self._bytes += packet.end - packet.body
        return super().see(packet)

    def act(self, packet: Packet) -> Packet | None:
        """Lets the packet pass while it stays within both limits."""
        if not self._beyond():
            return packet
        self.log("freeze", packets=self._packets, bytes=self._bytes)
        self.condemn()
        self.done = True
        return None

    def enforce(self, packet: Packet) -> Packet | None:
        """Nothing, as the event says that began it."""
        return None

    def _beyond(self) -> bool:
        most, bytes_ = self.params.packets, self.params.bytes
        if most is None and bytes_ is None:
            most = CURTAIN
        return (most is not None and self._packets > most) or (bytes_ is not None and self._bytes > bytes_)
