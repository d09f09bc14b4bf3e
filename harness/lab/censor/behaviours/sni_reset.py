"""Forged resets once a name is seen in the ClientHello.

On the path (`trigger: pass`) as the Great Firewall (Bock 2021; Niere 2023), in the path (`trigger: drop`) as Iran.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, what the resets look like, and what is remembered."""

    reset: params.Reset = params.BOTH_WAYS
    trigger: Literal["pass", "drop"] = "drop"  # whether the ClientHello itself still reaches the server
    reassembly: params.Reassembly = "both"
    residual: params.Residual | None = None
