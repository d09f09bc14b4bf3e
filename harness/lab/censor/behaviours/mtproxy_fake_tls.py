"""Telegram's fake TLS is known by the one ClientHello that it always sends.

RU 2026-04-01 and later: that hello imitates a Chrome, so that JA4 alone hits the browser too (telemt/telemt issue 617;
telegramdesktop/tdesktop issue 30733). It is joined from the smallest segments (teleproxy/teleproxy issue 125).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor.behaviours import tls_fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(tls_fingerprint.Params):
    """As `tls_fingerprint`, with the fingerprint that was reported."""

    ja4: tuple[str, ...] = ("t13d1516h2_8daaf6152771_d8a2da3f94cd",)
