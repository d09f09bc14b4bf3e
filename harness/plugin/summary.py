"""What stands at the end of a run: surprises, the matrix, what works now by which path, and the record."""

from __future__ import annotations

import collections
import pathlib
import sys
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any

from harness.report import advice, matrix
from harness.report.sheet import Sheet
from harness.report.style import Style
from harness.vantage import Sight

if TYPE_CHECKING:
    from harness.plugin.run import Run

STORIES = 10  # surprises told at length; the rest stands in the short summary, the matrix and the record

Stats = dict[str, list[Any]]


def set_aside(stats: Stats, ours: Container[str]) -> Stats:
    """Take the failures of cells out of what pytest shows at length; gives what was taken."""
    aside: Stats = {}
    for category in ("failed", "error"):
        taken = [report for report in stats.get(category, []) if report.nodeid in ours]
        if taken:
            aside[category] = stats[category]
            stats[category] = [report for report in stats[category] if report.nodeid not in ours]
    return aside


def put_back(stats: Stats, aside: Stats) -> None:
    """Undo `set_aside`."""
    stats.update(aside)
    aside.clear()


class Summary:
    """Called by pytest between its own long and short summaries."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write what the run showed."""
        aside = dict(self._run.aside)
        put_back(terminalreporter.stats, self._run.aside)
        if terminalreporter.config.getoption("no_summary", False):
            return
        for title, lines in self._parts(aside):
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.write_line(line)

    def _parts(self, aside: Stats) -> Iterator[tuple[str, list[str]]]:
        ours = self._run.ours
        if stories := [str(report.longrepr) for report in aside.get("failed", []) if report.nodeid in ours]:
            yield "otherwise than expected", _told(stories)
        if faults := [str(report.longrepr) for report in aside.get("error", []) if report.nodeid in ours]:
            counted = collections.Counter(faults)
            yield "errors of our own apparatus", [f"{count} cells: {text}" for text, count in counted.items()]
        if (sight := self._run.desk.sight).outcomes:
            yield "which way works", _shown(sight, self._run)


def _shown(sight: Sight, run: Run) -> list[str]:
    """The matrix, what works by which path, and where the record is."""
    writer = run.config.get_terminal_writer()
    style = Style(width=writer.fullwidth, unicode=_unicode(), colour=writer.hasmarkup)
    sheet = Sheet.of(sight.cells.values(), {key: outcome.verdict for key, outcome in sight.outcomes.items()})
    record = run.settings.record
    kept = ["", f"the record is in {_called(record)}"] if record else []
    return [*matrix.render(sheet, style).splitlines(), "", *advice.lines(sheet), *kept]


def _called(file: pathlib.Path) -> str:
    """A file as it is called from where we stand, elsewhere by its name alone."""
    here = pathlib.Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else file.name


def _unicode() -> bool:
    """True where the terminal's encoding holds the matrix's signs."""
    try:
        "✓─…".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _told(stories: list[str]) -> list[str]:
    lines = [line for story in stories[:STORIES] for line in (*story.splitlines(), "")]
    more = len(stories) - STORIES
    return [*lines, f"... and {more} more, below in short"] if more > 0 else lines[:-1]
