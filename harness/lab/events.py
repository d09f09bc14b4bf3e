"""What the censor did, as it did it: the ground truth beside what a client concluded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Who spoke with whom, from the client's side: `src` is always the client."""

    proto: str  # tcp, udp, icmp or a protocol's number
    src: str
    sport: int
    dst: str
    dport: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One action of the censor, written before any packet of that action left."""

    at: float  # wall clock, seconds since the epoch
    flow: Flow | None  # None where a frame could not be read
    action: str  # match, drop, rst, icmp, rewrite, forge, inject, page, close, probe, residual, malformed, fragment
    rule: int | None = None  # its place in the world's list; None where no rule was at work
    behaviour: str = ""
    name: str = ""  # the name that matched
    generation: int = 0  # which `swap` the rule came with
    detail: Mapping[str, Json] = field(default_factory=dict)


def line(event: Event) -> str:
    """The event as one line of JSON."""
    return json.dumps(asdict(event), separators=(",", ":"))


def read(text: str) -> Event:
    """The event that `line` wrote."""
    plain = json.loads(text)
    flow = plain.pop("flow")
    return Event(flow=Flow(**flow) if flow else None, **plain)
