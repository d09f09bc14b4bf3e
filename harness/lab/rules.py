"""The censor's rules as its owner checks them: every parameter known, every value sound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from harness.errors import ScenarioError
from harness.kinds import load
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.world import Rule


def plain(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """The rules as plain JSON with every default filled in; ScenarioError where one cannot be understood."""
    return [_plain(number, rule) for number, rule in enumerate(rules)]


def _plain(number: int, rule: Rule) -> dict[str, Any]:
    from pydantic import ValidationError

    where = f"censor rule {number}"
    if rule.behaviour not in BEHAVIOURS:
        raise ScenarioError(f"{where}: unknown behaviour {rule.behaviour!r}; {BEHAVIOURS.nearest(rule.behaviour)}")
    try:
        params = load(BEHAVIOURS[rule.behaviour].params).model_validate(dict(rule.params))
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ScenarioError(f"{where}: {rule.behaviour}: {place}: {first['msg']}") from None
    return {"behaviour": rule.behaviour, "params": asdict(params)}
