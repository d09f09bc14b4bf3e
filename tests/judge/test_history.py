"""A run is written line by line, read again, and judged again."""

from __future__ import annotations

import json
import pathlib
import stat
from dataclasses import replace

import pytest

from harness import record
from harness.errors import HarnessError
from harness.history import Recorded, RunFile, judge_again, read
from harness.judge import RULES_VERSION, judge
from harness.model import Cell, Claim, Path, Role, Spec, Vantage
from harness.record import CellLine, ControlLine, EndLine, Line, PlanLine, RunLine
from tests.judge.facts import OFFICE, case, cell, control, walk

CASES = ("tls-sni-reset", "usable-proved", "no-control")


def lines() -> list[Line]:
    """A run of three recorded cases, each under a key of its own."""
    found: list[Line] = []
    for name in CASES:
        one = case(name)
        line = CellLine(key=name, facts=one.facts, verdict=judge(one.cell, one.facts), rules=RULES_VERSION)
        found += [PlanLine(planned=(replace(one.cell, key=name),)), line]
    return [
        _run(),
        *found,
        ControlLine(control=control(Role.FOREIGN, walk())),
        EndLine(ended=2.0, counts={"usable": 1}),
    ]


def _run(*planned: Cell) -> RunLine:
    return RunLine(id="1", started=1.0, vantage=Vantage(name="home"), planned=planned)


def written(tmp_path: pathlib.Path, found: list[Line]) -> pathlib.Path:
    file = RunFile(tmp_path / "run.jsonl")
    for line in found:
        file.append(record.dump(line))
    file.close()
    return file.path


def recorded(tmp_path: pathlib.Path) -> Recorded:
    return read(written(tmp_path, lines()))


@pytest.mark.parametrize("line", lines(), ids=lambda line: type(line).__name__)
def test_a_line_reads_back_as_it_was(line: Line) -> None:
    assert line == record.load(json.loads(record.text(record.dump(line))))


def test_a_record_reads_back_whole(tmp_path: pathlib.Path) -> None:
    found = recorded(tmp_path)

    assert list(CASES) == list(found.cells)
    assert (1, False) == (len(found.controls), found.torn)
    assert found.end is not None


def test_only_its_owner_can_read_a_record(tmp_path: pathlib.Path) -> None:
    assert 0o600 == stat.S_IMODE(written(tmp_path, lines()).stat().st_mode)


def test_a_line_is_in_the_file_before_the_next_begins(tmp_path: pathlib.Path) -> None:
    file = RunFile(tmp_path / "run.jsonl")

    file.append(record.dump(_run()))

    assert 1 == file.path.read_text().count("\n")
    file.close()


def test_a_torn_last_line_is_left_out(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path, lines()[:3])
    path.write_text(path.read_text() + '{"type":"cell","key":"ha')

    found = read(path)

    assert (True, None, 1) == (found.torn, found.end, len(found.cells))


def test_unknown_types_and_fields_are_ignored(tmp_path: pathlib.Path) -> None:
    path = written(tmp_path, lines())
    later = json.dumps({"type": "weather", "of": "tomorrow"}) + "\n"
    path.write_text(later + path.read_text().replace('{"type":"cell",', '{"type":"cell","later":1,'))

    assert list(CASES) == list(read(path).cells)


@pytest.mark.parametrize("text", ["", "{}\n", '{"type":"end","ended":1}\n', "no json\n", "[1]\n"])
def test_what_is_no_record_is_refused_in_one_line(tmp_path: pathlib.Path, text: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text)

    with pytest.raises(HarnessError, match=r"^run.jsonl[^\n]*$"):
        read(path)


def test_a_missing_record_is_said_with_the_remedy(tmp_path: pathlib.Path) -> None:
    with pytest.raises(HarnessError, match="name the record of a run"):
        read(tmp_path / "none.jsonl")


def test_judging_again_agrees(tmp_path: pathlib.Path) -> None:
    assert [] == list(judge_again(recorded(tmp_path)))


def test_judging_again_says_which_rule_judged_otherwise(tmp_path: pathlib.Path) -> None:
    found = recorded(tmp_path)
    line = found.cells["usable-proved"]
    older = replace(line, verdict=replace(line.verdict, claim=Claim.DOWN, rule="old.rule"), rules="0")

    changed = list(judge_again(replace(found, cells={**found.cells, "usable-proved": older})))

    says = f"usable-proved: down by old.rule (rules 0); now usable by usable.proved (rules {RULES_VERSION})"
    assert [says] == [str(one) for one in changed]


def test_what_is_planned_keeps_no_parameter_of_a_path() -> None:
    path = replace(OFFICE, hops=(Spec(kind="socks5h", params={"host": "proxy.example.org", "password": "hunter22"}),))

    kept = record.dump(_run(record.planned(cell(path=path))))

    assert "hunter22" not in json.dumps(kept)
    assert "proxy.example.org" not in json.dumps(kept)
    assert "socks5h" == kept["planned"][0]["path"]["hops"][0]["kind"]


def test_a_plain_path_is_kept_as_it_is() -> None:
    assert cell(path=Path(name="direct")) == record.planned(cell(path=Path(name="direct")))
