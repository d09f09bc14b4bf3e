"""Real engines on both sides; where there is none, a skip with the remedy, and a failure in CI."""

from __future__ import annotations

import os

import pytest

from harness.tunnels import program
from tests.truth.conftest import serve

__all__ = ["serve"]


@pytest.fixture(autouse=True)
def sing_box(request: pytest.FixtureRequest) -> None:
    """Skips what needs a sing-box that is not there."""
    if program.find() is None and "without_engine" not in request.keywords:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no sing-box; {program.REMEDY}")
