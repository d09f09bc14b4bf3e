"""Which tests stay together under pytest-xdist, and go first: those that ask several things of one lab, measured once.

No example of a property is held to a time: a busy machine is no counterexample.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")

collect_ignore_glob = ["media/*.reach.yaml"]  # what tests measure themselves, in a world of their own

TOGETHER = (
    *("tests/compare/test_nightly.py", "tests/media/test_in_the_lab.py", "tests/tunnels/test_worlds.py"),
    *("tests/plugin/test_cli.py", "tests/plugin/test_junit.py", "tests/plugin/test_xdist.py"),
)
BY_WORLD = "tests/truth/test_truth.py"
BY_PAGE = "tests/docs/test_pages.py"

LEAN = "-p no:hypothesispytest -p no:anyio"
"""What the runs of pytest in our tests go without: plugins that our users need not have, a third of the run's time."""


@pytest.fixture(scope="session", autouse=True)
def _lean() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_ADDOPTS", LEAN)
        yield


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of its own, run by pytest as we run others."""
    monkeypatch.setenv("PYTEST_ADDOPTS", LEAN)  # it takes out whatever its outer run was given
    return pytester


def together(nodeid: str) -> str:
    """What a test is to be run with: its world, its file, or nothing else."""
    file, _, test = nodeid.partition("::")
    if file == BY_WORLD and "[" in test:
        return test.partition("[")[2]
    return file if file in TOGETHER else nodeid


def place(nodeid: str) -> int:
    """When a test's turn comes: what lasts long goes first, so that no worker ends with it alone."""
    file = nodeid.partition("::")[0]
    return 0 if file in (*TOGETHER, BY_PAGE) else 1 if file == BY_WORLD else 2


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under pytest-xdist, in every worker alike."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A scheduler of our own: `--dist loadgroup` of pytest-xdist 3.8 does nothing under pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    config.option.loadscopereorder = False  # or a world of which one thing is asked would come last
    return Scheduling(config, log)
