"""One pytest session's run: the hooks that are needed once a scenario has been collected."""

from __future__ import annotations

import pathlib
import warnings
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from harness.model import CONCLUSIVE
from harness.plugin import logs, reports, summary
from harness.plugin.desk import Desk
from harness.plugin.items import CellItem
from harness.plugin.junitfile import tidy
from harness.plugin.reading import Reading
from harness.plugin.settings import Settings

BROKEN = 3
"""The exit status of a run that shows nothing: no verdict was conclusive, or our own apparatus failed."""


class Run:
    """Registered as a plugin of its own with the first scenario, so that the runs of other projects pay nothing."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config, self.settings = config, settings
        self.reading = Reading(config, settings)
        self.desk = Desk(config, settings, self.reading)
        self.broken: str | None = None
        self.ours: dict[str, dict[str, Any]] = {}  # what the reports of cells said, by node id
        self.aside: dict[str, list[Any]] = {}
        self.summing_up = False  # in the short summary pytest's own words stand

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave to the other shards what is theirs, after everything else has chosen. Python tests are in each."""
        if self.settings.shard is None:
            return
        cells = [item.cell for item in items if isinstance(item, CellItem)]
        mine = self.settings.shard.keys(cells)
        left = {item for item in items if isinstance(item, CellItem) and item.cell.key not in mine}
        self.desk.whole = tuple(cell.key for cell in cells)
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=[*left])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Start the engine before the first item, and leave nothing running after the last."""
        how = "interrupted"
        try:
            self._begin(session)
            with logs.scrubbed(self.desk.scrub):  # always: a test may name the first private path yet
                finished = yield
            how = ""
            return finished
        except BaseException as exc:
            how = str(exc) or "interrupted"
            raise
        finally:
            self.broken = self.desk.broken
            self.desk.close(how)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Shape the reports of cells, scrub those of all tests."""
        report = yield
        if isinstance(item, CellItem):
            reports.shape(item, report)
            reports.tell_fault(report, call)
        if self.reading.private:
            # What a failing Python test shows may hold addresses that only the session has met.
            met = report.failed and not isinstance(item, CellItem)
            reports.scrub(report, self.desk.scrub if met else self.desk.clean)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Scrub what collecting says."""
        report = yield
        if self.reading.private:
            reports.scrub(report, self.desk.scrub)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Scrub what was warned of, before pytest and its workers take note of it."""
        if self.reading.private:
            reports.scrub_warning(warning_message, self.desk.scrub)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a cell's verdict, and give its words the form that JUnit and summaries read."""
        said = getattr(report, "waygauge", None)
        if said is None:
            return
        self.ours[report.nodeid] = said
        if report.failed:
            reports.tell(report)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, Any] | None:
        """`PASSED (usable)`, `FAILED (blocked: tls.reset_on_sni)`."""
        said = getattr(report, "waygauge", None)
        if said is None or self.summing_up or report.when != "call" or report.skipped or hasattr(report, "wasxfail"):
            return None
        failed = report.failed
        style = {"red": True} if failed else {"green": True}
        word = f"{'FAILED' if failed else 'PASSED'} ({said['word']})"
        return ("failed" if failed else "passed", "F" if failed else ".", (word, style))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, None, None]:
        """Keep our failures out of pytest's FAILURES: it searches all reports for each of them, which is quadratic."""
        self.summing_up = True
        self.aside = summary.set_aside(terminalreporter.stats, self.ours)
        try:
            yield
        finally:
            summary.put_back(terminalreporter.stats, self.aside)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """A run that shows nothing does not end well; what pytest wrote is looked through once more."""
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if not self.worker and ended and (self.broken or self._inconclusive()):
            session.exitstatus = BROKEN
        yield
        if not self.worker and (file := self.config.getoption("xmlpath", None)):
            narrow = self.settings.junit_narrow
            tidy(pathlib.Path(file), self.desk.vantage.name, self.desk.scrub, narrow=narrow)

    def pytest_unconfigure(self) -> None:
        """Whatever became of the session, nothing is left running."""
        self.desk.close("interrupted")

    @property
    def worker(self) -> bool:
        """True in a worker of pytest-xdist; what there is to show is the controller's to show."""
        return hasattr(self.config, "workerinput")

    def _begin(self, session: pytest.Session) -> None:
        """Hand in what will surely be wanted; nothing where pytest will run nothing."""
        items: Sequence[pytest.Item] = getattr(session, "items", ())
        halted = session.testsfailed and not self.config.getoption("continue_on_collection_errors")
        if self.config.getoption("collectonly") or halted:
            return
        self.desk.show_progress()
        self.desk.prefetch(item for item in items if isinstance(item, CellItem))

    def _inconclusive(self) -> bool:
        """True where cells were measured and not one shows anything: neither a conclusive nor an expected verdict."""
        outcomes = self.desk.sight.outcomes.values()
        conclusive = any(outcome.verdict.claim in CONCLUSIVE for outcome in outcomes)
        return bool(outcomes) and not conclusive and not any(said["met"] for said in self.ours.values())
