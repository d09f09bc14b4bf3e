"""A record judged with the controls that a free vantage's record lends it, and by today's rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.history.again import Changed
from harness.history.runfile import Recorded
from harness.judge import RULES_VERSION, Free, judge, lend
from harness.model import Verdict
from harness.record import CellLine


def free(recorded: Recorded) -> Free:
    """What a record has to lend."""
    return Free(vantage=recorded.run.vantage.name, cells={key: line.facts for key, line in recorded.cells.items()})


def judged(recorded: Recorded, lender: Recorded | None = None) -> Recorded:
    """The record as it is judged today, where a lender is given with that one's controls.

    A record is never its own lender. Cells that these rules have judged already, and that are lent nothing, are left
    as they are; so are cells of which nothing was planned, since nothing says what they had to show.
    """
    lent = free(lender) if lender and lender.run.id != recorded.run.id else None
    return replace(recorded, cells={key: _judged(recorded, line, lent) for key, line in recorded.cells.items()})


def changed(recorded: Recorded, now: Recorded) -> Iterator[Changed]:
    """The cells that are judged otherwise in the same record judged anew; other words for the same are left out."""
    for key, line in recorded.cells.items():
        verdict = now.cells[key].verdict
        if _finding(line.verdict) != _finding(verdict):
            yield Changed(key=key, recorded=line.verdict, now=verdict, rules=line.rules)


def _finding(verdict: Verdict) -> Verdict:
    return replace(verdict, why="", declare="")


def _judged(recorded: Recorded, line: CellLine, lent: Free | None) -> CellLine:
    cell = recorded.planned.get(line.key)
    if cell is None:
        return line
    facts = lend(cell, line.facts, lent) if lent else line.facts
    if line.rules == RULES_VERSION and facts is line.facts:
        return line
    return replace(line, facts=facts, verdict=judge(cell, facts), rules=RULES_VERSION)
