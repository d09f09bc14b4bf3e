"""QUIC version 1 vanishes, whatever name it carries: browsers fall back to TCP.

RU since 2022-03-04: UDP/443, at least 1001 bytes, the four bytes behind the first those of version 1; the rest of the
flow is lost too, for some 420 s (net4people/bbs issue 108; Xue 2022, "TSPU", IMC). Listed servers are spared, which
`exempt_prefixes` says; drafts and other ports pass, and so does a flow that begins with something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params, signature
from harness.lab.censor.packet import Packet

FLOW = params.Residual(key="4tuple", seconds=420.0)
VERSION_1 = b"\0\0\0\x01"  # RFC 9000 section 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(signature.Params):
    """The least size of what is taken for an Initial, and how far into a flow it is looked for."""

    ports: tuple[params.Port, ...] = (443,)
    least: int = 1001  # bytes
    first: int = 1
    then: Literal["message", "flow"] = "flow"
    residual: params.Residual | None = FLOW


class QuicV1Drop(signature.SignatureWatch[Params]):
    """Knows QUIC by its version."""

    def recognised(self, packet: Packet) -> str:
        """QUIC, where the opener speaks it."""
        data = packet.payload
        if packet.side != self.flow.opener or len(data) < self.params.least:
            return ""
        return "quic v1" if data[1:5] == VERSION_1 else ""
