"""What the censor did, as it did it: the ground truth beside what a client concluded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.model import Json

ACTIONS = {
    "match": "the flow showed what the rule is about; where that is a name, `name` is it",
    "drop": "packets of the flow vanish from now on",
    "rst": "forged resets left, to whom `detail` says",
    "icmp": "an ICMP error left, with its `reason`",
    "rewrite": "packets went on changed: to another address (`to`), or as resets (`flags`)",
    "forge": "an answer of the censor's own took the place of the true one",
    "inject": "answers of the censor's own left ahead of the true one",
    "page": "a page or a redirect of the censor's own left, with its `status`",
    "close": "the connection was ended in good order",
    "freeze": "the flow fell silent after so many `packets` or `bytes`",
    "lose": "packets of the flow are lost now and then",
    "delay": "packets of the flow come late",
    "queue": "packets of the flow wait for their turn",
    "probe": "the censor itself called the server; `reaction` is what it saw",
    "condemn": "a server's port or address is lost from now on",
    "residual": "the flow is held for what an earlier one did",
    "malformed": "a frame that cannot be read was dropped; it has no flow",
    "fragment": "IP fragments that overlap or are not whole were dropped; they have no flow",
}


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
    action: str  # one of ACTIONS
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
