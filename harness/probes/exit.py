"""A reflector says which source address it sees; it was declared, so its word on that is taken."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.model import Json
from harness.probes.http_client import Asked, answered
from harness.probes.proof import Answer
from harness.probes.route import Route


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """As for HTTP, and `exit` in the detail of the body: the source address."""
    async with answered(Asked(method="GET", url=params["url"]), route, tape, until) as (answer, note):
        note.detail.update(exit=_source(answer))


def _source(answer: Answer) -> str:
    document = answer.document()
    source = document.get("source") if isinstance(document, Mapping) else None
    try:
        return str(ipaddress.ip_address(str(source)))
    except ValueError as exc:
        raise Failed("proof_missing", proof="source") from exc
