"""Silence towards listed addresses.

Ramesh 2020 (RU decentralised blocking), net4people/bbs issue 106.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.packet import Packet
from harness.lab.censor.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Addressed):
    """The addresses, and optionally ports and protocols, that get no answer, whoever began."""

    direction: params.Direction = "both"


class Blackhole(Watch[Params]):
    """Lets everything vanish."""

    def see(self, packet: Packet) -> Packet | None:
        """Nothing."""
        self.note("drop")
        return None
