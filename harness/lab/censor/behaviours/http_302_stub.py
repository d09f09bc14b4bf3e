"""A redirect to the provider's page races the true answer, which comes too late to be read.

Passive filters of Russian providers: the redirect leaves before the server can answer, with an IP ID of 0 or 1, and the
request itself passes; headers are understood to the letter, each segment by itself (ValdikSS/GoodbyeDPI, README).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import params
from harness.lab.censor.behaviours import http_block_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(http_block_page.Params):
    """As `http_block_page`, from beside the path."""

    location: str  # of the provider's page
    status: params.Status = 302
    reason: str = "Found"
    body: str = ""
    trigger: Literal["pass", "drop"] = "pass"
    ip_id: params.Word = 1
    strict: bool = True
    reassembly: Literal["none", "tcp", "short"] = "none"
    residual: params.Residual | None = None
