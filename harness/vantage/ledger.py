"""The book of a run: every fact is scrubbed, judged and written down the moment it arrives.

What is judged is what is written, cell and facts alike: judging a record again cannot but agree.
"""

from __future__ import annotations

import collections
import functools
import platform
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter

from harness import __version__, record
from harness.history import RunFile
from harness.judge import RULES_VERSION, judge
from harness.model import PATH_TARGET, Cell, CellFacts, Control
from harness.redact import Redactor
from harness.vantage import Hushed, Outcome, Setup
from harness.vantage.place import Place

NounT = TypeVar("NounT")
LineT = TypeVar("LineT", bound=record.Line)


class Ledger:
    """Scrubs, judges and records. Every method may be called from any thread."""

    def __init__(self, setup: Setup, place: Place) -> None:
        self._setup, self._place = setup, place
        self._writing = threading.RLock()
        self._file = RunFile(setup.record) if setup.record else None
        self._begun = False
        self._versions: dict[str, str] = {"waygauge": __version__, "python": platform.python_version()}
        self._cells: dict[str, Cell] = {}
        self._claims: collections.Counter[str] = collections.Counter()
        self._redactor = Redactor(key=setup.key, record_addresses=setup.record_addresses)

    def versions(self, versions: Mapping[str, str]) -> None:
        """Take note of the engine's tools, before the first cell is admitted."""
        self._versions.update(versions)

    def admit(self, cells: Iterable[Cell], hushed: Hushed) -> None:
        """Take in cells to come and what must not be seen of them; the first ones open the record."""
        with self._writing:
            self._redactor.add(hushed.secrets, hushed.private)
            bare = tuple(record.planned(cell) for cell in cells)
            if self._begun and bare:
                self._write(record.PlanLine(planned=bare))
            self._open(bare)
            self._cells.update({cell.key: self._scrubbed(cell) for cell in bare})

    def cell(self, key: str, facts: CellFacts) -> Outcome:
        """What a cell's facts mean, scrubbed and written down."""
        with self._writing:
            self._redactor.learn(facts)
            seen = self._scrubbed(facts)
            verdict = judge(self._cells[key], seen)
            line = self._write(record.CellLine(key=key, facts=seen, verdict=verdict, rules=RULES_VERSION))
            self._claims[verdict.claim] += 1
            if self._cells[key].target.name == PATH_TARGET:
                self._write(_path_line(self._cells[key], seen))
            return Outcome(facts=line.facts, verdict=line.verdict)

    def control(self, control: Control) -> None:
        """Write down a control as it was run."""
        with self._writing:
            self._redactor.learn(control)
            self._write(record.ControlLine(control=control))

    def end(self, how: str) -> None:
        """Write the last line."""
        with self._writing:
            self._open(())
            reason = {"reason": how} if how else {}
            self._write(record.EndLine(ended=time.time(), counts=dict(self._claims), **reason))
            if self._file:
                self._file.close()

    def scrub(self, text: str) -> str:
        """The text without secrets and private names."""
        with self._writing:
            return self._redactor.text(text)

    def _open(self, planned: tuple[Cell, ...]) -> None:
        """Write the first line, once."""
        if self._begun:
            return
        self._begun = True
        line = record.RunLine(
            id=uuid.uuid4().hex,
            started=time.time(),
            vantage=self._place.vantage,
            planned=planned,
            world=self._place.world,
            tier=self._place.tier if self._place.world else None,
            versions=self._versions,
            catalogue=self._setup.catalogue,
            rules=RULES_VERSION,
            shard=self._setup.shard,
            whole=self._setup.whole,
        )
        self._write(line)

    def _write(self, line: LineT) -> LineT:
        """The line as it is written: scrubbed."""
        scrubbed = self._scrubbed(line)
        if self._file:
            self._file.append(record.dump(scrubbed))
        return scrubbed

    def _scrubbed(self, noun: NounT) -> NounT:
        """The same noun without secrets and private names."""
        kind: Any = type(noun)
        adapter = _adapter(kind)
        scrubbed: NounT = adapter.validate_python(self._redactor.json(adapter.dump_python(noun, mode="json")))
        return scrubbed


def _path_line(cell: Cell, facts: CellFacts) -> record.PathLine:
    """What a path consists of, and the sources that reflectors saw through it, in order of appearance."""
    walks = (walk for attempt in facts.attempts for walk in attempt.walks)
    exits = dict.fromkeys(
        str(seen.detail["exit"]) for walk in walks for seen in walk.observations if "exit" in seen.detail
    )
    return record.PathLine(name=cell.path.name, path=cell.path, exits=tuple(exits))


@functools.cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
