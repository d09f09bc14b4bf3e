"""Datagrams by way of a SOCKS5 relay (RFC 1928, section 7)."""

from __future__ import annotations

import asyncio
import ipaddress

from harness.dial.api import Address, Datagrams, Stream
from harness.dial.deadline import Deadline
from harness.literals import is_address
from harness.wire import socks5
from harness.wire.malformed import Malformed

_ALWAYS = 86400.0  # seconds for which an association is watched


class RelayedDatagrams:
    """Datagrams to and from one address. The association lasts as long as the stream that asked for it."""

    def __init__(self, relay: Datagrams, control: Stream, to: Address) -> None:
        self._relay = relay
        self._control = control
        self._to = to
        self._gone = asyncio.ensure_future(control.read(1, Deadline.after(_ALWAYS)))
        self.sent = 0
        self.received = 0

    async def receive(self, until: Deadline) -> bytes:
        """The next datagram of the peer's. Raises EOFError where the server has let go, OSError or TimeoutError."""
        while True:
            try:
                parcel = socks5.unpacked(await self._next(until))
            except Malformed:
                continue  # nothing of ours; a stray datagram ends no association
            if not is_address(self._to.host) or (parcel.host, parcel.port) == self._to:
                self.received += len(parcel.data)
                return parcel.data

    def send(self, data: bytes) -> None:
        """Send one datagram."""
        self._relay.send(socks5.packed(self._to.host, self._to.port, data))
        self.sent += len(data)

    def close(self) -> None:
        """End the association, and let go of both sockets."""
        # The loop must let go of the descriptor before it is closed, or it would watch the next one of that number.
        self._gone.add_done_callback(lambda _: self._control.close())
        self._gone.cancel()
        self._relay.close()

    async def _next(self, until: Deadline) -> bytes:
        coming = asyncio.ensure_future(self._relay.receive(until))
        try:
            await asyncio.wait({coming, self._gone}, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                return coming.result()
        finally:
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        self._gone.exception()  # how it ended makes no difference
        raise EOFError("the server has ended the association")


def relay_of(told: socks5.Reply, server: str) -> Address:
    """Where the relay listens: where the server says, or at the server itself where that cannot be meant.

    Many servers name 0.0.0.0, or an address from behind a translation that is of no use to anybody outside.
    """
    if not is_address(told.host) or not is_address(server):
        return Address(server, told.port)
    bound, known = ipaddress.ip_address(told.host), ipaddress.ip_address(server)
    inside = (bound.is_private and not known.is_private) or (bound.is_loopback and not known.is_loopback)
    return Address(server if bound.is_unspecified or inside else told.host, told.port)
