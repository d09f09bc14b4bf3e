"""One end of the censor: a packet socket on its veth, read from memory shared with the kernel.

The ring has room of its own, so a burst is not lost to the small receive buffers (net.core.rmem_max) that an ordinary
user gets. Documentation/networking/packet_mmap.rst, TPACKET_V2.
"""

from __future__ import annotations

import errno
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

FRAME = 2048  # bytes: a full packet, its Ethernet header and the kernel's own words before it
FRAMES = 2048
BLOCK = 65536
_HEADER = struct.Struct("=IIIHH")  # status, length, length as captured, offsets of link and network header
_STATUS = struct.Struct("=I")


class Port:
    """Frames in and out of one interface."""

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self._socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        request = struct.pack("=IIII", BLOCK, FRAME * FRAMES // BLOCK, FRAME, FRAMES)
        self._socket.setsockopt(SOL_PACKET, PACKET_RX_RING, request)
        self._ring = mmap.mmap(self._socket.fileno(), FRAME * FRAMES)
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.setblocking(False)
        self._at = 0
        self.refused = 0  # frames that the interface had no room for

    def fileno(self) -> int:
        """The descriptor, for `select`."""
        return self._socket.fileno()

    def frames(self, most: int) -> Iterator[bytes]:
        """The frames that have come in, up to so many; one that was cut short comes out cut short."""
        for _ in range(most):
            status, _, captured, link, _ = _HEADER.unpack_from(self._ring, self._at)
            if not status & TP_STATUS_USER:
                return
            start = self._at + link
            frame = self._ring[start : start + captured]
            _STATUS.pack_into(self._ring, self._at, TP_STATUS_KERNEL)
            self._at = (self._at + FRAME) % (FRAME * FRAMES)
            yield frame

    def send(self, frame: bytes) -> None:
        """Send a frame out of the interface, where there is room."""
        try:
            self._socket.send(frame)
        except OSError as fault:
            if fault.errno not in {errno.ENOBUFS, errno.EAGAIN, errno.ENETDOWN, errno.EMSGSIZE}:
                raise
            self.refused += 1

    def missed(self) -> int:
        """Frames for which the ring had no room since this was last asked."""
        packets = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        return int(struct.unpack("=II", packets)[1])
