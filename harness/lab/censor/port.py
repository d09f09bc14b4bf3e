"""The censor's way to its two veths: one packet socket, read from memory that it shares with the kernel.

The ring has room of its own, so a burst is not lost to the small receive buffers (net.core.rmem_max) that an ordinary
user gets. One socket and one ring for both sides: the kernel waits for a grace period of some 10 ms at the making and
twice at the end of each. Documentation/networking/packet_mmap.rst, TPACKET_V2.
"""

from __future__ import annotations

import errno
import math
import mmap
import socket
import struct
from collections.abc import Iterator

# linux/if_packet.h, linux/if_ether.h
SOL_PACKET = 263
PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION, PACKET_IGNORE_OUTGOING = 5, 6, 10, 23
TPACKET_V2 = 1
TP_STATUS_KERNEL, TP_STATUS_USER = 0, 1
ETH_P_ALL = 3

FRAME = 1600  # bytes: a full packet, its Ethernet header and the kernel's own words before it (66)
FRAMES = 4096
SIZE = FRAME * FRAMES
BLOCK = math.lcm(FRAME, mmap.PAGESIZE)  # whole pages, filled without a rest: the ring is one array of frames
_HEADER = struct.Struct("=IIIH22xi")  # status, length, length as captured, offset of the frame; index of the interface

NO_ROOM = frozenset({errno.ENOBUFS, errno.EAGAIN, errno.ENETDOWN, errno.EMSGSIZE})


class Ports:
    """Frames in and out of the two interfaces of this network namespace."""

    def __init__(self, *interfaces: str) -> None:
        self._sides = {socket.if_nametoindex(name): side for side, name in enumerate(interfaces)}
        self._names = tuple((name, 0) for name in interfaces)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self._socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        self._socket.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("=IIII", BLOCK, SIZE // BLOCK, FRAME, FRAMES))
        self._ring = mmap.mmap(self._socket.fileno(), SIZE)
        self._words = memoryview(self._ring).cast("I")
        self._socket.setblocking(False)
        self._at = 0
        self._missed = 0

    def fileno(self) -> int:
        """The descriptor, for `select`."""
        return self._socket.fileno()

    def frames(self, most: int) -> Iterator[tuple[int, bytes]]:
        """The frames that have come in, up to so many, each with its side; what was cut short comes out cut short.

        Frames for groups stop here: neighbours are known for good, so what kernels say to all concerns nobody.
        """
        for _ in range(most):
            status, _, captured, start, index = _HEADER.unpack_from(self._ring, self._at)
            if not status & TP_STATUS_USER:
                return
            frame = self._ring[self._at + start : self._at + start + captured]
            # One store for the whole word: where the ring was full, the kernel fills the slot at once, and a second
            # store, as struct makes it, would wipe out that it did; we would then wait at a slot that it has passed.
            self._words[self._at // 4] = TP_STATUS_KERNEL
            self._at = (self._at + FRAME) % SIZE
            side = self._sides.get(index)
            if side is not None and not frame[0] & 1:
                yield side, frame

    def send(self, side: int, frame: bytes) -> None:
        """Send a frame out of a side's interface, where there is room."""
        try:
            self._socket.sendto(frame, self._names[side])
        except OSError as fault:
            if fault.errno not in NO_ROOM:
                raise
            self._missed += 1

    def missed(self) -> int:
        """Frames for which there was no room since the start, either way."""
        told = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        self._missed += int(struct.unpack("=II", told)[1])
        return self._missed
