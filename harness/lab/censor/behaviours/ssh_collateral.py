"""A server is found to be a proxy, and its port 22 dies with it.

RU 2026-01: proxies for WhatsApp on rented servers were found, and from then on SSH to the same machine timed out too,
from inside the country alone (WhatsApp/proxy issue 450). By what they were found is not published: here by a first
payload that looks like nothing, or by a name in the ClientHello. SSH on another port is spared, and so is another
machine; other clients are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import encrypted, params
from harness.lab.censor.hello import HelloReader
from harness.lab.censor.packet import Packet
from harness.lab.censor.scope import Names, Ports
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """What a proxy is known by, which ports of its machine die with it, and for how long."""

    names: tuple[params.Name, ...] = ()  # in the ClientHello; none: first payloads that look like nothing
    struck: tuple[params.Port, ...] = (22,)
    lasting: params.Seconds = 86400.0
    reassembly: params.Reassembly = "both"


@dataclass(slots=True)
class Machine:
    """What is held against one server."""

    until: float = 0.0

    def over(self, now: float) -> bool:
        """True where it makes no difference any more."""
        return now >= self.until


class SshCollateral(Watch[Params]):
    """Looks at the first payload of every flow to a server, and holds it against other ports."""

    PROTOCOLS = ("tcp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        assert rule.names is not None
        self._names: Names = rule.names
        self._reader = HelloReader(self.params.reassembly, flow.isn) if self.params.names else None
        self._struck = flow.fport in Ports(self.params.struck)

    def see(self, packet: Packet) -> Packet | None:
        """The packet, unless it is one of a struck port of a machine that was found."""
        if self._struck:
            return self._strike(packet)
        if packet.side == self.flow.opener and packet.end > packet.body and (what := self._shows(packet)):
            self.log("match", what)
            self._machine().until = self.engine.now + self.params.lasting
            self.done = True
        return packet

    def _strike(self, packet: Packet) -> Packet | None:
        if self._machine().over(self.engine.now):
            return packet
        self.note("drop")
        return None

    def _machine(self) -> Machine:
        return self.engine.memory.of(self.rule, self.flow.far, Machine)

    def _shows(self, packet: Packet) -> str:
        """By what the flow is known for a proxy's, "" where it is not."""
        if self._reader is None:
            self.done = True
            return "" if encrypted.exemption(packet.payload) else "encrypted"
        hello = self._reader.add(packet.place, packet.payload)
        self.done = self._reader.over
        return hello.name if hello and hello.name and self._names.holds(hello.name) else ""
