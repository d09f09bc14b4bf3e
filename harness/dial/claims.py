"""What a path lays claim to: keys by which a server knows one client, so that two of them end each other's sessions.

WireGuard knows a peer by its key, and by no name or address: it holds one session with it, and answers to where that
was last heard from (whitepaper, sections 2.1 and 5.1).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import NamedTuple

from harness.kinds import Kind, Table
from harness.literals import is_address
from harness.model import Json, Path, Spec

SYSTEM = Spec(kind="system")
"""The machine's own nameservers, of whom a hop's own names are asked where the path's resolver is asked over it."""

_OURS = secrets.token_bytes(32)  # new with each process: what is made with it says nothing anywhere else


class Claim(NamedTuple):
    """Paths of the same `keys` must not be walked at once, but for those by the same `tunnel`, which share it."""

    keys: bytes
    tunnel: bytes


def claim(path: Path, hops: Table) -> Claim | None:
    """What the path lays claim to, None where nothing keeps it from being walked beside any other."""
    if not path.hops or path.hops[0].kind not in hops:
        return None
    first = path.hops[0]
    keys = known_by(hops[first.kind], first.params)
    host = first.params.get("host", "")
    # By whom the server's name is looked up decides to which of its addresses the tunnel goes (`harness.dial.open`).
    asked = None if is_address(host) else SYSTEM if path.lookup == "hops" else path.resolver
    whole = (first, path.pins.get(host), asked, path.base.params.get("family"))
    return Claim(keys, digest(repr(whole))) if keys else None


def known_by(hop: Kind, params: Mapping[str, Json]) -> bytes:
    """A digest of that by which the hop's server knows us, empty where it makes no difference."""
    return digest(json.dumps([hop.name, *(params.get(name) for name in hop.known_by)])) if hop.known_by else b""


def digest(text: str) -> bytes:
    """What tells one text from another in this process, and says nothing of it to anybody."""
    return hashlib.blake2b(text.encode(), key=_OURS).digest()
