"""A forged HTTP answer in place of the page, by the name in the Host line.

Pages at 200 (Raman 2020), redirects at 302 (RU providers), 403 with an iframe (IR, Tai 2025).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.lab.censor import params

PAGE = "<html><head><title>Access denied</title></head><body><h1>Access to this resource is denied</h1></body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, and the forged answer."""

    status: int = 200
    reason: str = "OK"
    headers: Mapping[str, str] = field(default_factory=dict)
    location: str = ""  # of a redirect
    body: str = PAGE
    trigger: Literal["pass", "drop"] = "drop"  # passed on, the true answer follows the forged one
    reassembly: Literal["none", "tcp"] = "tcp"
    ports: tuple[params.Port, ...] = (80,)
