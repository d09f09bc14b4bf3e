"""The opening of a protocol in which the server proves itself to anybody: we speak once, and read until it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any, Protocol
from urllib.parse import urlsplit

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.model import Json, Level, Stage
from harness.probes.frames import FrameStream, Upgrade, upgraded
from harness.probes.message import CHUNK
from harness.probes.route import Route, counted


class Opening(Protocol):
    """One opening, as the client: send `hello`, then feed what comes until there is a proof (a dataclass)."""

    hello: bytes

    def feed(self, data: bytes) -> Any | None:
        """The proof, None while more bytes are wanted. Raises Failed where the answer is none."""


class Readable(Protocol):
    """Something that gives bytes in order."""

    async def read(self, most: int, until: Deadline) -> bytes:
        """1 to `most` bytes; b"" at the peer's end."""


def over_frames(params: Mapping[str, Json]) -> bool:
    """True where the URL asks for a WebSocket."""
    return urlsplit(params["url"]).scheme in {"ws", "wss"}


async def prove(params: Mapping[str, Json], opening: Opening, route: Route, tape: Tape, until: Deadline) -> None:
    """E3 by the proof: in stages request and response over TCP, in the stage body over a WebSocket."""
    with closing(await route.open(params, until, tape)) as stream:
        soon = until.sooner(route.patience.response)
        if over_frames(params):
            carried = FrameStream(await upgraded(stream, _upgrade(params), soon, tape))
            soon = until.sooner(route.patience.response)
            with counted(tape, Stage.BODY, stream) as note:
                await carried.write(opening.hello, soon)
                note.detail.update(await _proof(carried, opening, soon))
        else:
            with counted(tape, Stage.REQUEST, stream):
                await stream.write(opening.hello, soon)
            with counted(tape, Stage.RESPONSE, stream) as note:
                note.detail.update(await _proof(stream, opening, soon))
    tape.reached(Level.E3)


async def _proof(stream: Readable, opening: Opening, until: Deadline) -> dict[str, Json]:
    while data := await stream.read(CHUNK, until):
        if (proof := opening.feed(data)) is not None:
            return asdict(proof)
    raise EOFError


def _upgrade(params: Mapping[str, Json]) -> Upgrade:
    subprotocols: Sequence[str] = params.get("subprotocols") or ()
    return Upgrade(url=params["url"], headers=params.get("headers") or {}, subprotocols=subprotocols)
