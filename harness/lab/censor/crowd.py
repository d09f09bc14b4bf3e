"""Rules about how many connections of one kind stand at once: those before the limit pass, those beyond fall silent."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from harness.lab.censor import params
from harness.lab.censor.hello import Hello
from harness.lab.censor.watch import HelloWatch

if TYPE_CHECKING:
    from harness.lab.censor.flows import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Shown):
    """How many connections bring the rule about, and for how long new ones are refused from then on."""

    connections: int
    cooldown: params.Seconds = 60.0


class Crowd:
    """The connections of one kind that have said hello and stand, and until when no more are let in."""

    def __init__(self) -> None:
        self.until = 0.0
        self._standing: list[Flow] = []

    def joined_by(self, flow: Flow, now: float) -> int:
        """How many stand, this one among them."""
        self._standing = [one for one in self._standing if one is not flow and _stands(one, now)] + [flow]
        return len(self._standing)

    def left_by(self, flow: Flow) -> None:
        """Count one no longer: it never got through."""
        self._standing.remove(flow)

    def over(self, now: float) -> bool:
        """True where it makes no difference any more."""
        return now >= self.until and not any(_stands(one, now) for one in self._standing)


def _stands(flow: Flow, now: float) -> bool:
    return not flow.closed and not flow.ended(now)


K = TypeVar("K", bound=Params)


class CrowdWatch(HelloWatch[K], Generic[K]):
    """Counts the flow among its kind, once, by its hello. A hello without a name is of no kind."""

    def meant(self, hello: Hello) -> bool:
        """True where the flow comes on top of too many, or too soon after it."""
        if not super().meant(hello):
            return False
        if hello.name is not None and self._beyond(hello):
            return True
        self.done = True
        return False

    def _beyond(self, hello: Hello) -> bool:
        now = self.engine.now
        crowd = self.engine.memory.of(self.rule, self.kind(hello), Crowd)
        many = crowd.joined_by(self.flow, now) > self.passing
        if many:
            crowd.until = now + self.params.cooldown
        if now < crowd.until:
            crowd.left_by(self.flow)
            return True
        return False

    @property
    def passing(self) -> int:
        """How many may stand at once."""
        return self.params.connections

    @abstractmethod
    def kind(self, hello: Hello) -> bytes:
        """With which others the flow is counted."""
