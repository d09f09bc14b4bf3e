"""One run's file: written by appending whole lines, and read whatever became of its last one."""

from __future__ import annotations

import json
import os
import pathlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness import record
from harness.errors import HarnessError
from harness.model import Cell, Control, Json, Verdict
from harness.record import CellLine, ControlLine, EndLine, Line, PathLine, PlanLine, RunLine

_NO_RECORD = "this begins as no record does; name what --record wrote, as a rule run.jsonl"


class RunFile:
    """A run's file, written line by line: each is on its way to the disk before `append` returns.

    A file that stands there already is begun anew. Only its owner can read it. Any thread may append.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._writing = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a link is cut rather than followed
        self._descriptor: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)

    def append(self, value: Json) -> None:
        """Add one line. After `close` nothing is written."""
        data = record.text(value).encode("utf-8", "replace")
        with self._writing:
            while data and self._descriptor is not None:
                data = data[os.write(self._descriptor, data) :]

    def close(self) -> None:
        """Let go of the file."""
        with self._writing:
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A run as its file has it."""

    run: RunLine
    planned: Mapping[str, Cell]  # by key, in order
    cells: Mapping[str, CellLine] = field(default_factory=dict)  # by key, in order of finishing
    paths: tuple[PathLine, ...] = ()
    controls: tuple[Control, ...] = ()
    end: EndLine | None = None  # None where the run was cut short
    torn: bool = False  # the last line is incomplete, and left out

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdicts by key."""
        return {key: line.verdict for key, line in self.cells.items()}


def read(path: pathlib.Path) -> Recorded:
    """The run in a file; raises HarnessError where it is none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as exc:
        raise HarnessError(f"{path.name}: {exc.strerror}; name the record of a run") from exc
    whole, _, rest = text.rpartition("\n")
    found = list(_lines(whole, path.name))
    run = next((line for line in found if isinstance(line, RunLine)), None)
    if run is None:
        raise HarnessError(f"{path.name}: not the record of a run; its first line must be of type run")
    if run.version > record.VERSION:
        raise HarnessError(
            f"{path.name}: a record of version {run.version}, newer than {record.VERSION}; update waygauge"
        )
    return Recorded(
        run=run,
        planned=_planned(found),
        cells={line.key: line for line in found if isinstance(line, CellLine)},
        paths=tuple(line for line in found if isinstance(line, PathLine)),
        controls=tuple(line.control for line in found if isinstance(line, ControlLine)),
        end=next((line for line in found if isinstance(line, EndLine)), None),
        torn=bool(rest),
    )


def _planned(lines: list[Line]) -> dict[str, Cell]:
    return {cell.key: cell for line in lines if isinstance(line, (RunLine, PlanLine)) for cell in line.planned}


def _lines(text: str, name: str) -> Iterator[Line]:
    for number, row in enumerate(text.split("\n"), 1):
        if not row.strip():
            continue
        try:
            line = record.load(json.loads(row))
        except ValueError as exc:
            what = "this line cannot be read; the file is damaged" if number > 1 else _NO_RECORD
            raise HarnessError(f"{name}:{number}: {what}") from exc
        if line is not None:
            yield line
