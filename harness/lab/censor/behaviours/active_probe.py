"""A suspected proxy is called by the censor itself, and dies if it answers as a proxy does: works first, dead later.

CN: a first payload that looks like nothing, as a rule of 160 to 700 bytes, draws probes from addresses beside the
client's, from 0.28 s to days later, of seven kinds: the same bytes again, the same changed in certain places, and
random ones, most often 221 bytes. Judged by how the server takes them, its port is cut off: the server's packets
vanish, those of the flow that raised the suspicion too (Alice 2020, "How China Detects and Blocks Shadowsocks", IMC,
sections 3 to 5). How reactions are weighed is not published: both lists are parameters. A server that answers to random
bytes as its neighbours do survives; one that remembers what it was sent does not escape the random ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from harness.lab.censor import encrypted, params
from harness.lab.censor.call import Call, Ends, Reaction
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

Probe: TypeAlias = Literal["replay", "changed_0", "changed_0_62", "changed_16", "changed_6_16", "random", "short"]

# Which bytes of the payload that raised the suspicion are changed when it is said again (Alice 2020, section 3.2).
REPLAYS: Mapping[Probe, tuple[int, ...]] = {
    "replay": (),
    "changed_0": (0,),
    "changed_0_62": (*range(8), 62, 63),
    "changed_16": (16,),
    "changed_6_16": (6, 16),
}
SHORT = (8, 12, 16, 22, 33, 41, 49)  # bytes of short random ones, one more or less

_LINES: Mapping[int, bytes] = {4: bytes((100, 64, 2)), 16: bytes.fromhex("20010db8006400020000000000000000")[:15]}
_FIRST_PORT, _PORTS = 32768, 28000


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """What is suspicious, how it is probed, and which reactions give a proxy away."""

    suspects: Literal["encrypted", "any"] = "encrypted"  # first payloads that look like nothing, or any
    least: int = 160  # bytes of a first payload
    most: int = 700
    flows: int = 1  # suspicious flows to a server before it is probed
    after: params.Seconds = 0.28
    probes: tuple[Probe, ...] = ("replay", "random")  # one after the other
    size: params.Payload = 221  # bytes of a random one that is not short
    patience: params.Seconds = 5.0  # for a reaction
    on_replay: tuple[Reaction, ...] = ("answer",)  # reactions to the same bytes, changed or not, that give it away
    on_random: tuple[Reaction, ...] = ("silence", "reset")
    drop: params.Side = "server"
    residual: params.Residual | None = field(
        default_factory=lambda: params.Residual(key="endpoint", seconds=12 * 3600.0)
    )


@dataclass(slots=True)
class Suspicion:
    """What is known of one server."""

    flows: int = 0
    probed: bool = False

    def over(self, now: float) -> bool:
        """Never: a server that was cleared is not called again by these rules."""
        return False


class ActiveProbe(Watch[Params]):
    """Looks at the first payload, then sends others to look."""

    PROTOCOLS = ("tcp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._looked = False

    def see(self, packet: Packet) -> Packet | None:
        """The packet: the flow that raised the suspicion works until the server is judged."""
        if not self._looked and packet.side == self.flow.opener and packet.end > packet.body:
            self._looked = True
            self.done = not self._suspicious(packet.payload) or not self._suspect(packet)
        return packet

    def enforce(self, packet: Packet) -> Packet | None:
        """Holds back the packets of those whom the rule names."""
        return self.silence(packet, self.params.drop)

    def _suspicious(self, payload: bytes) -> bool:
        if not self.params.least <= len(payload) <= self.params.most:
            return False
        return self.params.suspects == "any" or not encrypted.exemption(payload)

    def _suspect(self, packet: Packet) -> bool:
        """Notes the flow against its server; true where that has it called."""
        server = self.flow.far + self.flow.fport.to_bytes(2, "big")
        known = self.engine.memory.of(self.rule, server, Suspicion)
        known.flows += 1
        if known.flows < self.params.flows or known.probed:
            return False
        known.probed = True
        self.log("match", what="suspected", bytes=len(packet.payload))
        self.later(self.params.after, lambda: self._probe(packet, 0))
        return True

    def _probe(self, packet: Packet, number: int) -> None:
        """Calls the server with the probe of that number; the next follows where it gave nothing away."""
        if number >= len(self.params.probes):
            self.done = True
            return
        ends, said = self._ends(packet, number), self._said(packet, number)
        call = Call(self.engine, packet, ends, said, lambda reaction: self._judge(packet, number, reaction))
        call.dial(self.params.patience)

    def _judge(self, packet: Packet, number: int, reaction: Reaction) -> None:
        what = self.params.probes[number]
        self.log("probe", what=what, reaction=reaction)
        gives_away = self.params.on_replay if what in REPLAYS else self.params.on_random
        if reaction in gives_away:
            self.condemn()
        else:
            self._probe(packet, number + 1)

    def _ends(self, packet: Packet, number: int) -> Ends:
        """Where the probe comes from: an address and a port of its own."""
        host = 1 + int(254 * self.rule.chance(self.flow, number))
        port = _FIRST_PORT + int(_PORTS * self.rule.chance(self.flow, number, 1))
        line = _LINES[len(packet.target)]
        return Ends(source=line + bytes((host,)), target=packet.target, sport=port, dport=packet.dport)

    def _said(self, packet: Packet, number: int) -> bytes:
        what = self.params.probes[number]
        if what not in REPLAYS:
            return self._random(number, self.params.size if what == "random" else self._short(number))
        said = bytearray(packet.payload)
        for place in REPLAYS[what]:
            if place < len(said):
                said[place] ^= 1 + int(255 * self.rule.chance(self.flow, number, place, 3))
        return bytes(said)

    def _short(self, number: int) -> int:
        return (
            SHORT[int(len(SHORT) * self.rule.chance(self.flow, number, 4))]
            + int(3 * self.rule.chance(self.flow, number, 5))
            - 1
        )

    def _random(self, number: int, size: int) -> bytes:
        return bytes(int(256 * self.rule.chance(self.flow, number, place, 2)) for place in range(size))
