"""An HTTP request is answered, and the answer shows the declared proof."""

from __future__ import annotations

from collections.abc import Mapping

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.model import Json, Level
from harness.probes import where
from harness.probes.http_client import Asked, answered
from harness.probes.proof import demand
from harness.probes.route import Route


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E1 by any answer over plain HTTP, E2 by any answer over verified TLS, E3 by the proof besides."""
    proof = params.get("proof")
    async with answered(_asked(params), route, tape, until) as (answer, _):
        if proof:
            demand(proof, answer)
    if proof and where.encrypted(params):
        tape.reached(Level.E3)


def _asked(params: Mapping[str, Json]) -> Asked:
    return Asked(
        method=params.get("method") or "GET",
        url=params["url"],
        headers=[*(params.get("headers") or {}).items(), *(params.get("credentials") or {}).items()],
        body=(params.get("body") or "").encode(),
        most=params.get("max_bytes") or 1 << 20,
        roots=params.get("roots") or "",
    )
