"""Shadowsocks: AEAD (SIP004) and 2022 (SIP022), by sing-box."""

from __future__ import annotations

from collections.abc import Mapping

from harness.dial.api import Dialer, Resolver
from harness.model import Json, Trust
from harness.tunnels.settings import Settings
from harness.tunnels.tunnel import Around, Tunnel
from harness.tunnels.tunnel import build as build_tunnel


def describe(params: Mapping[str, Json], address: str, _trust: Trust) -> Settings:
    """One outbound; streams and datagrams go to the same port."""
    described = {
        "type": "shadowsocks",
        "server": address,
        "server_port": params["port"],
        "method": params["method"],
        "password": params["password"],
    }
    return Settings(part="outbounds", described=described)


def build(params: Mapping[str, Json], inner: Dialer, resolver: Resolver, _position: int, trust: Trust) -> Tunnel:
    """A hop through a Shadowsocks server; it resolves names."""
    return build_tunnel("shadowsocks", describe, params, Around(inner=inner, resolver=resolver, trust=trust))
