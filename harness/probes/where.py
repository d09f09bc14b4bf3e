"""Where a check goes: a name or an address, and a port."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from harness.dial.api import Address
from harness.model import Json

PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443, "tcp": 443}
ENCRYPTED = frozenset({"https", "wss"})


def of(params: Mapping[str, Json]) -> Address | None:
    """The endpoint that the parameters name by `url`, or by `host` and `port`; None where they name none."""
    if "url" in params:
        parts = urlsplit(params["url"])
        return Address(parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443))
    if "host" in params:
        return Address(params["host"], params["port"])
    return None


def encrypted(params: Mapping[str, Json]) -> bool:
    """True where the URL asks for TLS."""
    return urlsplit(params["url"]).scheme in ENCRYPTED
