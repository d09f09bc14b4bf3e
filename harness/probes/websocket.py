"""A WebSocket opens, and a script of frames is answered as declared."""

from __future__ import annotations

import json
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from contextlib import closing

from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.model import Json, Level, Stage
from harness.probes import where
from harness.probes.documents import shows
from harness.probes.frames import Frames, Upgrade, upgraded
from harness.probes.route import Route, counted

_KEPT = 256


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E1 by the upgrade over plain TCP, E2 over verified TLS, E3 by the script besides."""
    secure = where.encrypted(params)
    with closing(await route.open(params, until, tape)) as stream:
        soon = until.sooner(route.patience.response)
        frames = await upgraded(stream, _upgrade(params), soon, tape)
        tape.reached(Level.E2 if secure else Level.E1)
        if not (proof := params.get("proof")):
            return
        with counted(tape, Stage.BODY, stream) as note:
            await _play(filled(proof["steps"], fresh()), frames, until.sooner(route.patience.response), note.detail)
    if secure:
        tape.reached(Level.E3)


def fresh() -> dict[str, Json]:
    """Values for one run of a script: `<uuid>`, `<int>` (31 bits) and `<now>` (milliseconds)."""
    return {"<uuid>": str(uuid.uuid4()), "<int>": secrets.randbits(31), "<now>": time.time_ns() // 1_000_000}


def filled(written: Json, values: Mapping[str, Json]) -> Json:
    """What is written with fresh values in the places of their names; a name that stands alone keeps its type."""
    match written:
        case str():
            return values[written] if written in values else _within(written, values)
        case list() | tuple():
            return [filled(part, values) for part in written]
        case Mapping():
            return {name: filled(part, values) for name, part in written.items()}
    return written


def _within(text: str, values: Mapping[str, Json]) -> str:
    for name, value in values.items():
        text = text.replace(name, str(value))
    return text


def _upgrade(params: Mapping[str, Json]) -> Upgrade:
    return Upgrade(
        url=params["url"],
        headers={**(params.get("headers") or {}), **(params.get("credentials") or {})},
        subprotocols=tuple(params.get("subprotocols") or ()),
    )


async def _play(steps: Json, frames: Frames, until: Deadline, detail: dict[str, Json]) -> None:
    detail["steps"] = 0
    for step in steps:
        if (message := step.get("send")) is not None:
            await frames.send(message if isinstance(message, str) else json.dumps(message), until)
        if step.get("expect"):
            await _await(step["expect"], frames, until, detail)
        detail["steps"] += 1


async def _await(wanted: Mapping[str, Json], frames: Frames, until: Deadline, detail: dict[str, Json]) -> None:
    """Read until a frame fits. Frames that do not are passed over; where none came that fits, that is the failure."""
    seen = 0
    while True:
        try:
            frame = await frames.receive(until)
        except (TimeoutError, EOFError) as exc:
            if seen:
                raise Failed("proof_missing", frames=seen) from exc
            raise
        seen += 1
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        detail["frame_head"] = text[:_KEPT]
        if _fits(wanted, text):
            return


def _fits(wanted: Mapping[str, Json], text: str) -> bool:
    if wanted.get("text") and not re.search(wanted["text"], text):
        return False
    if not wanted.get("json"):
        return True
    try:
        return shows(json.loads(text), wanted["json"])
    except ValueError:
        return False
