"""Frames for tests of the censor without a network: a client, a server, and packets between them."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import Any

from harness.lab import rules
from harness.lab.censor import forge
from harness.lab.censor.engine import Engine
from harness.lab.censor.packet import ACK, CLIENT, INTERNET, PSH, SYN
from harness.lab.censor.rule import compiled
from harness.lab.events import Event
from harness.lab.world import Rule

CLIENT_AT = {4: "100.64.0.2", 6: "2001:db8:64::2"}
SERVER_AT = {4: "198.41.0.4", 6: "2001:503:ba3e::2:30"}
ISN = 0xFFFFFF00  # so that every test crosses the end of the sequence space


def packed(text: str) -> bytes:
    """An address as bytes."""
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


class Wire:
    """An engine with one client and one server on it; time goes only where the test moves it."""

    def __init__(self, *plain: Rule, **parts: Any) -> None:
        self.sent: list[tuple[int, bytes]] = []
        self.events: list[Event] = []
        self.now = 1000.0
        self.engine = Engine(
            emit=lambda side, frame: self.sent.append((side, frame)), record=self.events.append, clock=float, **parts
        )
        self.swap(*plain)

    def swap(self, *plain: Rule) -> None:
        """Give it other rules."""
        self.engine.swap(compiled(rules.plain(plain), seed=1, generation=0))

    def receive(self, frame: bytes, side: int = CLIENT) -> list[tuple[int, bytes]]:
        """What left because of a frame."""
        before = len(self.sent)
        self.engine.receive(side, frame, self.now)
        return self.sent[before:]

    def wait(self, seconds: float) -> list[tuple[int, bytes]]:
        """What left in that time."""
        before = len(self.sent)
        self.now += seconds
        self.engine.tick(self.now)
        return self.sent[before:]

    @property
    def actions(self) -> list[str]:
        """What was logged."""
        return [event.action for event in self.events]


def framed(packet: bytes) -> bytes:
    """A frame around an IP packet."""
    return bytes(12) + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0") + packet


def segment(payload: bytes = b"", *, at: int = 1, flags: int = PSH | ACK, **more: Any) -> bytes:
    """A TCP segment of the client's; `at` counts from its initial sequence number."""
    family, back = more.get("family", 4), more.get("back", False)
    ends = (packed(CLIENT_AT[family]), packed(more.get("to", SERVER_AT[family])))
    ports = (more.get("sport", 40000), more.get("dport", 443))
    if back:
        ends, ports = ends[::-1], ports[::-1]
    where = ((ISN + at) & 0xFFFFFFFF, 1 if flags & ACK else 0, flags)
    data = forge.tcp(*ends, ports, where, payload)
    return framed(forge.ip(*ends, 6, data, forge.Look(ttl=more.get("ttl", 64))))


def opening(**more: Any) -> bytes:
    """The client's SYN."""
    return segment(at=0, flags=SYN, **more)


def shaken(wire: Wire, **ends: Any) -> list[tuple[int, bytes]]:
    """What leaves of a handshake, up to the answer of whoever was called."""
    side, back = (INTERNET, True) if ends.pop("back", False) else (CLIENT, False)
    syn, answer = segment(at=0, flags=SYN, back=back, **ends), segment(at=0, flags=SYN | ACK, back=not back, **ends)
    return wire.receive(syn, side) + wire.receive(answer, 1 - side)


def datagram(payload: bytes, **more: Any) -> bytes:
    """A UDP datagram of the client's."""
    family = more.get("family", 4)
    ends = (packed(CLIENT_AT[family]), packed(more.get("to", SERVER_AT[family])))
    ports = (more.get("sport", 40000), more.get("dport", 53))
    if more.get("back"):
        ends, ports = ends[::-1], ports[::-1]
    data = forge.udp(*ends, ports, payload)
    return framed(forge.ip(*ends, 17, data, forge.Look(ttl=more.get("ttl", 64), ident=more.get("ident", 7), df=False)))


def sides(sent: Iterable[tuple[int, bytes]]) -> str:
    """Where frames went, one letter each: `c` to the client, `i` to the internet."""
    return "".join("c" if side == CLIENT else "i" for side, _ in sent)


def rule(behaviour: str, **params: Any) -> Rule:
    """A rule of a world."""
    whole: Mapping[str, Any] = params
    return Rule(behaviour=behaviour, params=whole)


__all__ = [
    "CLIENT",
    "INTERNET",
    "Wire",
    "datagram",
    "framed",
    "opening",
    "packed",
    "rule",
    "segment",
    "shaken",
    "sides",
]
