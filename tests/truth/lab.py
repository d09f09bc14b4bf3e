"""What keeps a lab from being opened here."""

from __future__ import annotations

import functools

from harness.lab import Missing, detect
from harness.lab.servers import singbox
from tests import needs


@functools.cache
def missing() -> str:
    """The part that is missing with its remedy, "" where nothing is."""
    if singbox.program() is None:
        return "no sing-box; pip install 'waygauge[engines]'"
    found = detect()
    return str(found) if isinstance(found, Missing) else ""


def skip_without_lab() -> None:
    """Skip by name what needs a lab; in CI nothing may be missing, so that it fails instead."""
    if missing():
        needs.absent(missing())
