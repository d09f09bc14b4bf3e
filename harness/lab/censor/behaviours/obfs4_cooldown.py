"""A connection that begins with random bytes is lost, and its server with it for about a minute.

RU 2025-11, obfs4 bridges at some home providers, by ranges of hosters and not on port 443 alone: whoever tries again
at once fails, whoever waits gets through with a first segment that was cut (net4people/bbs issue 546). obfs4's first
message is 141 to 8192 bytes without any pattern (obfs4-spec, section 4); what begins like TLS, SSH or text is spared.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch

SERVER = params.Residual(key="3tuple", seconds=60.0)
PRINTABLE = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}
_LOOKED_AT = 6  # bytes, of which text has no other than printable ones
_TLS = b"\x16\x03"


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """How large a first segment must be to be looked at, and for how long its server is lost."""

    least: int = 141  # bytes
    residual: params.Residual | None = SERVER


class Obfs4Cooldown(Watch[Params]):
    """Judges a connection by the first segment of whoever opened it, and puts nothing together."""

    PROTOCOLS = ("tcp",)

    def see(self, packet: Packet) -> Packet | None:
        """The segment, where its connection is one that passes."""
        if packet.end == packet.body:
            return packet
        self.done = True
        if packet.side != self.flow.opener or not self._random(packet.payload):
            return packet
        self.log("match", what="random", size=packet.end - packet.body)
        return self.condemned(packet)

    def _random(self, data: bytes) -> bool:
        start = data[:_LOOKED_AT]
        return len(data) >= self.params.least and not start.startswith(_TLS) and not PRINTABLE.issuperset(start)
