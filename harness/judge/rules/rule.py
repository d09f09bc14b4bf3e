"""A rule is a row: what it claims, when, and why that follows."""

from __future__ import annotations

from dataclasses import dataclass

from harness.judge.conditions import Condition
from harness.judge.seen import Seen
from harness.model import Claim, Stage, Strength, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A claim that follows where all conditions hold.

    An id keeps its meaning for good; another meaning gets another id.
    """

    id: str
    claim: Claim
    strength: Strength
    when: tuple[Condition, ...]
    why: str  # one sentence for the reader of a verdict
    case: str  # the recorded case in fixtures/observations that shows it
    mechanism: str | None = None
    stage: Stage | None = None  # None means the stage at which the walk ended

    def holds(self, walk: Walk, seen: Seen) -> bool:
        """True where every condition holds."""
        return all(condition.holds(walk, seen) for condition in self.when)
