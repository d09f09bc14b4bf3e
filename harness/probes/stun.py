"""A STUN server answers our transaction with the source that it saw."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.model import Json, Level, Stage
from harness.probes.asking import ask
from harness.probes.route import Route, counted
from harness.wire import stun


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E2 by an answer under our transaction id, which nobody off the path can guess; nobody is authenticated by it.

    The answer's source is our own: it is written as `exit`, which leaves as a pseudonym.
    """
    transaction = os.urandom(12)
    with (
        closing(await route.datagrams(params["port"], until, tape)) as flow,
        counted(tape, Stage.RESPONSE, flow) as note,
    ):
        soon = until.sooner(min(params.get("seconds", route.patience.response), route.patience.response))
        answer = await ask(flow, stun.request(transaction), lambda data: stun.answer(data, transaction), soon, note)
        note.detail.update(exit=answer.source, code=answer.code, software=answer.software)
        if answer.source is None:
            raise Failed("protocol_error", why="an error in place of a source")
    tape.reached(Level.E2)
