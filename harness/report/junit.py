"""What JUnit keeps of a cell: short, stable, and nothing private."""

from __future__ import annotations

from harness.model import Attempt, CellFacts, Claim, Level, Verdict


def message(verdict: Verdict, facts: CellFacts) -> str:
    """`blocked: tls.reset_on_sni at tls (likely, 3 attempts)`, in one line; of what was not asked, the reason."""
    if verdict.claim is Claim.NOT_APPLICABLE:
        return f"{verdict.claim}: {verdict.why}"
    what = verdict.mechanism or ("" if verdict.claim is Claim.USABLE else verdict.rule)
    at = f" at {verdict.stage}" if verdict.stage and verdict.claim is not Claim.USABLE else ""
    notes = [str(verdict.strength), attempts(facts), *([verdict.steadiness] if verdict.steadiness != "steady" else [])]
    text = f"{verdict.claim}{': ' if what else ''}{what}{at} ({', '.join(notes)})"
    return f"{text}; declare {verdict.declare}" if verdict.declare else text


def properties(verdict: Verdict, facts: CellFacts) -> list[tuple[str, str]]:
    """Name and value of each property, of cells that passed as well; always the same names."""
    return [
        ("claim", str(verdict.claim)),
        ("strength", str(verdict.strength)),
        ("steadiness", verdict.steadiness),
        ("mechanism", verdict.mechanism or ""),
        ("stage", str(verdict.stage or "")),
        ("rule", verdict.rule),
        ("level", level(verdict.level)),
        ("needs", level(verdict.needs)),
        ("why", verdict.why),
        ("attempts", str(len(facts.attempts))),
        ("tries", "; ".join(f"{attempt.number}: {_ending(attempt)}" for attempt in facts.attempts)),
        *([("declare", verdict.declare)] if verdict.declare else []),
    ]


def attempts(facts: CellFacts) -> str:
    """`1 attempt`, `3 attempts`."""
    count = len(facts.attempts)
    return f"{count} attempt{'' if count == 1 else 's'}"


def level(reached: Level) -> str:
    """`E3`, or `none`."""
    return "none" if reached is Level.NONE else reached.name


def _ending(attempt: Attempt) -> str:
    """How an attempt's walks ended, without a word of where they went."""
    ends = [f"{walk.failed_at} {walk.failure}" if walk.failure else "through" for walk in attempt.walks]
    return ", ".join(dict.fromkeys(ends)) or "nothing"
