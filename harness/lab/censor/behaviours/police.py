"""Policing: packets beyond a rate are dropped, so that TCP saws while its round trips stay as short as before.

RU 2021-03, 130 to 150 kbit/s each way for twitter.com (Xue 2021, "Throttling Twitter", IMC, section 5); RU 2024-07, for
googlevideo.com (net4people/bbs issue 382). The token bucket is that of RFC 2697, in one colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lab.censor import chosen, params
from harness.lab.censor.packet import CLIENT, ETHER, INTERNET, Packet
from harness.lab.censor.scope import sent_by

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

LEAST_BURST = 15_000  # bytes: ten full packets, so that TCP can still recover by fast retransmission
BURST = 0.25  # seconds' worth of the rate, about a round trip of a long path


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(chosen.Params):
    """The rate of each flow, and how much may pass at once before it holds."""

    rate: params.Rate  # of IP packets, each way by itself
    burst: int | None = None  # bytes; None is a quarter of a second's worth, and at least ten packets
    of: params.Side = "both"  # whose packets are held to the rate


class Bucket:
    """Tokens, a byte each, that come back at a rate."""

    def __init__(self, rate: float, depth: float, now: float) -> None:
        self._rate = rate / 8
        self._depth = self._tokens = depth
        self._at = now

    def takes(self, size: int, now: float) -> bool:
        """True where there are tokens for so many bytes; they are gone then."""
        self._tokens = min(self._depth, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if size > self._tokens:
            return False
        self._tokens -= size
        return True


class Police(chosen.LimitWatch[Params]):
    """One bucket each way."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        rate = self.params.rate
        depth = self.params.burst or max(LEAST_BURST, rate / 8 * BURST)
        self._buckets = {side: Bucket(rate, depth, engine.now) for side in (CLIENT, INTERNET)}

    def enforce(self, packet: Packet) -> Packet | None:
        """The packet, where its bucket has tokens for it."""
        if not sent_by(packet, self.params.of):
            return packet
        if self._buckets[packet.side].takes(packet.end - ETHER, self.engine.now):
            return packet
        self.note("drop", rate=self.params.rate)
        return None
