"""Silence towards listed addresses.

Ramesh 2020 (RU decentralised blocking), net4people/bbs issue 106.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Addressed):
    """The addresses, and optionally ports and protocols, that get no answer."""
