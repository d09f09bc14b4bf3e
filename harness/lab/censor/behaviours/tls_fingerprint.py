"""A client is known by its ClientHello, whatever it asks for: by JA3, JA4, extensions, version, with names or without.

RU 2021-09: ciphers, groups, signature algorithms and the name `www.youtube.com` spelled just so had to come together,
and the ServerHello never came (`drop: server`; net4people/bbs issue 85). Another client, or another spelling, passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import HelloWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Shown):
    """What the hello shows, and what follows."""

    act: Literal["drop", "reset"] = "drop"
    drop: params.Side = "both"  # whose packets vanish; `server` lets the hello through and holds the answer back
    reset: params.Reset = params.BOTH_WAYS
    trigger: Literal["pass", "drop"] = "drop"  # whether what is answered by resets still reaches the server


class Fingerprint(HelloWatch[Params]):
    """Silence or resets."""

    def enforce(self, packet: Packet) -> Packet | None:
        """What the rule leaves of the packet."""
        if self.params.act == "drop":
            return self.silence(packet, self.params.drop)
        return self.cut(packet, (self.params.reset,), taken=self.params.trigger == "pass")
