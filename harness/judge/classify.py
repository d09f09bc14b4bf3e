"""One walk and its controls become one finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.judge.rules import INSUFFICIENT, RULES
from harness.judge.rules.rule import Rule
from harness.judge.seen import Seen
from harness.model import Claim, Finding, Level, Stage, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A rule that was tried on a walk: the statements that held, and the first that did not."""

    rule: Rule
    held: tuple[str, ...]
    missing: str | None  # None where the rule holds

    @property
    def close(self) -> int:
        """How many of the rule's statements held."""
        return len(self.held)


def classify(walk: Walk, seen: Seen) -> Finding:
    """The finding of the first rule that holds; `insufficient` where none does."""
    rule = next((rule for rule in RULES if rule.holds(walk, seen)), INSUFFICIENT)
    return Finding(
        rule=rule.id,
        claim=rule.claim,
        strength=rule.strength,
        mechanism=rule.mechanism,
        stage=_stage(rule, walk),
        why=rule.why,
        check=walk.check,
        level=_level(rule, walk),
    )


def tried(walk: Walk, seen: Seen) -> Iterator[Tried]:
    """Every rule up to and with the one that holds, each with what kept it from holding."""
    for rule in (*RULES, INSUFFICIENT):
        held: list[str] = []
        missing = None
        for condition in rule.when:
            if not condition.holds(walk, seen):
                missing = condition.text
                break
            held.append(condition.text)
        yield Tried(rule=rule, held=tuple(held), missing=missing)
        if missing is None:
            return


def _stage(rule: Rule, walk: Walk) -> Stage | None:
    return None if rule.claim is Claim.USABLE else rule.stage or walk.failed_at


def _level(rule: Rule, walk: Walk) -> Level:
    """A page that somebody else served proves nothing of the target."""
    return Level.NONE if rule.mechanism == "http.block_page" else walk.level
