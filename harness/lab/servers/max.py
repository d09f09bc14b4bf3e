"""MAX's web socket: it answers the hello that its web client sends before any login.

Frames {ver, cmd, seq, opcode, payload}: nsdkinx/vkmax docs/protocol.md. Opcode 6 opens a session, cmd 1 answers.
"""

from __future__ import annotations

import json

from harness.lab.servers import http
from harness.lab.servers.params import Max
from harness.lab.servers.seat import Seat
from harness.lab.servers.web import front_page
from harness.lab.servers.websocket import WebSocketServer

_HELLO = 6
_ERROR = 3


class MaxServer(WebSocketServer):
    """Answers hellos with the same `seq` and opcode; to anything else it says that there is no session."""

    def __init__(self, seat: Seat) -> None:
        params: Max = seat.params
        super().__init__(params.path, lambda: _incoming, _respond)


def _incoming(message: bytes | str) -> str:
    try:
        asked = json.loads(message)
    except RecursionError as exc:
        raise ValueError("deeper than any message of the protocol") from exc
    if not isinstance(asked, dict):
        raise ValueError("not an object")
    known = asked.get("opcode") == _HELLO and asked.get("cmd") == 0
    payload = {"location": "RU", "callsEnabled": True} if known else {"error": "proto.state", "message": "no session"}
    answer = {"ver": 11, "cmd": 1 if known else _ERROR, "seq": asked.get("seq"), "opcode": asked.get("opcode")}
    return json.dumps({**answer, "payload": payload})


async def _respond(_request: http.Request) -> http.Response:
    return http.Response(status=426, body=front_page("MAX").encode())
