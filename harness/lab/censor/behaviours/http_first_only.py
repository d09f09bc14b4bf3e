"""A forged page for the first request of a connection; later ones are never looked at.

A Russian provider in 2024 (Niere 2024): an innocent request ahead, or one smuggled behind it, reaches the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor.behaviours import http_block_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(http_block_page.Params):
    """As `http_block_page`, for the first request."""

    requests: int = 1
