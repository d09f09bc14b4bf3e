"""One RST+ACK for a listed name, in the path, on all TCP ports.

IR 2024 and 2025 (Tai 2025): it keeps state, so that a hello without a handshake brings nothing; one in pieces, which
are not put together, passes.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import sni_reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(sni_reset.Params):
    """As `sni_reset`, with a single reset for the client, and nothing put together."""

    reset: params.Reset = params.TO_CLIENT
    stateful: bool = True
    reassembly: params.Reassembly = "none"
