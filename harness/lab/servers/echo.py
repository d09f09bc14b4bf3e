"""The echo to which streams like that of a voice are sent, as docs/media.md has its protocol."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from harness.lab.servers.seat import Seat, Source, Stream

_HELLO, _GRANT = b"WGE1\x01", b"WGE1\x02"
_SHORTEST_HELLO, _SHORTEST_VOICE = 64, 40
_MOST = 4096  # streams that are remembered; then the oldest is forgotten


@dataclass(slots=True)
class _Flow:
    source: Source
    heard: int = 0


class EchoServer:
    """Gives out tokens, and sends back what comes with one from where it was given to."""

    def __init__(self, _seat: Seat) -> None:
        self._flows: dict[bytes, _Flow] = {}

    def answer(self, datagram: bytes, source: Source) -> bytes | None:
        """A token for a hello, a voice datagram for itself with what it met, nothing for anything else."""
        if datagram.startswith(_HELLO) and len(datagram) >= _SHORTEST_HELLO:
            return self._grant(datagram[5:21], source)
        if len(datagram) < _SHORTEST_VOICE or datagram[0] >> 6 != 2:
            return None
        flow = self._flows.get(datagram[12:28])
        if flow is None or flow.source != source:
            return None
        flow.heard += 1
        now = time.monotonic_ns() // 1000
        return datagram[:28] + flow.heard.to_bytes(4, "big") + now.to_bytes(8, "big") + datagram[40:]

    async def serve(self, stream: Stream) -> None:
        """Nothing is served over TCP: the connection is closed."""

    def _grant(self, nonce: bytes, source: Source) -> bytes:
        token = secrets.token_bytes(16)
        if len(self._flows) >= _MOST:
            del self._flows[next(iter(self._flows))]
        self._flows[token] = _Flow(source)
        return _GRANT + nonce + token
