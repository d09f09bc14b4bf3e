"""A server that is used as a proxy inside TLS loses its port after so many connections, and its address after the port.

CN 2022-10-03: Trojan, Xray and V2Ray over TLS with WebSocket and the like; a port was dead within hours, and whoever
moved to another lost the address; naive, which shakes hands as Chrome does, was not hit (net4people/bbs issue 129). By
what they were known is not published: here a handshake counts by its fingerprint, extensions or name, so that a
client with another fingerprint is spared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from harness.lab.censor import params
from harness.lab.censor.hello import Hello
from harness.lab.censor.packet import TCP, Packet
from harness.lab.censor.watch import HelloWatch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Shown):
    """Which handshakes count, how many are enough, and how long it lasts."""

    uses: int = 3  # handshakes with one port, after which it is lost
    moves: int = 2  # ports of one address, after which all of it is lost
    port_for: params.Seconds = 3600.0
    address_for: params.Seconds = 86400.0


@dataclass(slots=True)
class Suspect:
    """What is held against one address."""

    forgotten: float  # when it makes no difference any more
    uses: Counter[int] = field(default_factory=Counter)
    ports: dict[int, float] = field(default_factory=dict)  # until when each is lost
    until: float = 0.0  # until when all of it is lost

    def over(self, now: float) -> bool:
        """True where it makes no difference any more."""
        return now >= self.forgotten

    def loses(self, port: int, now: float) -> bool:
        """True where nothing may pass to this port."""
        return now < max(self.until, self.ports.get(port, 0.0))


class ProxyCondemned(HelloWatch[Params]):
    """Counts for all flows to an address, and holds it against all of them, those that stand already too."""

    PROTOCOLS: ClassVar[Collection[str]] = ()  # an address that is lost is lost to all of them

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._looking = flow.proto == TCP

    def see(self, packet: Packet) -> Packet | None:
        """The packet, while its server has not been found out."""
        if self._suspect().loses(self.flow.fport if self.flow.proto == TCP else 0, self.engine.now):
            self.note("drop")
            return None
        if not self._looking:
            return packet
        passed = super().see(packet)
        self._looking = self._looking and not self._reader.over
        self.done = False  # what stands is lost too once the server is
        return passed

    def matched(self, packet: Packet, hello: Hello) -> Packet | None:
        """The handshake itself; the one that makes it enough is the last that passes."""
        self._looking = False
        suspect, port, now = self._suspect(), self.flow.fport, self.engine.now
        suspect.uses[port] += 1
        suspect.forgotten = now + max(self.params.port_for, self.params.address_for)
        if suspect.uses[port] >= self.params.uses:
            suspect.ports[port] = now + self.params.port_for
            suspect.uses[port] = 0
            self.log("condemn", what="port", port=port)
            if len(suspect.ports) >= self.params.moves:
                suspect.until = now + self.params.address_for
                self.log("condemn", what="address")
        return packet

    def _suspect(self) -> Suspect:
        return self.engine.memory.of(self.rule, self.flow.far, lambda: Suspect(self.engine.now))
