"""Records in few words: recorded cases under keys of their own, written as a run would write them."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from dataclasses import replace

from harness import record
from harness.history import Recorded, RunFile, read
from harness.judge import RULES_VERSION, judge
from harness.model import Attempt, Vantage
from harness.record import CellLine, EndLine, Line, RunLine
from tests.judge.facts import case

HOME = Vantage(name="home")


def cell_line(key: str, name: str, *, at: float = 0.0) -> CellLine:
    """The recorded case of that name, as a cell of that key, tried from that time on."""
    one = case(name)
    facts = replace(one.facts, key=key, attempts=tuple(_later(attempt, at) for attempt in one.facts.attempts))
    return CellLine(key=key, facts=facts, verdict=judge(one.cell, facts), rules=RULES_VERSION)


def run(file: pathlib.Path, cases: dict[str, str], *, at: float = 0.0, **more: object) -> Recorded:
    """A finished run of recorded cases by key."""
    planned = tuple(replace(case(name).cell, key=key) for key, name in cases.items())
    head = RunLine(id=file.stem, started=at, vantage=HOME, planned=planned)
    head = replace(head, **more)  # type: ignore[arg-type]
    return write(file, [head, *(cell_line(key, name, at=at) for key, name in cases.items()), EndLine(ended=at + 1)])


def write(file: pathlib.Path, lines: Iterable[Line]) -> Recorded:
    out = RunFile(file)
    for line in lines:
        out.append(record.dump(line))
    out.close()
    return read(file)


def _later(attempt: Attempt, at: float) -> Attempt:
    return replace(attempt, at=attempt.at + at)
