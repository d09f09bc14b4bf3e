"""Connections open, and die at the ClientHello unless its name is listed; datagrams die but for some questions of DNS.

RU mobile since 2025-09, where the "white list" is in force: SYN and SYN+ACK pass, a ClientHello without a listed name
is dropped, ICMP is dead; DNS by UDP to one's own resolver and 8.8.8.8 passes, to 1.1.1.1 and 9.9.9.9 it does not
(net4people/bbs issue 516). At some operators any name passes towards a listed address: that is `exempt_prefixes`. A
listed name towards a server of one's own defeats it, as long as names alone are looked at; another fingerprint, or
fragments, do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.lab.censor import params
from harness.lab.censor.hello import HelloReader
from harness.lab.censor.packet import TCP, UDP, Packet
from harness.lab.censor.scope import Names, Prefixes
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

_DNS = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names that pass, and the resolvers that answer by UDP."""

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"names"})

    resolvers: tuple[params.Prefix, ...] = ()
    direction: params.Direction = "both"
    reassembly: params.Reassembly = "both"


class AllowNames(Watch[Params]):
    """Lets pass what may yet show a listed name."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        assert rule.names is not None
        self._names: Names = rule.names
        self._reader = HelloReader(self.params.reassembly, flow.isn)
        self._dead = False

    def see(self, packet: Packet) -> Packet | None:
        """The packet, as long as the flow is within what is allowed."""
        if self.flow.proto != TCP:
            self.done = self._is_allowed_question()
            return packet if self.done else self.silence(packet, "both")
        if self._dead:
            return self.silence(packet, "both")
        if packet.end == packet.body:
            return packet
        return self._opened(packet)

    def _opened(self, packet: Packet) -> Packet | None:
        """Data: the opener's must be a ClientHello with a listed name; nobody else may speak before it."""
        if packet.side == self.flow.opener:
            hello = self._reader.add(packet.place, packet.payload)
            name = hello.name if hello else None
            if name and self._names.holds(name):
                self.done = True
                return packet
            if hello and not name and not self._reader.over:
                return packet  # the name may be in what follows
            self.log("match", name or "")
        self._dead = True
        return self.silence(packet, "both")

    def _is_allowed_question(self) -> bool:
        flow = self.flow
        return flow.proto == UDP and flow.fport == _DNS and flow.far in Prefixes(self.params.resolvers)
