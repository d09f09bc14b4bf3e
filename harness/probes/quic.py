"""A QUIC server answers our Initial, whatever it says."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import closing

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.literals import is_address
from harness.model import Json, Level, Stage
from harness.probes.asking import ask
from harness.probes.route import Route, counted
from harness.wire import quic


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E2 by an answer that shows that our Initial has been read; nobody is authenticated by it.

    The handshake is not completed, and ended where the server began it. A close is an answer too, such as that of a
    server that knows no such name; the detail says which `kind` it was.
    """
    name = params.get("server_name") or route.host
    question = quic.Question(name=None if is_address(name) else name)
    with (
        closing(await route.datagrams(params["port"], until, tape)) as flow,
        counted(tape, Stage.RESPONSE, flow) as note,
    ):
        note.detail.update(server_name=question.name)
        soon = until.sooner(min(params.get("seconds", route.patience.response), route.patience.response))
        answer = await ask(flow, question.datagram(), question.answer, soon, note)
        note.detail.update(kind=answer.kind, code=answer.code, reason=answer.reason, versions=list(answer.versions))
        if answer.kind == "handshake":
            with contextlib.suppress(OSError):
                flow.send(question.farewell(answer))
    tape.reached(Level.E2)
