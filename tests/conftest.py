"""Which tests stay together under pytest-xdist: those that ask several things of one lab, which is measured once.

No example of a property is held to a time: a busy machine is no counterexample.
"""

from __future__ import annotations

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


def together(nodeid: str) -> str:
    """What a test is to be run with: its world, its file, or nothing else."""
    file, _, test = nodeid.partition("::")
    if file == BY_WORLD and "[" in test:
        return test.partition("[")[2]
    return file if file in TOGETHER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A scheduler of our own: `--dist loadgroup` of pytest-xdist 3.8 does nothing under pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    return Scheduling(config, log)
