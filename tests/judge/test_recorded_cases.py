"""Every recorded case is judged again, without a network."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from harness.judge import INSUFFICIENT, RULES, classify, judge, seen_of
from tests.judge.facts import case, names


@pytest.mark.parametrize("name", names())
def test_a_recorded_case_keeps_its_verdict(name: str) -> None:
    recorded = case(name)

    verdict = asdict(judge(recorded.cell, recorded.facts))

    shown = {axis: None if verdict[axis] is None else str(verdict[axis]) for axis in recorded.expected}
    assert recorded.expected == shown
    assert recorded.declare == verdict["declare"]


@pytest.mark.parametrize("rule", [*RULES, INSUFFICIENT], ids=lambda rule: rule.id)
def test_a_rule_wins_in_its_recorded_case(rule: object) -> None:
    recorded = case(getattr(rule, "case", ""))
    seen = seen_of(recorded.cell, recorded.facts)

    found = {classify(walk, seen).rule for attempt in recorded.facts.attempts for walk in attempt.walks}

    assert getattr(rule, "id", "") in found


@pytest.mark.parametrize("name", names())
def test_a_case_tells_its_story(name: str) -> None:
    assert case(name).story.endswith(".")
