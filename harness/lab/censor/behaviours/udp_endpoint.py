"""Datagrams to listed addresses on UDP/443 vanish, whatever name they carry; TCP to the same addresses passes.

IR 2021; IN, RU and UG 2022 (Elmenhorst 2021, "Web censorship measurements of HTTP/3 over QUIC", IMC;
kelmenhorst/quic-censorship, `document.md`).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import address_blackhole


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(address_blackhole.Params):
    """As `address_blackhole`, for one port of UDP."""

    ports: tuple[params.Port, ...] = (443,)
    protocols: tuple[params.Protocol, ...] = ("udp",)
