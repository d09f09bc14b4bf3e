"""Telegram echoes our nonce and names a known public key."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.model import Json
from harness.probes.opening import over_frames, prove
from harness.probes.route import Route
from harness.wire.mtproto import Opening

ANCHORS = "telegram_rsa"
SUBPROTOCOLS = ["binary"]  # core.telegram.org/mtproto/transports#websocket


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E3 by `resPQ`; over a WebSocket the front is told which data centre is meant."""
    framed = over_frames(params)
    opening = Opening(
        fingerprints=route.trust.anchors.get(ANCHORS, ()),
        now=time.time(),
        random=os.urandom,
        centre=int(params.get("dc") or 2) if framed else None,
    )
    await prove({**params, "subprotocols": SUBPROTOCOLS} if framed else params, opening, route, tape, until)
