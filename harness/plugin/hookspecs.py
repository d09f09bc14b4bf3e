"""The hook by which a third party adds kinds of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.kinds import Kind


def pytest_waygauge_kinds() -> Iterable[tuple[str, Kind]]:
    """Rows to add, each with its table: `probes`, `hops` or `resolvers`.

    A row names import paths only; they are imported where they are used, which for what a row builds is the engine.
    """
    return ()
