"""What became of a cell between two runs, and how surely."""

from __future__ import annotations

import itertools

import pytest

from harness.compare import MEANINGS, Change, Side, Standing, compare, status
from harness.model import CONCLUSIVE, Claim
from tests.compare.standings import (
    BLOCKED,
    BLOCKED_ONCE,
    DEGRADED,
    DOWN,
    DROPPED,
    NOT_ASKED,
    NOT_RUN,
    PATH_DOWN,
    SHAKY,
    UNKNOWN,
    USABLE,
    change,
    nights,
    stands,
)

CASES: list[tuple[Change, Standing | None, Standing | None]] = [
    (Change.NEWLY_BLOCKED, USABLE, BLOCKED),
    (Change.NEWLY_BLOCKED, DEGRADED, BLOCKED),
    (Change.NEWLY_DOWN, USABLE, DOWN),
    (Change.NEWLY_DOWN, USABLE, PATH_DOWN),
    (Change.DEGRADED, USABLE, DEGRADED),
    (Change.NEWLY_USABLE, BLOCKED, USABLE),
    (Change.NEWLY_USABLE, BLOCKED, DEGRADED),
    (Change.RECOVERED, DEGRADED, USABLE),
    (Change.RECOVERED, PATH_DOWN, USABLE),
    (Change.MECHANISM_CHANGED, BLOCKED, DROPPED),
    (Change.MECHANISM_CHANGED, BLOCKED, DOWN),
    (Change.STEADINESS_CHANGED, USABLE, SHAKY),
    (Change.SAME, SHAKY, stands(Claim.USABLE, how="intermittent 2/3")),
    (Change.APPEARED, None, BLOCKED),
    (Change.APPEARED, NOT_ASKED, USABLE),
    (Change.GONE, USABLE, None),
    (Change.GONE, USABLE, NOT_ASKED),
    (Change.NOT_RUN, USABLE, NOT_RUN),
    (Change.NOT_RUN, NOT_RUN, USABLE),
    (Change.NOT_RUN, None, NOT_RUN),
    (Change.UNDECIDED, USABLE, UNKNOWN),
    (Change.UNDECIDED, UNKNOWN, BLOCKED),
    (Change.SAME, BLOCKED, BLOCKED),
    (Change.SAME, NOT_ASKED, NOT_ASKED),
]


@pytest.mark.parametrize(("expected", "then", "now"), CASES, ids=lambda one: str(getattr(one, "claim", one)))
def test_a_change_is_named(expected: Change, then: Standing | None, now: Standing | None) -> None:
    assert expected is change(then, now)


@pytest.mark.parametrize(("then", "now"), [*itertools.product(Claim, Claim)])
def test_only_conclusive_claims_make_a_regression(then: Claim, now: Claim) -> None:
    found = nights({"a": stands(then)}, {"a": stands(now)})

    assert bool(status([found]) == 1) <= {then, now}.issubset(CONCLUSIVE)


def test_what_neither_run_knows_is_no_news() -> None:
    found = nights({"a": UNKNOWN, "b": NOT_RUN}, {"a": UNKNOWN, "b": NOT_RUN})

    assert () == found.news


def test_the_worst_change_comes_first() -> None:
    found = nights({"a": BLOCKED, "b": USABLE, "c": USABLE}, {"a": USABLE, "b": USABLE, "c": BLOCKED})

    assert [Change.NEWLY_BLOCKED, Change.NEWLY_USABLE, Change.SAME] == [one.change for one in found.cells]


def test_three_tries_confirm_a_change() -> None:
    assert [True] == [one.confirmed for one in nights({"a": USABLE}, {"a": BLOCKED}).news]


@pytest.mark.parametrize(("then", "now"), [(USABLE, BLOCKED_ONCE), (SHAKY, BLOCKED), (BLOCKED_ONCE, USABLE)])
def test_a_change_that_rests_on_one_try_is_unconfirmed(then: Standing, now: Standing) -> None:
    assert [False] == [one.confirmed for one in nights({"a": then}, {"a": now}).news]


def test_an_unconfirmed_change_fails_nothing_unless_asked_to() -> None:
    found = [nights({"a": USABLE}, {"a": BLOCKED_ONCE})]

    assert (0, 1) == (status(found), status(found, unconfirmed=True))


def test_only_the_changes_that_were_named_fail() -> None:
    found = [nights({"a": USABLE}, {"a": BLOCKED})]

    assert (1, 0) == (status(found), status(found, [Change.DEGRADED]))


def test_runs_without_a_common_cell_cannot_be_compared() -> None:
    assert 2 == status([nights({"a": USABLE}, {"b": USABLE})])


def test_runs_without_a_conclusive_cell_say_nothing() -> None:
    assert 3 == status([nights({"a": UNKNOWN}, {"a": USABLE})])


def test_every_change_has_its_meaning() -> None:
    assert set(Change) == set(MEANINGS)


def test_a_run_compared_with_itself_is_the_same() -> None:
    side = Side(name="a", cells={"a": USABLE, "b": BLOCKED, "c": UNKNOWN, "d": NOT_RUN, "e": SHAKY})

    assert () == compare(side, side).news
