"""A free vantage lends its cells as controls: they say that a target is up, and nothing of the network here."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.cli.main import main
from harness.history import judged
from harness.judge import Free, judge, lend
from harness.model import CellFacts, Claim, Stage, Verdict, Walk
from tests.compare.records import run
from tests.judge.facts import case, cell, facts, neutral, walk

CELL = cell()
NO_SUCH_NAME = walk(Stage.RESOLVE, "dns_nxdomain_error")
SILENT = walk(Stage.CONNECT, "generic_timeout_error")

Lent = Callable[[Walk], Verdict]


def with_free(here: CellFacts, *there: Walk, path_up: bool = True) -> Verdict:
    """The verdict here with what the same cell showed at a free vantage."""
    up = walk(check="abroad") if path_up else walk(Stage.CONNECT, "generic_timeout_error", check="abroad")
    free = Free(vantage="free-home", cells={CELL.key: facts(there), "s:path.up[direct]": facts((up,))})
    return judge(CELL, lend(CELL, here, free))


def test_without_a_control_a_failure_says_nothing() -> None:
    assert Claim.INCONCLUSIVE is judge(CELL, facts((SILENT,), controls=neutral())).claim


def test_what_works_at_a_free_vantage_is_blocked_here() -> None:
    assert Claim.BLOCKED is with_free(facts((SILENT,), controls=neutral()), walk()).claim


def test_what_fails_the_same_way_at_a_free_vantage_is_down() -> None:
    assert Claim.DOWN is with_free(facts((SILENT,), controls=neutral()), SILENT).claim


def test_a_free_vantage_that_reached_nobody_lends_nothing() -> None:
    assert Claim.INCONCLUSIVE is with_free(facts((SILENT,), controls=neutral()), SILENT, path_up=False).claim


def test_a_name_that_resolves_elsewhere_is_denied_here() -> None:
    assert "dns.nxdomain" == with_free(facts((NO_SUCH_NAME,)), walk()).mechanism


def test_a_dead_network_here_is_no_blocking_whatever_works_elsewhere() -> None:
    one = case("local-no-network")
    free = Free(vantage="free-home", cells={one.facts.key: facts((walk(check=one.cell.target.checks[0].name),))})

    lent = judge(one.cell, lend(replace(one.cell, key=one.facts.key), one.facts, free))

    assert Claim.INCONCLUSIVE is lent.claim


def test_a_cell_that_works_is_lent_nothing() -> None:
    here = facts((walk(),))

    assert here is lend(CELL, here, Free(vantage="free-home", cells={CELL.key: facts((walk(),))}))


def test_a_cell_that_the_free_vantage_has_not_is_left_as_it_is() -> None:
    here = facts((SILENT,))

    assert here is lend(CELL, here, Free(vantage="free-home", cells={}))


def test_a_record_is_never_its_own_control(tmp_path: pathlib.Path) -> None:
    one = run(tmp_path / "1.jsonl", {"a": "tls-sni-reset", "b": "usable-proved"})

    assert one.verdicts == judged(one, one).verdicts


def test_judge_tells_what_the_controls_changed(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path / "here.jsonl", {"a": "dns-nxdomain-alone"})
    run(tmp_path / "free.jsonl", {"a": "usable-proved"}, at=3600.0)

    main(["judge", str(tmp_path / "here.jsonl"), "--control", str(tmp_path / "free.jsonl")])

    assert capsys.readouterr().out.splitlines()[-1].endswith("cells are judged otherwise with home, 1.0 h apart")
