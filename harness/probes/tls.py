"""A TLS handshake completes and the certificate verifies."""

from __future__ import annotations

from collections.abc import Mapping

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.dial.tls import handshake
from harness.model import Json, Level
from harness.probes.route import Route


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E2 by a verified handshake; with `verify: false`, E1: somebody shook hands."""
    verify = params.get("verify", True)
    name = params.get("server_name") or params["host"]
    stream = await route.stream(params["port"], until, tape)
    soon = until.sooner(route.patience.tls)
    alpn = tuple(params.get("alpn") or ())
    offers = {"alpn": alpn, "verify": verify, "uncommon": bool(params.get("uncommon"))}
    shaken = await handshake(stream, name, soon, tape, trust=route.trust, **offers)
    shaken.close()
    tape.reached(Level.E2 if verify else Level.E1)
