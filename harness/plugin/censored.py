"""The worlds of one test of somebody else's; skipped with the remedy where this machine cannot hold one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import NoReturn

import pytest

from harness.errors import ScenarioError
from harness.model import Json
from harness.vantage.inside import CensoredInternet, NoLab, censored_internet

SHOWN = 40  # events of a world that a report holds


class Worlds:
    """Opens worlds, and takes all of them down."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._all: list[CensoredInternet] = []

    def open(self, world: str | os.PathLike[str], **more: Json) -> CensoredInternet:
        """A world by its name or file, with more laid over it. Without a lab the test is skipped; in CI, where one must
        be had, it fails."""
        __tracebackhide__ = True
        found = _opened(world, more)
        if isinstance(found, NoLab):
            _give_up(str(found))
        if isinstance(found, ScenarioError):
            pytest.fail(str(found), pytrace=False)  # the test's own mistake, told as it is told of a scenario
        found.refuse = _give_up
        self._all.append(found)
        self._open.callback(found.close)
        return found

    def told(self) -> Iterator[tuple[str, str]]:
        """What the censor of each world did, as sections of a report: the last of it, where that is long."""
        for world in self._all:
            lines = world.told()
            if len(lines) > SHOWN:
                lines = [f"{len(lines) - SHOWN} before these", *lines[-SHOWN:]]
            yield f"what the censor of {world.world} did", "\n".join(lines) or "nothing"

    def close(self) -> None:
        """Take down every world that was opened."""
        self._open.close()


def _give_up(why: str) -> NoReturn:
    __tracebackhide__ = True
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


def _opened(world: str | os.PathLike[str], more: Mapping[str, Json]) -> CensoredInternet | NoLab | ScenarioError:
    try:
        return censored_internet(world, **more)
    except (NoLab, ScenarioError) as exc:
        return exc
