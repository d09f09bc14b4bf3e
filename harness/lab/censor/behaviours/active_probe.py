"""A suspected proxy is called by the censor itself, and dies if it answers as a proxy does: works first, dead later.

CN: a first payload that looks like nothing, as a rule of 160 to 700 bytes, draws probes from addresses beside the
client's, from 0.28 s to days later: the same bytes again, the same changed, and random ones, most often 221 bytes.
Judged by how the server takes them, its port is cut off: the server's packets vanish (Alice 2020, "How China Detects
and Blocks Shadowsocks", IMC, sections 3 to 5). How reactions are weighed is not published: both lists are parameters.
A server that answers to random bytes as its neighbours do survives; one that remembers what it was sent does not escape
the random ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.lab.censor import encrypted, params
from harness.lab.censor.call import Call, Ends, Reaction
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

Probe: TypeAlias = Literal["replay", "random"]

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
    size: int = 221  # random bytes
    patience: params.Seconds = 5.0  # for a reaction
    on_replay: tuple[Reaction, ...] = ("answer",)  # reactions to the same bytes that give a proxy away
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

    def see(self, packet: Packet) -> Packet | None:
        """The packet, always: the flow that raised the suspicion works."""
        if packet.side == self.flow.opener and packet.end > packet.body:
            self.done = True
            if self._suspicious(packet.payload):
                self._suspect(packet)
        return packet

    def enforce(self, packet: Packet) -> Packet | None:
        """Holds back the packets of those whom the rule names."""
        return self.silence(packet, self.params.drop)

    def _suspicious(self, payload: bytes) -> bool:
        if not self.params.least <= len(payload) <= self.params.most:
            return False
        return self.params.suspects == "any" or not encrypted.exemption(payload)

    def _suspect(self, packet: Packet) -> None:
        server = self.flow.far + self.flow.fport.to_bytes(2, "big")
        known = self.engine.memory.of(self.rule, server, Suspicion)
        known.flows += 1
        if known.flows < self.params.flows or known.probed:
            return
        known.probed = True
        self.log("match", what="suspected", bytes=len(packet.payload))
        self.later(self.params.after, lambda: self._probe(packet, 0))

    def _probe(self, packet: Packet, number: int) -> None:
        """Calls the server with the probe of that number; the next follows where it gave nothing away."""
        if number >= len(self.params.probes):
            return
        what = self.params.probes[number]
        payload = packet.payload if what == "replay" else self._random(number)
        ends = self._ends(packet, number)
        call = Call(self.engine, packet, ends, payload, lambda reaction: self._judge(packet, number, reaction))
        call.dial(self.params.patience)

    def _judge(self, packet: Packet, number: int, reaction: Reaction) -> None:
        what = self.params.probes[number]
        self.log("probe", what=what, reaction=reaction)
        gives_away = self.params.on_replay if what == "replay" else self.params.on_random
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

    def _random(self, number: int) -> bytes:
        return bytes(int(256 * self.rule.chance(self.flow, number, place, 2)) for place in range(self.params.size))
