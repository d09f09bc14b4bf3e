"""WhatsApp's Noise responder shows a certificate under the trusted issuer key."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.model import Json
from harness.probes.opening import prove
from harness.probes.route import Route
from harness.wire.whatsapp import Opening

ANCHORS = "whatsapp_noise"


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E3 by the server's certificate; we stop before we would have to say who we are."""
    opening = Opening(issuers=route.trust.anchors.get(ANCHORS, ()), now=time.time(), random=os.urandom)
    await prove(params, opening, route, tape, until)
