"""What a tunnel asks of sing-box, and the whole configuration that comes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model import Json

OUT = "out"
"""The tag of the outbound or endpoint that a tunnel's settings describe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One tunnel to one address of its server, in sing-box's words."""

    part: str  # `outbounds` or `endpoints`
    described: Mapping[str, Json] = field(repr=False)
    log: str = "error"
    tls: bool = False  # the tunnel itself is inside TLS
    up: str = ""  # what the log says once the tunnel's own handshake is through; empty where it has none of its own
    known_by: bytes = b""  # a digest of what its server knows it by, where that has room for one; else empty
    tunnel: bytes = b""  # a digest of what it is, whichever address of its server it goes to

    @property
    def key(self) -> str:
        """The same for the same tunnel."""
        return json.dumps([self.part, dict(self.described)], sort_keys=True)

    def config(self, port: int, password: str) -> bytes:
        """The configuration: one SOCKS inbound on loopback for us alone, and everything out by the tunnel."""
        inbound = {
            "type": "socks",
            "tag": "in",
            "listen": "127.0.0.1",
            "listen_port": port,
            "users": [{"username": USER, "password": password}],
        }
        whole = {
            "log": {"level": self.log},
            "inbounds": [inbound],
            self.part: [{**self.described, "tag": OUT}],
            "route": {"final": OUT},
        }
        return json.dumps(whole).encode()


USER = "waygauge"
"""The user of the local port; the password is new with each process."""
