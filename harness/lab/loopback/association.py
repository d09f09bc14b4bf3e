"""The datagrams of one SOCKS5 association, each with its far end before it (RFC 1928, section 7)."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import struct
from typing import TYPE_CHECKING, Any

from harness.lab.servers.seat import Elsewhere

if TYPE_CHECKING:
    from harness.lab.loopback.proxies import SocksProxy

_READ = 65_536
_V4, _NAME, _V6 = 1, 3, 4
_KINDS = {4: _V4, 16: _V6}  # by the bytes of an address
_SIZES = {_V4: 4, _V6: 16}
_MOST = 1000  # far ends


class Association:
    """One socket for the client, and one for each far end that it writes to, so that each answer has its source."""

    def __init__(self, proxy: SocksProxy, elsewhere: Elsewhere, bound: socket.socket) -> None:
        self._proxy, self._elsewhere, self._bound = proxy, elsewhere, bound
        self._client: Any = None
        self._far: dict[tuple[bytes, int], socket.socket] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(bound, self._out)

    def close(self) -> None:
        """Let go of every socket."""
        for one in (self._bound, *self._far.values()):
            self._loop.remove_reader(one)
            one.close()

    def _out(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, source = self._bound.recvfrom(_READ)
                self._client = self._client or source
                if source == self._client and (wanted := self._wanted(data)):
                    far, payload = wanted
                    if own := self._socket(far):
                        own.send(payload)

    def _wanted(self, data: bytes) -> tuple[tuple[bytes, int], bytes] | None:
        """Whom a datagram is for, and what it says; None where that cannot be read, or it is a fragment."""
        if len(data) < 5 or data[2]:
            return None
        named = data[3] == _NAME
        start = 5 if named else 4
        end = start + (data[4] if named else _SIZES.get(data[3], len(data)))
        if end + 2 > len(data):
            return None
        found = self._proxy.found(data[start:end].decode(errors="replace")) if named else data[start:end]
        return ((found, int.from_bytes(data[end : end + 2], "big")), data[end + 2 :]) if found else None

    def _socket(self, far: tuple[bytes, int]) -> socket.socket | None:
        if far not in self._far:
            own = self._elsewhere.datagrams(*far, (self._proxy.address(len(far[0])), 0))
            if own is None or len(self._far) >= _MOST:
                return None
            self._far[far] = own
            self._loop.add_reader(own, functools.partial(self._home, far, own))
        return self._far[far]

    def _home(self, far: tuple[bytes, int], own: socket.socket) -> None:
        head = struct.pack("!HBB", 0, 0, _KINDS[len(far[0])]) + far[0] + far[1].to_bytes(2, "big")
        with contextlib.suppress(OSError):
            while True:
                self._bound.sendto(head + own.recv(_READ), self._client)
