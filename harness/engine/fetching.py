"""One HTTP request over a path, for a plain Python test: no attempts, no controls, no verdict."""

from __future__ import annotations

import base64
import time
from contextlib import AsyncExitStack
from dataclasses import replace

from harness.dial.api import Tape, WalkEnded
from harness.dial.deadline import Deadline
from harness.engine import protocol as say
from harness.engine.ground import Ground
from harness.failures import token
from harness.model import Stage
from harness.probes import where
from harness.probes.http_client import Asked, fetch
from harness.probes.message import Head
from harness.probes.route import Route


async def fetched(order: say.Fetch, ground: Ground) -> say.Fetched:
    """The answer, or the token and the stage at which the request ended."""
    tape = Tape(check="fetch", began=time.monotonic())
    until = Deadline.after(order.timeout)
    try:
        async with AsyncExitStack() as held:
            async with until.hold():
                await held.enter_async_context(ground.claimed(order.path))
            head, body = await _first_answer(order, ground, tape, until)
    except WalkEnded:
        last = tape.observations[-1]
        return say.Fetched(id=order.id, failure=say.Failure(token=last.failure or "", stage=last.stage))
    except Exception as exc:  # whatever it was, somebody waits for this line
        return say.Fetched(id=order.id, failure=say.Failure(token=token(exc)))
    return say.Fetched(id=order.id, response=_response(head, body))


async def _first_answer(order: say.Fetch, ground: Ground, tape: Tape, until: Deadline) -> tuple[Head, bytes]:
    """The answer of the first address that opens a connection."""
    asked = _asked(order.request)
    goal = where.of({"url": asked.url})
    assert goal is not None
    opened = ground.open(order.path)
    await opened.up(until.sooner(ground.patience.path), tape)
    addresses = await opened.addresses(goal.host, until.sooner(ground.patience.resolve), tape)
    for address in addresses:
        route = Route(
            open_path=opened,
            host=goal.host,
            address=address,
            trust=ground.trust,
            reopen=ground.open,
            patience=replace(ground.patience, response=order.timeout),
        )
        try:
            return await fetch(asked, route, tape, until)
        except WalkEnded:
            if tape.observations[-1].stage is not Stage.CONNECT or address == addresses[-1]:
                raise
    raise AssertionError("a resolver gives at least one address")


def _asked(request: say.Request) -> Asked:
    return Asked(
        method=request.method,
        url=request.url,
        headers=request.headers,
        body=base64.b64decode(request.body),
    )


def _response(head: Head, body: bytes) -> say.Response:
    return say.Response(
        status=head.status,
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers),
        body=base64.b64encode(body).decode(),
        http_version=head.version,
    )
