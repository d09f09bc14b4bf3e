"""The facts of a cell become its verdict."""

from __future__ import annotations

from dataclasses import replace

from harness.judge.blockpages import PAGES, Page
from harness.judge.carriage import bearing, carriage
from harness.judge.classify import classify
from harness.judge.combine import Try, combine
from harness.judge.declare import declare
from harness.judge.residue import residue
from harness.judge.seen import Seen
from harness.judge.spread import spread
from harness.model import (
    CONCLUSIVE,
    PATH_TARGET,
    Cell,
    CellFacts,
    Claim,
    Control,
    Role,
    Strength,
    Verdict,
)


def judge(cell: Cell, facts: CellFacts, pages: tuple[Page, ...] = PAGES) -> Verdict:
    """What the facts say of the cell. The same facts always give the same verdict."""
    if cell.not_applicable:
        return _not_applicable(cell, cell.not_applicable)
    seen = seen_of(cell, facts, pages)
    bears = bearing(cell.target)
    tries = [
        Try(
            number=attempt.number,
            findings=tuple(classify(walk, seen) for walk in attempt.walks if walk.check in bears),
        )
        for attempt in facts.attempts
    ]
    verdict = combine(tries, cell.target)
    if verdict.claim is Claim.USABLE:
        verdict = replace(verdict, why=f"{verdict.why} {_by_some(facts, tries)}".rstrip())
    if verdict.claim in CONCLUSIVE and verdict.claim is not Claim.USABLE:
        verdict = _without_residue(verdict, tries, cell, residue(facts.attempts))
    if verdict.claim is Claim.INCONCLUSIVE:
        verdict = replace(verdict, declare=declare(cell, facts))
    return _of_path(verdict, carriage(facts)) if cell.target.name == PATH_TARGET else verdict


def _without_residue(verdict: Verdict, tries: list[Try], cell: Cell, left: frozenset[int]) -> Verdict:
    """What the cut itself says, where later attempts show only what it has left behind."""
    if not left:
        return verdict
    cut = combine([one for one in tries if one.number not in left], cell.target)
    return replace(cut if cut.claim is verdict.claim else verdict, steadiness="residual")


def _by_some(facts: CellFacts, tries: list[Try]) -> str:
    """What the last attempt says of addresses that differ."""
    checks = {one.check for one in tries[-1].findings}
    walks = [walk for walk in facts.attempts[-1].walks if walk.check in checks]
    return spread(zip(walks, tries[-1].findings, strict=True))


def seen_of(cell: Cell, facts: CellFacts, pages: tuple[Page, ...] = PAGES) -> Seen:
    """The controls of a cell. A path's own cell asks neutral hosts: its walks are neutral controls themselves."""
    own = _own_controls(cell, facts) if cell.target.name == PATH_TARGET else ()
    return Seen(cell=cell, controls=(*facts.controls, *own), pages=pages, attempts=facts.attempts)


def _own_controls(cell: Cell, facts: CellFacts) -> tuple[Control, ...]:
    bears = bearing(cell.target)
    walks = [(attempt.at, walk) for attempt in facts.attempts for walk in attempt.walks if walk.check in bears]
    return tuple(
        Control(id=f"own:{number}", role=Role.FOREIGN, path=cell.path.name, check=walk.check, at=at, walks=(walk,))
        for number, (at, walk) in enumerate(walks)
    )


def _of_path(verdict: Verdict, carries: str) -> Verdict:
    """A path cannot be blocked or down as a target can: where its neutral hosts are cut off, the path is down."""
    if verdict.claim is Claim.USABLE:
        return replace(verdict, why=f"{verdict.why} {carries}".rstrip())
    if verdict.claim is Claim.BLOCKED:
        return replace(verdict, claim=Claim.PATH_DOWN)
    if verdict.claim is Claim.DOWN:
        why = "The neutral hosts themselves are down, so nothing is known of the path."
        return replace(verdict, claim=Claim.INCONCLUSIVE, strength=Strength.INSUFFICIENT, why=why)
    return verdict


def _not_applicable(cell: Cell, reason: str) -> Verdict:
    return Verdict(
        claim=Claim.NOT_APPLICABLE,
        strength=Strength.INSUFFICIENT,
        steadiness="steady",
        rule="plan.not_applicable",
        needs=cell.target.needs,
        why=reason,
    )
