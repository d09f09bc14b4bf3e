"""Silence from the ClientHello on, both ways.

TSPU's type 4 (Xue 2022); Iran's null route of a flow for 180 s, Kazakhstan's for 120 s (Bock 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, whose packets are held back, and what is remembered."""

    drop: params.Side = "both"  # packets of the client, of the server, or of both; the trigger is the client's
    reassembly: params.Reassembly = "both"
    residual: params.Residual | None = None
