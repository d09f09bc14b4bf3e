"""Rules about single datagrams that give their protocol away."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """How long a flow is looked at, and what is lost once a datagram is recognised."""

    first: int = 0  # datagrams of a flow, both ways, that are looked at; 0 means all: else a decoy ahead gets through
    then: Literal["message", "flow"] = "message"  # the datagram alone, or from it on the whole flow
    residual: params.Residual | None = None  # of a flow that is lost


S = TypeVar("S", bound=Params)


class SignatureWatch(Watch[S], Generic[S]):
    """Looks at each datagram by itself."""

    PROTOCOLS = ("udp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._seen = 0

    def see(self, packet: Packet) -> Packet | None:
        """What goes on in place of the datagram."""
        self._seen += 1
        if self.params.first and self._seen > self.params.first:
            self.done = True
            return packet
        what = self.recognised(packet)
        if not what:
            return packet
        self.note("match", what=what)
        if self.params.then == "flow":
            self.condemn()
            self._seen = 0  # what comes once that is over begins a flow anew
        return self.enforce(packet)

    @abstractmethod
    def recognised(self, packet: Packet) -> str:
        """What the datagram is, where the rule is about it; else ""."""
