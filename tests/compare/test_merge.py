"""Shards become one record; what is missing and what was measured twice is told."""

from __future__ import annotations

import pathlib

import pytest

from harness.cli.main import main
from harness.errors import HarnessError
from harness.history import merge, read
from harness.model import Claim, Vantage
from tests.compare.records import run

WORKS, RESET = "usable-proved", "tls-sni-reset"
WHOLE = ("a", "b", "c")


def test_shards_become_one_record_in_the_order_of_the_plan(tmp_path: pathlib.Path) -> None:
    first = run(tmp_path / "1.jsonl", {"a": WORKS, "c": RESET}, shard="1/2", whole=WHOLE)
    second = run(tmp_path / "2.jsonl", {"b": WORKS}, shard="2/2", whole=WHOLE)

    merged = merge([second, first])

    assert ["a", "b", "c"] == [line.key for line in merged.cells] == [cell.key for cell in merged.run.planned]
    assert ((), (), ()) == (merged.missing, merged.twice, merged.cut)


def test_a_shard_that_never_came_is_missed_by_name(tmp_path: pathlib.Path) -> None:
    only = run(tmp_path / "1.jsonl", {"a": WORKS, "c": RESET}, shard="1/2", whole=WHOLE)

    assert ("b",) == merge([only]).missing


def test_of_two_measurements_the_earliest_is_kept_and_the_other_flagged(tmp_path: pathlib.Path) -> None:
    late = run(tmp_path / "late.jsonl", {"a": RESET}, at=2000.0)
    early = run(tmp_path / "early.jsonl", {"a": WORKS}, at=1000.0)

    merged = merge([late, early])

    assert [Claim.USABLE] == [line.verdict.claim for line in merged.cells]
    assert [("a", "early", "late")] == [(one.key, one.kept, one.left) for one in merged.contradicted]


def test_measured_twice_and_alike_is_no_contradiction(tmp_path: pathlib.Path) -> None:
    merged = merge([run(tmp_path / f"{name}.jsonl", {"a": WORKS}, at=float(name)) for name in "12"])

    assert (1, ()) == (len(merged.twice), merged.contradicted)


def test_the_same_record_twice_counts_once(tmp_path: pathlib.Path) -> None:
    one = run(tmp_path / "1.jsonl", {"a": WORKS})

    assert () == merge([one, one]).twice


def test_a_record_that_was_cut_short_is_named(tmp_path: pathlib.Path) -> None:
    run(tmp_path / "1.jsonl", {"a": WORKS}, shard="1/2")
    text = (tmp_path / "1.jsonl").read_text()
    (tmp_path / "1.jsonl").write_text(text[: text.rindex('{"type":"end"')])

    assert ("1/2",) == merge([read(tmp_path / "1.jsonl")]).cut


def test_runs_of_different_places_are_not_merged(tmp_path: pathlib.Path) -> None:
    here = run(tmp_path / "1.jsonl", {"a": WORKS})
    there = run(tmp_path / "2.jsonl", {"a": WORKS}, vantage=Vantage(name="office"))

    with pytest.raises(HarnessError, match=r"different places \(home, office\)"):
        merge([here, there])


def test_a_folder_is_merged_place_by_place(tmp_path: pathlib.Path) -> None:
    for number, world in enumerate(("open", "paper", "open")):
        run(tmp_path / "legs" / f"{number}.jsonl", {f"cell-{number}": WORKS}, world=world)

    assert 0 == main(["merge", str(tmp_path / "legs"), "--into", str(tmp_path / "night")])
    assert ["cell-0", "cell-2"] == list(read(tmp_path / "night" / "open.jsonl").cells)
    assert ["cell-1"] == list(read(tmp_path / "night" / "paper.jsonl").cells)


def test_what_is_missing_is_named_and_fails(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path / "1.jsonl", {"a": WORKS}, shard="1/2", whole=WHOLE)

    assert 1 == main(["merge", str(tmp_path / "1.jsonl"), "--out", str(tmp_path / "all.jsonl")])
    told = ["all.jsonl: 1 of 3 planned cells; records: 1", "  missing: b", "  missing: c"]
    assert told == capsys.readouterr().out.splitlines()


def test_a_merged_record_is_judged_as_its_parts_were(tmp_path: pathlib.Path) -> None:
    for number, name in enumerate((WORKS, RESET)):
        run(tmp_path / f"{number}.jsonl", {name: name})
    main(["merge", str(tmp_path), "--out", str(tmp_path / "all.jsonl")])

    assert 0 == main(["judge", str(tmp_path / "all.jsonl")])


def test_an_empty_folder_is_refused_with_its_reason(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["merge", str(tmp_path), "--out", str(tmp_path / "all.jsonl")])
    assert "there is no record (*.jsonl)" in capsys.readouterr().err
