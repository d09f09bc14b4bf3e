"""Reports as terminal and JUnit should have them: relative, scrubbed, with the cell's own times."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError
from harness.model import CellFacts, Verdict

if TYPE_CHECKING:
    from harness.plugin.items import CellItem

Scrub = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """Where and why, as pytest asks it of what it shows: `message` is JUnit's message and the short summary's line."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.lineno}: {self.message}"


class Told:
    """A failure told in words. Its first line is the message; the whole of it is the text."""

    def __init__(self, text: str, path: str, lineno: int) -> None:
        self._text = text
        self.reprcrash = Crash(path=path, lineno=lineno, message=text.partition("\n")[0])

    def __str__(self) -> str:
        return self._text

    def toterminal(self, tw: Any) -> None:
        """Write the text."""
        tw.line(self._text)


def shape(item: CellItem, report: pytest.TestReport) -> None:
    """Give a cell's report the cell's own times, its place without this machine's folders, and its verdict."""
    _retime(item, report)
    if isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2])
        report.longrepr = (item.file, item.reportinfo()[1] + 1, reason)
    # Plain values: pytest-xdist carries them to the controller.
    said = word(item.outcome.verdict) if item.outcome else ""
    report.waygauge = {"word": said, "met": _met(item)}  # type: ignore[attr-defined]


def tell_fault(report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Say what our own apparatus lacks in its words: pytest shows a traceback for whatever is raised in a set-up."""
    if report.failed and call.excinfo and isinstance(call.excinfo.value, HarnessError):
        report.longrepr = str(call.excinfo.value)


def tell(report: pytest.TestReport) -> None:
    """Give the words of a failing cell the form from which JUnit and the summary take their message."""
    if isinstance(report.longrepr, str):
        path, line, _ = report.location
        report.longrepr = Told(report.longrepr, path, (line or 0) + 1)  # type: ignore[assignment]


def scrub(report: pytest.TestReport | pytest.CollectReport, clean: Scrub) -> None:
    """Take out of a report what must not be seen: its text, captured output, locals and properties."""
    report.sections = [(clean(title), clean(text)) for title, text in report.sections]
    if isinstance(report, pytest.TestReport):
        report.user_properties = [(name, _clean(value, clean)) for name, value in report.user_properties]
    if isinstance(report.longrepr, tuple):
        report.longrepr = (report.longrepr[0], report.longrepr[1], clean(str(report.longrepr[2])))
    elif report.longrepr is not None and clean(text := str(report.longrepr)) != text:
        path, line, _ = getattr(report, "location", (report.nodeid, 0, ""))
        message = getattr(getattr(report.longrepr, "reprcrash", None), "message", "")
        told = Told(clean(text), path, (line or 0) + 1)
        if message:
            told.reprcrash = Crash(path=path, lineno=(line or 0) + 1, message=clean(str(message)))
        report.longrepr = told  # type: ignore[assignment]


def scrub_warning(warned: warnings.WarningMessage, clean: Scrub) -> None:
    """The same of a warning."""
    text = str(warned.message)
    if (cleaned := clean(text)) != text:
        warned.message = cleaned


def times(facts: CellFacts) -> tuple[float, float]:
    """When a cell began and how many seconds it took, by its own attempts."""
    if not facts.attempts:
        return 0.0, 0.0
    began = facts.attempts[0].at
    ends = [
        attempt.at + seen.ended for attempt in facts.attempts for walk in attempt.walks for seen in walk.observations
    ]
    return began, max(0.0, max(ends, default=began) - began)


def word(verdict: Verdict) -> str:
    """`blocked: tls.reset_on_sni`."""
    return f"{verdict.claim}: {verdict.mechanism}" if verdict.mechanism else str(verdict.claim.value)


def _retime(item: CellItem, report: pytest.TestReport) -> None:
    """A cell ran in the engine, mostly before its turn came: the wait says nothing."""
    began, took = times(item.outcome.facts) if item.outcome else (0.0, 0.0)
    if report.when == "call" and began:
        report.start, report.stop, report.duration = began, began + took, took
    elif report.when == "setup" and item.outcome:
        report.duration = 0.0


def _met(item: CellItem) -> bool:
    return item.outcome is not None and item.outcome.verdict.claim in item.expected


def _clean(value: object, clean: Scrub) -> object:
    return clean(value) if isinstance(value, str) else value
