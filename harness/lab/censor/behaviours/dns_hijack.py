"""UDP/53 to any foreign resolver is answered by the national one; TCP/53 to the same server is left alone.

RU 2026-08-26, many providers at once (net4people/bbs issue 657).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """Where questions are led. Without an address in `to` of the question's family the question is dropped."""

    to: tuple[params.Address, ...]  # the national resolver, one address for each family
    ports: tuple[params.Port, ...] = (53,)
