"""A cell's outcome in words: one line for skips and messages, a story for a surprise, properties for JUnit."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model import Claim
from harness.report import junit
from harness.vantage import Outcome


def message(outcome: Outcome) -> str:
    """`blocked: tls.reset_on_sni (3 attempts)`, in one line."""
    return junit.message(outcome.verdict, outcome.facts)


def properties(outcome: Outcome, expected: frozenset[Claim]) -> list[tuple[str, object]]:
    """What JUnit keeps of a cell, whether it passed or not; by its key it is found again in another night's file."""
    kept = junit.properties(outcome.verdict, outcome.facts)
    return [("cell", outcome.facts.key), *kept, ("expected", claims(expected))]


def claims(expected: frozenset[Claim]) -> str:
    """`blocked or down`."""
    return " or ".join(sorted(expected))


def story(outcome: Outcome, expected: frozenset[Claim], key: str) -> str:
    """What was found, what was expected, why the rule held, and how to see more."""
    return "\n".join(_story(outcome, expected, key))


def _story(outcome: Outcome, expected: frozenset[Claim], key: str) -> Iterator[str]:
    verdict = outcome.verdict
    yield message(outcome)
    yield f"  cell       {key}"
    yield f"  expected   {claims(expected)}"
    if verdict.why:
        yield f"  because    {verdict.why} (rule {verdict.rule}, {verdict.strength})"
    yield f"  attempts   {len(outcome.facts.attempts)}, {verdict.steadiness}"
    yield f"  more       waygauge explain '{key}' --run RECORD"
