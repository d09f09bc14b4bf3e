"""How surely a censor that stands beside the path answers what it is about: now and then at first, then each time.

The Great Firewall missed 25 to 50 % of the triggers from some vantage points, and next to none after seven (Rambert
2021, "Chinese Wall or Swiss Cheese?"). That the seven count between one client and one server, and are forgotten after
an hour without any, is our reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.lab.censor.watch import Watch

FORGOTTEN = 3600.0  # seconds
_HIT = 1 << 24  # tells this draw from others about the same flow


@dataclass(slots=True)
class Triggers:
    """How many there were between two ends."""

    count: int = 0
    last: float = 0.0

    def over(self, now: float) -> bool:
        """True where it makes no difference any more."""
        return now - self.last >= FORGOTTEN

    def one_more(self, now: float) -> int:
        """How many there are with this one."""
        self.count = 1 if self.over(now) else self.count + 1
        self.last = now
        return self.count


def answered(watch: Watch[Any], hits: float, sure_after: int, *parts: int) -> bool:
    """True where a trigger is answered: by chance, which the parts tell apart within a flow, or since it must be."""
    flow, engine = watch.flow, watch.engine
    count = engine.memory.of(watch.rule, flow.client + flow.far, Triggers).one_more(engine.now)
    return 0 < sure_after < count or watch.rule.chance(flow, _HIT, *parts) < hits
