"""What the tests of all rules share: a flow that sets a rule off, one that does not, and the ways of being spared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.kinds import load
from harness.lab.censor.packet import ACK, CLIENT, INTERNET, SYN
from harness.lab.censor.params import Named
from harness.lab.censor.table import BEHAVIOURS
from tests.lab.frames import SERVER_AT, Wire, datagram, rule, segment, sides
from tests.lab.test_heuristics import NEIGHBOUR

BOTH = list(SERVER_AT.values())
NEXT = list(NEIGHBOUR.values())
Message = tuple[bool, bytes]  # whether the client sends it
Frames = list[tuple[int, bytes]]  # each with the side that it comes from, or goes to


def out(*payloads: bytes) -> list[Message]:
    """Messages of the client's."""
    return [(True, each) for each in payloads]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A rule, a flow that it is about with where frames went for each of its messages, and one that it is not about.

    A flow of TCP begins with a handshake, whose two packets count as messages.
    """

    params: dict[str, Any] = field(default_factory=dict)
    tcp: bool = False
    port: int = 443
    bad: list[Message]
    went: str  # where the frames went, by message: `-` for nowhere
    later: str = ""  # and what leaves in the second behind them
    good: list[Message] = field(default_factory=list)
    elsewhere: dict[str, Any] = field(default_factory=dict)  # what else the innocent flow differs in
    actions: tuple[str, ...] = ("match", "drop")
    families: tuple[int, ...] = (4, 6)


def frames(case: Case, messages: list[Message], **ends: Any) -> Frames:
    """The frames of a flow with those messages, each with the side that it comes from."""
    hands = (segment(at=0, flags=SYN, **ends), segment(at=0, flags=SYN | ACK, back=True, **ends))
    made = [(CLIENT, hands[0]), (INTERNET, hands[1])] if case.tcp else []
    at = [1, 1]
    for from_client, data in messages:
        side = CLIENT if from_client else INTERNET
        make, place = (segment, {"at": at[side]}) if case.tcp else (datagram, {})
        made.append((side, make(data, back=not from_client, **place, **ends)))
        at[side] += len(data)
    return made


def ends_of(case: Case, family: int, **more: Any) -> dict[str, Any]:
    """Whom a flow of the case is between."""
    to = more.pop("to", SERVER_AT)[family]
    return {"family": family, "sport": 40000, "dport": more.pop("port", case.port), "to": to, **more}


def went(wire: Wire, made: Frames) -> list[Frames]:
    """What left because of each frame."""
    return [wire.receive(frame, side) for side, frame in made]


def across(made: Frames) -> list[Frames]:
    """What leaves because of each frame where nobody is in the way."""
    return [[(1 - side, frame)] for side, frame in made]


def written(left: list[Frames]) -> str:
    """Where that went, a word for each frame."""
    return " ".join(sides(sent) or "-" for sent in left)


def behaviour(which: str) -> str:
    """Whose row it is; what comes behind the name says which of several."""
    return which.split()[0]


def alone(which: str, case: Case) -> Wire:
    """A wire on which the rule holds nothing against other flows than the one that set it off."""
    kind = load(BEHAVIOURS[behaviour(which)].params)
    only = {"residual": None} if "residual" in kind.__dataclass_fields__ else {}
    return Wire(rule(behaviour(which), **case.params, **only))


def done(case: Case, family: int, *rules: Any) -> tuple[list[Frames], Frames, list[str]]:
    """What became of the flow that sets the rule off, at once and in the second behind it, and what is logged."""
    wire = Wire(*rules)
    return went(wire, frames(case, case.bad, **ends_of(case, family))), wire.wait(1), wire.actions


SHOWN_NO_NAME = {  # by the flows that set them off here; or shown one that is none of the listed
    *("esni_drop", "udp_first_n", "freeze", "mobile_crawl", "ssh_collateral", "allow_names"),
}


def ways_of_being_spared(which: str, case: Case, family: int) -> dict[str, Any]:
    """What a rule may say by which the flow that sets it off is none of its business."""
    ways = {
        "probability": 0,
        "exempt_prefixes": BOTH,
        "exempt_ports": [case.port],
        "families": [10 - family],
        "ports": [7],
        "prefixes": NEXT,
        "hours": ["12:00-13:00"],  # the day of these wires begins at midnight
    }
    if behaviour(which) not in {"tls_mitm", "dns_hijack"}:  # only what begins inside can be led
        ways["direction"] = "in"
    if issubclass(load(BEHAVIOURS[behaviour(which)].params), Named) and behaviour(which) not in SHOWN_NO_NAME:
        ways["exempt_names"] = ["com", "org", "net", "google"]
    return ways
