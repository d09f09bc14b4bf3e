"""WireGuard's parameters, by mapping or by a wg-quick file."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from harness.document.words import refused
from harness.model import Json
from harness.paths import wgquick
from harness.paths.params import Host, Params, Port

_MTU = 1408
"""Bytes. wg-quick takes 1420 on a link of 1500; what PPPoE and IPv6 may take besides is left free."""


def _key(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise refused("this is no WireGuard key", "write 32 bytes in base64: 44 characters, as `wg genkey` prints them")
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise refused("this is no network", "write one such as 0.0.0.0/0 or 10.0.0.0/8") from None


def _interface(text: str) -> str:
    try:
        return str(ipaddress.ip_interface(text))
    except ValueError:
        raise refused("this is no address of an interface", "write one such as 10.66.0.2/32") from None


def _listed(value: Json) -> Json:
    return [value] if isinstance(value, str) else value


Key = Annotated[str, AfterValidator(_key)]
_Listed = BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], _Listed]
Interfaces = Annotated[tuple[Annotated[str, AfterValidator(_interface)], ...], Field(min_length=1), _Listed]


class WireGuard(Params):
    """One peer, by whom everything goes that `allowed_ips` holds."""

    host: Host
    port: Port = 51820
    private_key: Key
    public_key: Key
    preshared_key: Key | None = None
    address: Interfaces
    allowed_ips: Networks = ("0.0.0.0/0", "::/0")
    keepalive: Annotated[int, Field(ge=0, le=65535)] = 0
    mtu: Annotated[int, Field(ge=576, le=9000)] = _MTU
    listen_port: Port | None = None

    @staticmethod
    def from_file(text: str) -> wgquick.FromFile:
        """What a wg-quick file stands for."""
        return wgquick.read(text)
