"""Where a check goes, read from its parameters alone; and how addresses compare."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from harness.literals import is_address
from harness.model import Check

_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
_ENCRYPTED = frozenset({"https", "wss"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A host and port, the name that a TLS handshake there shows, and whether there is one."""

    host: str
    port: int
    server_name: str | None  # None for an address, which no ClientHello names (RFC 6066, section 3)
    encrypted: bool


def is_ipv6(text: str | None) -> bool:
    """True for an IPv6 address."""
    return text is not None and ":" in text and is_address(text)


def endpoint(check: Check) -> Endpoint | None:
    """Where the check goes; None for one that goes nowhere but to a resolver."""
    if "url" in check.params:
        return _of_url(str(check.params["url"]), check)
    if "host" not in check.params:
        return None
    host, encrypted = str(check.params["host"]), check.probe == "tls"
    name = check.params.get("server_name") or host
    port = int(check.params.get("port") or 443)
    return Endpoint(host=host, port=port, server_name=_name(str(name)), encrypted=encrypted)


def target_name(check: Check) -> str | None:
    """The name that must be resolved for the check, None where it holds an address."""
    where = endpoint(check)
    return _name(where.host if where else str(check.params.get("name", "")))


def asked_host(check: Check) -> str:
    """The name or address that the check is about; empty where it names none."""
    where = endpoint(check)
    return (where.host if where else str(check.params.get("name", ""))).lower()


def _of_url(url: str, check: Check) -> Endpoint | None:
    parts = urllib.parse.urlsplit(url)
    if not parts.hostname:
        return None
    return Endpoint(
        host=parts.hostname,
        port=parts.port or _PORTS.get(parts.scheme, 443),
        server_name=_name(str(check.params.get("server_name") or parts.hostname)),
        encrypted=parts.scheme in _ENCRYPTED,
    )


def _name(host: str) -> str | None:
    return host if host and not is_address(host) else None
