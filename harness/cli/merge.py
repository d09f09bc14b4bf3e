"""`waygauge merge`: the records of a run's shards become one, and what is missing is named."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Iterable, Iterator, Sequence

from harness import history, record
from harness.errors import HarnessError
from harness.history import Merged, Recorded, RunFile

NAMED = 50  # missing cells that are named; a job summary is no place for thousands


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("runs", metavar="RUN", nargs="+", type=pathlib.Path, help="records, or folders that hold them")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", metavar="FILE", type=pathlib.Path, help="the record of all of them together")
    where.add_argument("--into", metavar="DIR", type=pathlib.Path, help="one record a world or vantage, by its name")


def run(args: argparse.Namespace) -> int:
    """Write the record and say what it lacks. 1 where cells are missing, or were measured twice and differ."""
    records = [history.read(file) for file in files(args.runs)]
    if args.out:
        return max(_written(args.out, records))
    grouped = history.groups(records)
    return max(code for name, some in grouped.items() for code in _written(args.into / f"{_safe(name)}.jsonl", some))


def files(given: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    """The records that are meant; of a folder all that are below it."""
    found = [file for one in given for file in (sorted(one.rglob("*.jsonl")) if one.is_dir() else [one])]
    if not found:
        raise HarnessError(f"there is no record (*.jsonl) in {', '.join(one.name for one in given)}")
    return found


def _written(file: pathlib.Path, records: Sequence[Recorded]) -> Iterator[int]:
    merged = history.merge(records)
    out = RunFile(file)
    for line in merged.lines:
        out.append(record.dump(line))
    out.close()
    print("\n".join(_told(file, merged)))
    yield 1 if merged.missing or merged.contradicted else 0


def _told(file: pathlib.Path, merged: Merged) -> Iterator[str]:
    whole = len(merged.cells) + len(merged.missing)
    yield f"{file.name}: {len(merged.cells)} of {whole} planned cells; records: {len(merged.run.merged)}"
    yield from (f"  shard {name} ended early" for name in merged.cut)
    yield from _named("missing", merged.missing)
    if same := len(merged.twice) - len(merged.contradicted):
        yield f"  measured twice, and agree: {same}; the earliest are kept"
    differ = [f"{one.key}: {one.verdict.claim} was left out, the earlier one was kept" for one in merged.contradicted]
    yield from _named("measured twice, and differs", differ)


def _named(what: str, rows: Iterable[str]) -> Iterator[str]:
    rows = list(rows)
    yield from (f"  {what}: {row}" for row in rows[:NAMED])
    if len(rows) > NAMED:
        yield f"  {what}: {len(rows) - NAMED} more"


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
