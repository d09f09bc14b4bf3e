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
    """A rule that was tried on a walk: which of its statements hold, in words, and which do not."""

    rule: Rule
    statements: tuple[tuple[str, bool], ...]

    @property
    def holds(self) -> bool:
        """True where the rule wins."""
        return self.missing == 0

    @property
    def missing(self) -> int:
        """How many of its statements do not hold."""
        return sum(not held for _, held in self.statements)

    @property
    def applies(self) -> bool:
        """True where its first statement holds, which is the one that it is about."""
        return all(held for _, held in self.statements[:1])


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
    """Every rule up to and with the one that holds, each with what held of it and what did not."""
    for rule in (*RULES, INSUFFICIENT):
        one = Tried(rule=rule, statements=tuple((part.said(walk, seen), part.holds(walk, seen)) for part in rule.when))
        yield one
        if one.holds:
            return


def _stage(rule: Rule, walk: Walk) -> Stage | None:
    """The rule's own stage, or that at which the walk ended; of what works there is none to name."""
    if rule.claim is Claim.USABLE:
        return None
    return rule.stage or (walk.last.stage if walk.last else None)


def _level(rule: Rule, walk: Walk) -> Level:
    """A page that somebody else served proves nothing of the target."""
    return Level.NONE if rule.mechanism == "http.block_page" else walk.level
