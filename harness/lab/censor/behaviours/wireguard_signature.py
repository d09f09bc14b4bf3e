"""WireGuard's handshake vanishes: it is known by the sizes and first bytes of its messages.

RU 2021-09 now and then, in bulk since 2023-08-07; EG and CN too (net4people/bbs issues 76 and 274). Sizes and types:
Donenfeld 2017, "WireGuard" (NDSS), section 5.4. Junk ahead and other headers, as AmneziaWG sends them, defeat it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import signature
from harness.lab.censor.packet import Packet

# Type and three reserved zero bytes, and the size of the whole message.
INITIATION, RESPONSE = (b"\x01\0\0\0", 148), (b"\x02\0\0\0", 92)
KINDS = {INITIATION: "initiation", RESPONSE: "response"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(signature.Params):
    """Which messages vanish."""

    drop: Literal["initiation", "response", "both"] = "initiation"


class WireguardSignature(signature.SignatureWatch[Params]):
    """Knows WireGuard by its handshake."""

    def recognised(self, packet: Packet) -> str:
        """Which message of a handshake it is, where it is one that vanishes."""
        kind = handshake(packet.payload)
        return kind if kind and self.params.drop in {kind, "both"} else ""


def handshake(data: bytes) -> str:
    """Which message of WireGuard's handshake the bytes are, "" where they are none."""
    return KINDS.get((data[:4], len(data)), "")
