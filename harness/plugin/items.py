"""A scenario file as a pytest collector, a cell as a pytest item."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError
from harness.model import CONCLUSIVE, Cell, cell_name
from harness.plugin import words
from harness.plugin.options import IDLE

if TYPE_CHECKING:
    from harness.catalogue import Loaded
    from harness.plugin.run import Run
    from harness.vantage import Outcome


class Surprise(Exception):
    """The verdict is conclusive, and outside what was expected."""


class ReachFile(pytest.File):
    """The cells of one scenario file."""

    @property
    def run(self) -> Run:
        """The run of this pytest session."""
        from harness.plugin.hooks import the_run

        return the_run(self.config)

    def collect(self) -> Iterator[CellItem]:
        """One item a cell. A file that cannot be understood is a collection error of itself alone."""
        loaded = self.run.reading.read(self.path)
        for cell in loaded.plan.cells:
            name = cell_name(cell)
            # Written out, so that pytest reads the path in its brackets as it reads the node ids that --lf has kept.
            whole = f"{self.nodeid}::{name}"
            item: CellItem = CellItem.from_parent(self, name=name, nodeid=whole, cell=cell, loaded=loaded)
            yield item

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The complaints, one a line; a traceback only for faults of ours."""
        if isinstance(excinfo.value, HarnessError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class CellItem(pytest.Item):
    """One cell: waits for its facts, and holds the verdict against what is expected."""

    def __init__(self, *, cell: Cell, loaded: Loaded, **rest: Any) -> None:
        super().__init__(**rest)
        self.cell, self.loaded = cell, loaded
        self.expected = loaded.expectations.of(self.name)
        self.outcome: Outcome | None = None
        self._mark()

    @property
    def run(self) -> Run:
        """The run of this pytest session."""
        from harness.plugin.hooks import the_run

        return the_run(self.config)

    @property
    def lazy(self) -> bool:
        """True where a mark may keep the cell from being run: it is asked for only when its turn comes."""
        marks = (*self.iter_markers("skip"), *self.iter_markers("skipif"), *self.iter_markers("xfail"))
        return any(mark.name != "xfail" or not mark.kwargs.get("run", True) for mark in marks)

    @property
    def file(self) -> str:
        """The scenario file as outputs may show it: without where it stands on this machine."""
        return self.nodeid.partition("::")[0] if not os.path.isabs(self.nodeid) else self.path.name

    def setup(self) -> None:
        """Wait for the facts. Our own apparatus failing is an error here, never a failure of the cell."""
        self.outcome = self.run.desk.outcome(self)
        self.user_properties += words.properties(self.outcome, self.expected)

    def runtest(self) -> None:
        """Inside what is expected: pass. Conclusive and outside: fail. Otherwise nothing is known: skip."""
        assert self.outcome is not None
        verdict = self.outcome.verdict
        if verdict.claim in self.expected:
            return
        if verdict.claim in CONCLUSIVE:
            raise Surprise
        pytest.skip(words.message(self.outcome))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was found, and what to do next; a traceback only for faults of ours."""
        if isinstance(excinfo.value, Surprise) and self.outcome:
            return words.story(self.outcome, self.expected, self.cell.key)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[pathlib.Path, int, str]:
        """The line of the file that asks for the cell, and the cell in words.

        The line is always a number: pytest's skip asserts that. The words must not be the end of the node id: pytest
        would show the dots in them as `::`.
        """
        words = f"{self.cell.target.name} over {self.cell.path.name}"
        return self.path, self.loaded.positions.get(self.name, 0), words

    def _mark(self) -> None:
        target = self.cell.target
        for kind, name in (
            ("service", target.service),
            ("capability", target.capability),
            ("path", self.cell.path.name),
        ):
            if name:
                self.add_marker(self.run.reading.mark(f"{kind}_{name}", f"cells of the {kind} {name}"))
                self.add_marker(getattr(pytest.mark, kind)(name=name))
        for mark in self.loaded.marks.get(self.name, ()):
            named = self.run.reading.mark(mark.name, "named in a scenario")
            self.add_marker(named(reason=mark.reason) if mark.reason else named)
        if not self.run.settings.sends:
            self.add_marker(pytest.mark.skip(reason=IDLE))
        elif self.run.reading.lacking:
            self.add_marker(pytest.mark.skip(reason=self.run.reading.lacking))
