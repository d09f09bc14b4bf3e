"""WireGuard in user space, without rights: sing-box's endpoint."""

from __future__ import annotations

from collections.abc import Mapping

from harness.dial.api import Dialer, Resolver
from harness.model import Json, Trust
from harness.tunnels.settings import Settings
from harness.tunnels.tunnel import Around, Tunnel
from harness.tunnels.tunnel import build as build_tunnel

_AT_ONCE = 65535
"""Seconds between keepalives where none are asked for: WireGuard then shakes hands at its start, and keeps silent."""


def describe(params: Mapping[str, Json], address: str, _trust: Trust) -> Settings:
    """One interface with one peer. Its log has to be read: the protocol says nothing to who is not welcome."""
    peer = {
        "address": address,
        "port": params["port"],
        "public_key": params["public_key"],
        "allowed_ips": params["allowed_ips"],
        "persistent_keepalive_interval": params.get("keepalive") or _AT_ONCE,
    }
    if "preshared_key" in params:
        peer["pre_shared_key"] = params["preshared_key"]
    described = {
        "type": "wireguard",
        "system": False,
        "mtu": params["mtu"],
        "address": params["address"],
        "private_key": params["private_key"],
        "peers": [peer],
    }
    if "listen_port" in params:
        described["listen_port"] = params["listen_port"]
    return Settings(part="endpoints", described=described, log="debug", up="received handshake response")


def build(params: Mapping[str, Json], inner: Dialer, resolver: Resolver, _position: int, trust: Trust) -> Tunnel:
    """A hop through a WireGuard peer."""
    return build_tunnel("wireguard", describe, params, Around(inner=inner, resolver=resolver, trust=trust))
