"""Whether two answers to one request are the same page, when nothing but their looks can tell."""

from __future__ import annotations

from collections.abc import Mapping

from harness.judge.conditions import Condition
from harness.judge.seen import Seen, http_answer
from harness.model import Json, Walk

ALIKE = 0.7
"""The shorter body's share of the longer one above which OONI's Web Connectivity takes both for one page."""


def same_page(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """True for the same status and one likeness: the body itself, its title, or its length (OONI, ts-017)."""
    if one.get("status") != other.get("status"):
        return False
    if one.get("title") or other.get("title"):
        return one.get("title") == other.get("title")
    lengths = sorted(int(answer.get("length") or 0) for answer in (one, other))
    return one.get("body_sha256") == other.get("body_sha256") or lengths[0] > ALIKE * lengths[1]


def _other_page(walk: Walk, seen: Seen) -> bool:
    here = http_answer(walk)
    there = [http_answer(good) for good in seen.known_good_walks(walk) if good.completed]
    return bool(here and there) and not any(same_page(here, answer) for answer in there)


other_page_elsewhere = Condition("over a path known good another page comes", _other_page)
