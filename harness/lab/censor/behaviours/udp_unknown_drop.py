"""UDP that is not recognised vanishes: calls and tunnels fail, what falls back to TCP lives.

RU mobile since 2025-12 (net4people/bbs issue 546): Zoom survives over TCP, Signal's calls survived at the time. A flow
is known by what its opener says first; what mimics a known protocol there passes, whatever follows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.lab.censor import dtls, params, question, quic
from harness.lab.censor.behaviours.stun_drop import stun_class
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

Known: TypeAlias = Literal["dns", "ntp", "stun", "dtls", "quic"]

_NTP, _CLIENT = (48, 68, 72), 3  # bytes of a question without and with a digest, and its mode (RFC 5905 section 7.3)
_ONE, _NONE, _IN = b"\0\1", bytes(4), b"\0\1"  # one question, neither answers nor authorities, of the internet


def _dns(data: bytes) -> bool:
    asked = question.read(data)
    return asked is not None and data[4:6] == _ONE and data[6:10] == _NONE and asked.raw[-2:] == _IN


KNOWN: Mapping[Known, Callable[[bytes], bool]] = {
    "dns": _dns,
    "ntp": lambda data: len(data) in _NTP and data[0] & 7 == _CLIENT and 1 <= data[0] >> 3 & 7 <= 4,
    "stun": lambda data: stun_class(data) != "",
    "dtls": dtls.speaks,
    "quic": quic.opens,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """What is recognised, and how random all else must look to vanish."""

    known: tuple[Known, ...] = ("dns", "ntp", "stun", "dtls", "quic")
    entropy: float = 0.0  # bits a byte, of the first datagram; 0: whatever is not recognised vanishes
    residual: params.Residual | None = None


class UdpUnknownDrop(Watch[Params]):
    """Judges a flow by its first datagram."""

    PROTOCOLS = ("udp",)

    def see(self, packet: Packet) -> Packet | None:
        """The datagram, where its flow is one that passes."""
        data = packet.payload
        known = any(KNOWN[one](data) for one in self.params.known)
        if known or entropy(data) < self.params.entropy:
            self.done = True
            return packet
        self.log("match", what="unknown", entropy=round(entropy(data), 2))
        return self.condemned(packet)


def entropy(data: bytes) -> float:
    """Shannon's entropy in bits a byte: 0 for nothing but one value, at most 8, and at most log2 of the length."""
    return -sum(count / len(data) * math.log2(count / len(data)) for count in Counter(data).values())
