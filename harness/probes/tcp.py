"""A TCP connection opens, and stays open where a proxy says that it did."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from harness.dial.api import Stream, Tape
from harness.dial.deadline import Deadline
from harness.model import Json, Stage
from harness.probes.route import Route

STAYS = 1.0
"""Seconds for which a connection by way of a proxy must stay open: there and back for a SYN and what answers it.

Shadowsocks and Trojan have no word for a connection that was made, and some proxies say yes to CONNECT before they
have reached anybody; where nobody takes the connection, they hang up as soon as they know.
"""


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E1 by the connection."""
    with closing(await route.stream(params["port"], until, tape)) as stream:
        if hops := len(route.open_path.path.hops):
            await _stays(stream, f"hop:{hops}", until.sooner(STAYS), tape)


async def _stays(stream: Stream, of: str, until: Deadline, tape: Tape) -> None:
    """Wait until the target speaks or the time is over. An end before that is a `hop` stage of the last hop."""
    try:
        ended: Exception = EOFError()
        if await stream.read(1, until):
            return
    except TimeoutError:
        return
    except OSError as exc:
        ended = exc
    with tape.stage(Stage.HOP, of) as note:
        note.detail.update(phase="after", why="closed as soon as it was open")
        raise ended
