"""What can be said of a host by its text alone."""

from __future__ import annotations

import ipaddress


def is_address(text: str) -> bool:
    """True for an IPv4 or IPv6 address, False for a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
