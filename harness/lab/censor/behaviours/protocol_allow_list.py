"""On some ports only what looks like DNS, HTTP or TLS may go on.

IR since 2020-02, on TCP ports 53, 80 and 443, any of the three on any of them. The client's first two packets with data
are looked at together, as they come: no reassembly, no checksums. Where they match nothing, the client's packets from
the second on are dropped for 60 s, which each of them starts again (a key of `3tuple` holds it against other flows to
that port too). Towards some 18 % of servers; only for flows from inside (Bock 2020, "Detecting and Evading
Censorship-in-Depth: A Case Study of Iran's Protocol Filter", FOCI, section 4). Five bytes that look like TLS ahead, or
another port, defeat it; sending the payload in small parts does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

LEAST_HTTP = 8  # bytes
_VERB = re.compile(rb"(?:GET|POST|HEAD|CONNECT|OPTIONS|DELETE|PUT) ")
_TLS = re.compile(rb"\x16\x03[\x01-\x03]")
_TLS_HEAD, _DNS_HEAD = (
    5,
    12,
)  # bytes of a record's header (RFC 8446 section 5.1), of a message's (RFC 1035 section 4.1.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """The ports that are looked at, what may pass there, and for how long all else is held."""

    ports: tuple[params.Port, ...] = (53, 80, 443)
    packets: int = 2  # with data, of the client's, that are looked at together
    drop: params.Side = "client"
    residual: params.Residual | None = field(
        default_factory=lambda: params.Residual(key="4tuple", seconds=60.0, refresh=True)
    )


class ProtocolAllowList(Watch[Params]):
    """Waits for something that it knows."""

    PROTOCOLS = ("tcp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._seen = b""
        self._looked_at = 0

    def see(self, packet: Packet) -> Packet | None:
        """The packet, until so many have shown nothing that is allowed."""
        if packet.side != self.flow.opener or packet.end == packet.body:
            return packet
        self._seen += packet.payload
        self._looked_at += 1
        if protocol(self._seen):
            self.done = True
            return packet
        if self._looked_at < self.params.packets:
            return packet
        self.done = True
        self.log("match", what="unknown protocol")
        return self.condemned(packet)

    def enforce(self, packet: Packet) -> Packet | None:
        """Holds back the packets of those whom the rule names."""
        return self.silence(packet, self.params.drop)


def protocol(data: bytes) -> str:
    """Which of the allowed protocols the first bytes of a flow look like, "" where none."""
    if _TLS.match(data) and len(data) >= _TLS_HEAD and int.from_bytes(data[3:5], "big"):
        return "tls"
    if len(data) >= LEAST_HTTP and _VERB.match(data):
        return "http"
    return "dns" if _is_question(data) else ""


def _is_question(data: bytes) -> bool:
    """True for the head of one question over TCP: a length that fits it, a query, one entry, no answers."""
    size, message = int.from_bytes(data[:2], "big"), data[2:]
    if len(message) < _DNS_HEAD or size < _DNS_HEAD:
        return False
    flags, questions, answers, authorities = (int.from_bytes(message[at : at + 2], "big") for at in (2, 4, 6, 8))
    return not flags & 0xF800 and (questions, answers, authorities) == (1, 0, 0)
