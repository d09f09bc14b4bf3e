"""The worlds of one test of somebody else's; skipped with the remedy where this machine cannot hold one."""

from __future__ import annotations

import contextlib
import os

import pytest

from harness.errors import ScenarioError
from harness.vantage.inside import CensoredInternet, NoLab, censored_internet


class Worlds:
    """Opens worlds, and takes all of them down."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()

    def open(self, world: str) -> CensoredInternet:
        """A world by its name or file. Without a lab the test is skipped; in CI, where one must be had, it fails."""
        try:
            found = censored_internet(world)
        except NoLab as exc:
            give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            give_up(str(exc))
        except ScenarioError as exc:
            pytest.fail(str(exc), pytrace=False)  # the test's own mistake, told as it is told of a scenario
        self._open.callback(found.close)
        return found

    def close(self) -> None:
        """Take down every world that was opened."""
        self._open.close()
