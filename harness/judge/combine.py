"""Findings become one verdict: by address, by check, by attempt, and by the quorum of the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.judge.rules import INSUFFICIENT, RULES
from harness.model import CONCLUSIVE, Claim, Finding, Level, Strength, Target, Verdict

SAYS_NOTHING = frozenset({"local.ipv6", "ip.family_untold", "ip.family_untold_later"})
"""Rules whose finding is left aside where another address of the same check says something."""

UNSTEADY = "net.unsteady"
"""The rule whose finding stands against every other attempt's that something is always so: once, it went through."""

_ORDER: Mapping[str, int] = {rule.id: place for place, rule in enumerate((*RULES, INSUFFICIENT))}
_STEADY = "steady"
_OF_TARGET = frozenset({Claim.BLOCKED, Claim.DOWN})

MIXED = replace(
    INSUFFICIENT,
    id="combine.mixed",
    why="What was seen points in different directions, and nothing settles the matter.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """The findings of one attempt."""

    number: int
    findings: tuple[Finding, ...]


def combine(tries: Sequence[Try], target: Target) -> Verdict:
    """The verdict on a target: usable where its quorum was reached, otherwise what the failures that broke it say."""
    if not any(one.findings for one in tries):
        return _verdict(_blank("Nothing was seen of this cell."), target, why="Nothing was seen of this cell.")
    went = _went_through(tries, target)
    best = {check: _of_check(check, tries) for check in _checks(tries)}
    if any(went):
        return _usable(best, went, target)
    return _not_usable(best, tries, target)


def _usable(best: Mapping[str, Finding], went: Sequence[bool], target: Target) -> Verdict:
    passed = [one for one in best.values() if one.claim is Claim.USABLE]
    weakest = max(passed, key=lambda one: _ORDER[one.rule])
    steadiness = _STEADY if all(went) else f"intermittent {sum(went)}/{len(went)}"
    level = sorted((one.level for one in passed), reverse=True)[: target.quorum][-1]
    others = [f"{one.check}: {one.mechanism or one.rule}" for one in best.values() if one.claim is not Claim.USABLE]
    notes = [
        weakest.why,
        *([f"{len(passed)} of {len(best)} checks went through ({'; '.join(others)})."] if others else []),
        *([f"Attempts that failed: {_numbers(went)}."] if not all(went) else []),
    ]
    return replace(_verdict(weakest, target, why=" ".join(notes)), steadiness=steadiness, level=level, stage=None)


def _not_usable(best: Mapping[str, Finding], tries: Sequence[Try], target: Target) -> Verdict:
    passed = [one for one in best.values() if one.claim is Claim.USABLE]
    failed = [one for one in best.values() if one.claim is not Claim.USABLE]
    claim = _claim(len(passed), failed, target.quorum)
    saying = [one for one in failed if one.claim is claim] or failed
    lead = _lead(saying) if claim is not None else _mixed(failed)
    verdict = replace(_verdict(lead, target, why=_why(lead, failed, len(best))), level=_level(tries, target))
    if lead.strength is not Strength.CONFIRMED or _breaks(passed, failed, Strength.CONFIRMED, target):
        return verdict
    return replace(verdict, strength=Strength.LIKELY)


def _claim(passed: int, failed: Sequence[Finding], quorum: int) -> Claim | None:
    """The one claim whose failures alone break the quorum; None where no conclusive claim does, or two do.

    What works poorly works: where it makes up the quorum, the target is degraded whatever the rest says.
    """
    counted = Counter(one.claim for one in failed)
    if passed + counted[Claim.DEGRADED] >= quorum:
        return Claim.DEGRADED
    breaking = [
        claim
        for claim, count in counted.items()
        if passed + len(failed) - count < quorum and (claim in CONCLUSIVE or count == len(failed))
    ]
    return breaking[0] if len(breaking) == 1 else None


def _level(tries: Sequence[Try], target: Target) -> Level:
    """The level that as many checks reached as the quorum asks for."""
    reached: dict[str, Level] = {}
    for one in (one for attempt in tries for one in attempt.findings):
        reached[one.check] = max(one.level, reached.get(one.check, Level.NONE))
    best = sorted(reached.values(), reverse=True)
    return best[target.quorum - 1] if len(best) >= target.quorum else Level.NONE


def _breaks(passed: Sequence[Finding], failed: Sequence[Finding], strength: Strength, target: Target) -> bool:
    strong = sum(one.strength is strength for one in failed)
    return len(passed) + len(failed) - strong < target.quorum


def _lead(findings: Sequence[Finding]) -> Finding:
    """The finding that speaks for the others: of the most common mechanism, by the earliest rule."""
    common = Counter(one.mechanism for one in findings)
    return min(findings, key=lambda one: (-common[one.mechanism], _ORDER[one.rule]))


def _mixed(failed: Sequence[Finding]) -> Finding:
    """Where conclusive claims differ, none of them; otherwise the reason why the others stay unknown."""
    if len({one.claim for one in failed if one.claim in CONCLUSIVE}) > 1:
        return _blank(MIXED.why, rule=MIXED.id)
    return min((one for one in failed if one.claim not in CONCLUSIVE), key=lambda one: _ORDER[one.rule])


def _of_check(check: str, tries: Sequence[Try]) -> Finding:
    """What all attempts say of a check: how it works if it ever does, else the one conclusive claim, else why not.

    A claim that rests on a pattern yields to what went through when it was asked again, be it in another attempt.
    """
    found = [_of_attempt([one for one in attempt.findings if one.check == check]) for attempt in tries]
    known = [one for one in found if one is not None]
    if works := _working(known):
        return works
    conclusive = [one for one in known if one.claim in CONCLUSIVE]
    unsteady = [one for one in known if one.rule == UNSTEADY]
    if unsteady and all(one.claim in _OF_TARGET and one.strength is Strength.LIKELY for one in conclusive):
        return unsteady[0]
    if len({one.claim for one in conclusive}) > 1:
        return replace(_blank(MIXED.why, rule=MIXED.id), check=check)
    return min(conclusive or known, key=lambda one: _ORDER[one.rule])


def _of_attempt(walks: Sequence[Finding]) -> Finding | None:
    """What one attempt says of a check: one address that passes is enough, and all must agree on why none does."""
    if works := _working(walks):
        return works
    telling = [one for one in walks if one.rule not in SAYS_NOTHING] or list(walks)
    unknown = [one for one in telling if one.claim not in CONCLUSIVE]
    if unknown or len({one.claim for one in telling}) > 1:
        return unknown[0] if unknown else replace(_blank(MIXED.why, rule=MIXED.id), check=walks[0].check)
    return min(telling, key=lambda one: _ORDER[one.rule], default=None)


def _working(findings: Sequence[Finding]) -> Finding | None:
    """The best of what works, and of what works poorly where nothing does better; None where nothing works."""
    for claim in (Claim.USABLE, Claim.DEGRADED):
        if works := [one for one in findings if one.claim is claim]:
            return max(works, key=lambda one: one.level)
    return None


def _went_through(tries: Sequence[Try], target: Target) -> list[bool]:
    """For each attempt, whether the quorum stood after it; a check that was not tried again keeps its last state."""
    state: dict[str, bool] = {}
    went = []
    for attempt in tries:
        checks = {one.check for one in attempt.findings}
        state |= dict.fromkeys(checks, False)
        state |= dict.fromkeys((one.check for one in attempt.findings if one.claim is Claim.USABLE), True)
        went.append(sum(state.values()) >= target.quorum)
    return went


def _checks(tries: Iterable[Try]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.check for attempt in tries for one in attempt.findings))


def _why(lead: Finding, failed: Sequence[Finding], checks: int) -> str:
    """The leading reason, and what the other checks say where they say something else."""
    others = Counter(one.mechanism or one.rule for one in failed if one.rule != lead.rule)
    if checks == 1:
        return lead.why
    same = sum(one.rule == lead.rule for one in failed)
    rest = ", ".join(f"{count} {name}" for name, count in others.items())
    return f"{lead.why} {same} of {checks} checks{f'; also {rest}' if rest else ''}."


def _numbers(went: Sequence[bool]) -> str:
    return ", ".join(str(number) for number, through in enumerate(went, 1) if not through)


def _blank(why: str, rule: str = INSUFFICIENT.id) -> Finding:
    return Finding(rule=rule, claim=Claim.INCONCLUSIVE, strength=Strength.INSUFFICIENT, why=why)


def _verdict(lead: Finding, target: Target, why: str) -> Verdict:
    return Verdict(
        claim=lead.claim,
        strength=lead.strength,
        steadiness=_STEADY,
        rule=lead.rule,
        mechanism=lead.mechanism,
        stage=lead.stage,
        level=lead.level,
        needs=target.needs,
        why=why,
    )
