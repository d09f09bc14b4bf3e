"""Addresses that cannot be public, and addresses that are close to each other."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable

# IANA special-purpose address registries (RFC 6890 and its updates), what is not globally reachable;
# 2001::/32 is Teredo (RFC 4380), into which forged AAAA answers point (Hoang et al. 2021).
BOGONS = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        *("::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:2::/48", "2001:db8::/32"),
        *("fc00::/7", "fe80::/10", "ff00::/8"),
    )
)

# Answers of one operator lie together: a /24 and a /48 are the smallest prefixes that are routed (RIPE-399, RIPE-532).
_NEAR = {4: 24, 6: 48}


@functools.lru_cache(maxsize=4096)
def is_bogon(text: str) -> bool:
    """True for an address that cannot be public; False for others, and for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address.version == net.version and address in net for net in BOGONS)


def prefixes(addresses: Iterable[str]) -> frozenset[str]:
    """The routable prefixes in which the addresses lie; what is no address stands for itself."""
    return frozenset(_prefix(text) for text in addresses)


def agree(some: Iterable[str], others: Iterable[str]) -> bool:
    """True where at least one address of each lies in the same routable prefix."""
    return not prefixes(some).isdisjoint(prefixes(others))


@functools.lru_cache(maxsize=4096)
def _prefix(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    return str(ipaddress.ip_network(f"{address}/{_NEAR[address.version]}", strict=False))
