"""What is compared: records and JUnit files, two of them or two folders."""

from __future__ import annotations

import json
import pathlib

import pytest

from harness.compare import Change, compare
from harness.errors import HarnessError
from harness.history.sides import pairs, side
from harness.model import Claim
from harness.record import VERSION
from harness.report import junit
from tests.compare.records import cell_line, run

WORKS, RESET = "usable-proved", "tls-sni-reset"


def junit_file(file: pathlib.Path, cases: dict[str, str]) -> pathlib.Path:
    """What pytest writes of recorded cases, and of a Python test beside them."""
    texts = []
    for key, name in cases.items():
        line = cell_line(key, name)
        kept = [("cell", key), *junit.properties(line.verdict, line.facts)]
        rows = "".join(f'<property name="{name}" value="{value}"/>' for name, value in kept)
        texts.append(f'<testcase classname="f" name="n"><properties>{rows}</properties></testcase>')
    texts.append('<testcase name="a Python test"/>')
    file.write_text(f'<testsuites><testsuite hostname="home">{"".join(texts)}</testsuite></testsuites>')
    return file


def test_a_junit_file_says_what_a_record_says(tmp_path: pathlib.Path) -> None:
    run(tmp_path / "run.jsonl", {"a": WORKS, "b": RESET})
    junit_file(tmp_path / "run.xml", {"a": WORKS, "b": RESET})

    assert () == compare(side(tmp_path / "run.jsonl"), side(tmp_path / "run.xml")).news


def test_a_junit_file_says_what_it_lacks(tmp_path: pathlib.Path) -> None:
    told = " ".join(side(junit_file(tmp_path / "run.xml", {"a": WORKS})).lacks)

    assert "does not say what was planned" in told
    assert "1 of its 2 test cases have no verdict" in told


def test_a_record_lists_what_it_planned_and_did_not_finish(tmp_path: pathlib.Path) -> None:
    run(tmp_path / "run.jsonl", {"a": WORKS}, whole=("a", "b"))

    assert None is side(tmp_path / "run.jsonl").cells["b"].verdict


def test_a_verdict_of_older_rules_is_judged_again(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "run.jsonl"
    run(file, {"a": RESET})
    rows = [json.loads(row) for row in file.read_text().splitlines()]
    rows[1] |= {"rules": "0", "verdict": {**rows[1]["verdict"], "claim": "down", "rule": "old.rule"}}
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    found = side(file)

    assert (Claim.BLOCKED, True) == (found.cells["a"].claim, "rules of this version" in found.lacks[0])


def test_folders_are_compared_file_by_file(tmp_path: pathlib.Path) -> None:
    run(tmp_path / "then" / "open.jsonl", {"a": WORKS})
    run(tmp_path / "then" / "paper.jsonl", {"b": WORKS})
    run(tmp_path / "now" / "open.jsonl", {"a": RESET})

    found = [compare(*sides) for sides in pairs(tmp_path / "then", tmp_path / "now")]

    assert [Change.NEWLY_BLOCKED, Change.NOT_RUN] == [one.cells[0].change for one in found]


def test_a_folder_and_a_file_are_not_compared(tmp_path: pathlib.Path) -> None:
    with pytest.raises(HarnessError, match="name two of a kind"):
        list(pairs(tmp_path, tmp_path / "run.jsonl"))


@pytest.mark.parametrize(
    "text",
    ["", "<a/>", "<a>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<a><testcase/></a>", "\x00"],
    ids=["empty", "other", "torn", "entity", "no-cell", "zero"],
)
def test_what_is_no_junit_file_of_ours_is_refused_in_one_line(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "run.xml").write_text(text)

    with pytest.raises(HarnessError, match=r"^run.xml: [^\n]*; [^\n]*$"):
        side(tmp_path / "run.xml")


def test_properties_that_cannot_be_understood_are_refused_by_the_cell(tmp_path: pathlib.Path) -> None:
    file = junit_file(tmp_path / "run.xml", {"a": WORKS})
    file.write_text(file.read_text().replace('value="usable"', 'value="splendid"'))

    with pytest.raises(HarnessError, match="the properties of a cannot be understood"):
        side(file)


def test_a_record_from_the_future_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(HarnessError, match=f"of version {VERSION + 1}, newer than {VERSION}; update waygauge"):
        run(tmp_path / "run.jsonl", {"a": WORKS}, version=VERSION + 1)
