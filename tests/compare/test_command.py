"""`waygauge compare`, from the command line: what it prints and how it ends."""

from __future__ import annotations

import json
import pathlib

import pytest

from harness.cli.main import main
from tests.compare.records import run

WORKS, RESET, UNKNOWN = "usable-proved", "tls-sni-reset", "no-control"


def compared(tmp_path: pathlib.Path, then: dict[str, str], now: dict[str, str], *options: str) -> int:
    run(tmp_path / "then.jsonl", then)
    run(tmp_path / "now.jsonl", now)
    return main(["compare", str(tmp_path / "then.jsonl"), str(tmp_path / "now.jsonl"), *options])


@pytest.mark.parametrize(
    ("expected", "then", "now"),
    [
        (0, {"a": WORKS}, {"a": WORKS}),
        (0, {"a": RESET}, {"a": WORKS}),
        (1, {"a": WORKS}, {"a": RESET}),
        (2, {"a": WORKS}, {"b": WORKS}),
        (3, {"a": UNKNOWN}, {"a": WORKS}),
        (0, {"a": WORKS, "b": WORKS}, {"a": UNKNOWN, "b": WORKS}),
    ],
    ids=["same", "better", "worse", "nothing in common", "nothing known", "one unknown"],
)
def test_the_exit_code_says_how_it_went(
    tmp_path: pathlib.Path, expected: int, then: dict[str, str], now: dict[str, str]
) -> None:
    assert expected == compared(tmp_path, then, now, "--unconfirmed")


def test_fail_on_names_what_counts(tmp_path: pathlib.Path) -> None:
    assert 1 == compared(tmp_path, {"a": RESET}, {"a": WORKS}, "--fail-on", "newly_usable", "--unconfirmed")


def test_fail_on_nothing_never_fails(tmp_path: pathlib.Path) -> None:
    assert 0 == compared(tmp_path, {"a": WORKS}, {"a": RESET}, "--fail-on", "none", "--unconfirmed")


def test_a_word_that_is_no_change_is_answered_with_the_nearest(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        compared(tmp_path, {"a": WORKS}, {"a": WORKS}, "--fail-on", "newly_bloked")
    assert 'did you mean "newly_blocked"?' in capsys.readouterr().err


@pytest.mark.parametrize("name", ["then.jsonl", "none.jsonl", "none.xml"])
def test_what_cannot_be_read_ends_with_two(
    tmp_path: pathlib.Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "then.jsonl").write_text("no record\n")

    assert 2 == main(["compare", str(tmp_path / name), str(tmp_path / name)])
    assert 1 == len(capsys.readouterr().err.splitlines())


def test_json_can_be_read_by_a_program(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    compared(tmp_path, {"a": WORKS}, {"a": RESET}, "--format", "json")

    assert {"newly_blocked": 1} == json.loads(capsys.readouterr().out)["comparisons"][0]["counts"]


def test_a_control_run_settles_what_was_not_known(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    control = ("--control", str(tmp_path / "then.jsonl"), "--unconfirmed")

    assert 1 == compared(tmp_path, {"a": WORKS}, {"a": "dns-nxdomain-alone"}, *control)
    assert "newly blocked" in capsys.readouterr().out
