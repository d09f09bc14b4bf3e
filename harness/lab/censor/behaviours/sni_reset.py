"""Forged resets once a name is seen in the ClientHello.

On the path (`trigger: pass`) as the Great Firewall (Bock 2021; Niere 2023), in the path (`trigger: drop`) as Iran.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import HelloWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Telling):
    """The names, what the resets look like, and what is remembered."""

    reset: params.Reset = params.BOTH_WAYS
    trigger: Literal["pass", "drop"] = "drop"  # whether the ClientHello itself still reaches the server


class SniReset(HelloWatch[Params]):
    """Resets the flow, and every later packet of its opener."""

    def enforce(self, packet: Packet) -> Packet | None:
        """Nothing but resets to what the opener sends, in the path; on it, the packet goes on too."""
        return self.cut(packet, (self.params.reset,), taken=self.params.trigger == "pass")
