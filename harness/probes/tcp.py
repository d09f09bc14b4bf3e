"""A TCP connection opens."""

from __future__ import annotations

from collections.abc import Mapping

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.model import Json
from harness.probes.route import Route


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E1 by the connection."""
    (await route.stream(params["port"], until, tape)).close()
