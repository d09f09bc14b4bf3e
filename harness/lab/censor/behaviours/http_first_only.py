"""A forged page for a name in the first packet of a connection; whatever comes later is never looked at.

A Russian provider in 2024 (Niere 2024): an innocent request ahead, one smuggled behind it, or a request in two packets
reaches the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor.behaviours import http_block_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(http_block_page.Params):
    """As `http_block_page`, for the first request, and that in the first packet."""

    requests: int = 1
    segments: int = 1
    reassembly: Literal["none", "tcp", "short"] = "none"
