"""What is compared: records and JUnit files, one by one or folder by folder."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Iterator
from dataclasses import replace

from harness.compare import Side, Standing
from harness.errors import HarnessError
from harness.history.junitcells import read_junit
from harness.history.lent import changed, judged
from harness.history.runfile import Recorded, read
from harness.record import RunLine

ENDINGS = (".jsonl", ".xml")


def pairs(then: pathlib.Path, now: pathlib.Path, lender: Recorded | None = None) -> Iterator[tuple[Side, Side]]:
    """The sides to compare: two files, or in two folders the files of the same name.

    A file that has no counterpart is compared with nothing: what it alone planned has appeared, or was not run.
    """
    if then.is_dir() != now.is_dir():
        raise HarnessError("a folder is compared with a folder, and a file with a file; name two of a kind")
    if not then.is_dir():
        yield side(then, lender), side(now, lender)
        return
    before, after = _files(then), _files(now)
    for name in dict.fromkeys([*before, *after]):
        old = side(before[name], lender) if name in before else Side(name=name, lacks=(f"there is no {name} in A",))
        new = side(after[name], lender) if name in after else _missing(old)
        yield old, new


def side(file: pathlib.Path, lender: Recorded | None = None) -> Side:
    """What a file says of each cell. Raises HarnessError where it is neither a record nor a JUnit file of ours."""
    if file.suffix == ".xml":
        return read_junit(file)
    recorded = read(file)
    now = judged(recorded, lender)
    keys = dict.fromkeys([*recorded.run.whole, *recorded.planned, *recorded.cells])
    cells = {key: _standing(now, key) for key in keys}
    return Side(name=file.name, cells=cells, about=_about(recorded.run), lacks=tuple(_lacks(recorded, now, lender)))


def _standing(recorded: Recorded, key: str) -> Standing:
    line = recorded.cells.get(key)
    return Standing(verdict=line.verdict, tries=len(line.facts.attempts)) if line else Standing()


def _files(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    found = {file.name: file for file in sorted(folder.iterdir()) if file.suffix in ENDINGS}
    # A record says more than its own JUnit file.
    return {name: file for name, file in found.items() if file.suffix != ".xml" or f"{file.stem}.jsonl" not in found}


def _missing(old: Side) -> Side:
    """A run that was not made: everything that it would have planned was not run."""
    return replace(old, cells=dict.fromkeys(old.cells, Standing()), about="", lacks=(f"there is no {old.name} in B",))


def _about(run: RunLine) -> str:
    """`lab-open, world open, 2026-11-22 03:17Z`."""
    when = dt.datetime.fromtimestamp(run.started, dt.UTC).strftime("%Y-%m-%d %H:%MZ")
    parts = (
        run.vantage.name,
        f"world {run.world}" if run.world else "",
        f"shard {run.shard}" if run.shard else "",
        when,
    )
    return ", ".join(part for part in parts if part)


def _lacks(recorded: Recorded, now: Recorded, lender: Recorded | None) -> Iterator[str]:
    if recorded.end is None:
        yield "the run was cut short"
    elif recorded.end.reason != "finished":
        yield f"the run ended early: {recorded.end.reason}"
    lends = lender is not None and lender.run.id != recorded.run.id
    differ = len(list(changed(recorded, now)))
    if lender and lends:
        yield f"judged again with the controls of {lender.run.vantage.name}: {_verdicts(differ)} from the record's"
    elif differ:
        yield f"judged again by the rules of this version: {_verdicts(differ)} from the record's"


def _verdicts(count: int) -> str:
    return f"{count} verdict{' differs' if count == 1 else 's differ'}"
