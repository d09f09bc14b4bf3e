"""Trojan: a password inside TLS that looks like a web server's, by sing-box."""

from __future__ import annotations

from collections.abc import Mapping

from harness.dial.api import Dialer, Resolver
from harness.model import Json, Trust
from harness.tunnels.settings import Settings
from harness.tunnels.tunnel import Around, Tunnel
from harness.tunnels.tunnel import build as build_tunnel


def describe(params: Mapping[str, Json], address: str, trust: Trust) -> Settings:
    """One outbound in TLS, verified as the vantage verifies everything; the ClientHello is Go's."""
    tls: dict[str, Json] = {"enabled": True, "server_name": params.get("server_name") or params["host"]}
    if trust.ca_file:
        tls["certificate_path"] = trust.ca_file
    if params.get("alpn"):
        tls["alpn"] = params["alpn"]
    described = {
        "type": "trojan",
        "server": address,
        "server_port": params["port"],
        "password": params["password"],
        "tls": tls,
    }
    return Settings(part="outbounds", described=described, tls=True)


def build(params: Mapping[str, Json], inner: Dialer, resolver: Resolver, _position: int, trust: Trust) -> Tunnel:
    """A hop through a Trojan server; it resolves names."""
    return build_tunnel("trojan", describe, params, Around(inner=inner, resolver=resolver, trust=trust))
