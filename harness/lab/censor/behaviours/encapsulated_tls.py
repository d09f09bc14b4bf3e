"""A tunnel that hides its bytes and not their sizes: the handshake of TLS inside it gives it away.

RU since 2024-04-25 for Shadowsocks and VMess, by port and hoster: HTTP through the tunnel passes, HTTPS hangs
(net4people/bbs issue 363; OutlineFoundation/tunnel-server issue 180). Sizes and directions of the first flights: Xue
2024, "Fingerprinting Obfuscated Proxy Traffic with Encapsulated TLS Handshakes" (USENIX Security). What begins as TLS
or HTTP does itself is not looked at, which is why a prefix such as `POST ` defeats it; padding the first flights does
too. Another cipher does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.lab.censor import encrypted, params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight(params.Checked):
    """What one side sends before the other answers, in bytes of payload."""

    least: int
    most: int


# A ClientHello, ServerHello to Finished, Finished; each with some dozens of bytes of the tunnel's own around it.
HANDSHAKE = (Flight(least=400, most=2200), Flight(least=600, most=16000), Flight(least=40, most=700))


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """The sizes of the first flights, the opener's first; or so many large packets of the opener's."""

    NESTED: ClassVar[Mapping[str, type[params.Checked]]] = {"residual": params.Residual, "flights": Flight}

    flights: tuple[Flight, ...] = HANDSHAKE  # none: only large packets count
    large: int = 0  # packets of the opener's with `size` bytes or more that give it away too; 0: none does
    size: int = 411
    drop: params.Side = "both"
    residual: params.Residual | None = None


class EncapsulatedTls(Watch[Params]):
    """Measures the first flights."""

    PROTOCOLS = ("tcp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._flights: list[int] = []
        self._speaker = 1 - flow.opener
        self._large = 0
        self._highest: dict[int, int] = {}  # the end of what each side has sent: what is sent again counts once

    def see(self, packet: Packet) -> Packet | None:
        """The packet, while the sizes may still be another protocol's."""
        if packet.end == packet.body or self._again(packet):
            return packet
        if not self._flights and (packet.side != self.flow.opener or encrypted.begins_plainly(packet.payload)):
            self.done = True
            return packet
        self._measure(packet)
        if not self._given_away():
            return packet
        self.done = True
        self.log("match", flights=list(self._flights), large=self._large)
        return self.condemned(packet)

    def enforce(self, packet: Packet) -> Packet | None:
        """Holds back the packets of those whom the rule names."""
        return self.silence(packet, self.params.drop)

    def _again(self, packet: Packet) -> bool:
        end = (packet.place + packet.end - packet.body) % (1 << 32)
        before = self._highest.get(packet.side)
        if before is not None and (end - before - 1) % (1 << 32) >= 1 << 31:
            return True
        self._highest[packet.side] = end
        return False

    def _measure(self, packet: Packet) -> None:
        size = packet.end - packet.body
        if packet.side != self._speaker:
            self._speaker = packet.side
            self._flights.append(0)
        self._flights[-1] += size
        self._large += packet.side == self.flow.opener and size >= self.params.size

    def _given_away(self) -> bool:
        """True once the last flight has grown into its place; those before it are over, and must fit whole."""
        if self.params.large and self._large >= self.params.large:
            return True
        wanted = self.params.flights
        place = len(self._flights) - 1
        before = list(zip(wanted, self._flights[:-1], strict=False))
        if not wanted or place >= len(wanted) or not all(one.least <= size <= one.most for one, size in before):
            self.done = not self.params.large
            return False
        last = wanted[-1]
        return place == len(wanted) - 1 and last.least <= self._flights[-1] <= last.most
