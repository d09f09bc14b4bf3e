"""Encrypted ClientHello towards Cloudflare over QUIC: silence from the Initial on, as `ech_drop` does to TLS.

RU since 2024-11-05, over TLS and QUIC alike (net4people/bbs issue 417). The public name and the extension together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.lab.censor import hello, params, quic_names
from harness.lab.censor.behaviours import ech_drop, quic_sni_drop


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(quic_sni_drop.Params):
    """As `quic_sni_drop`, for the public name with the extension; hellos that long come in several datagrams."""

    names: tuple[params.Name, ...] = ("cloudflare-ech.com",)
    match: Literal["exact", "suffix", "substring"] = "exact"
    reassembly: quic_names.Joined = "datagrams"


class QuicEchDrop(quic_sni_drop.QuicSniDrop):
    """Looks at whole hellos."""

    WHOLE = True

    def meant(self, found: hello.Hello) -> bool:
        """True for a hello with the name and the extension."""
        return ech_drop.ECH in found.extensions and super().meant(found)
