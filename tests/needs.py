"""What a test needs of the machine: a user's may lack it, and is told the remedy; in CI it must be there."""

import os
from typing import NoReturn

import pytest

from harness.lab.tiers import Missing, detect

IN_CI = os.environ.get("CI") == "true"


def absent(what: str) -> NoReturn:
    """Skip with the reason, in CI fail with it."""
    if IN_CI:
        pytest.fail(what)
    pytest.skip(what)


def needs(present: object, what: str) -> pytest.MarkDecorator:
    """A mark that skips with the reason where something is not there; in CI the test runs, and fails."""
    return pytest.mark.skipif(not present and not IN_CI, reason=what)


def lab() -> None:
    """A lab on this machine."""
    if isinstance(found := detect(), Missing):
        absent(f"no lab on this machine: {found}")
