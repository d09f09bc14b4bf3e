"""What the kernel knows of a connection: segments, losses and round trips, where it tells."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from harness.dial.api import Stream
from harness.dial.sockets import SocketStream

# Linux, include/uapi/linux/tcp.h, struct tcp_info: offsets of 32-bit fields. Kernels fill as much of it as they know.
_LAST_DATA_RECV, _LAST_ACK_RECV = 52, 56  # milliseconds
_RTT, _TOTAL_RETRANS, _SEGS_OUT, _SEGS_IN = 68, 100, 136, 140
_BYTES_ACKED = 120  # 64 bits
_MIN_RTT, _DATA_SEGS_IN, _DATA_SEGS_OUT, _OUT_OF_ORDER = 148, 152, 156, 224  # the last from 5.4 on
_SIZE = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """A connection so far, as the kernel counts: segments with and without data, and times in seconds."""

    out: int
    into: int
    data_out: int
    data_in: int
    acked: int  # bytes of ours that the far end has
    retransmitted: int
    out_of_order: int  # came after a gap: something before them was lost or overtaken
    rtt: float  # the smoothed round trip of what we sent last (RFC 6298)
    rtt_least: float


def segments(stream: Stream) -> Segments | None:
    """The segments of the connection at the bottom of a stream; None where no kernel tells of it.

    Behind a proxy that is the connection to the first proxy.
    """
    lowest = bottom(stream)
    raw = lowest.tcp_info(_SIZE) if lowest else b""
    if len(raw) < _OUT_OF_ORDER + 4:
        return None
    return Segments(
        out=_word(raw, _SEGS_OUT),
        into=_word(raw, _SEGS_IN),
        data_out=_word(raw, _DATA_SEGS_OUT),
        data_in=_word(raw, _DATA_SEGS_IN),
        acked=int(struct.unpack_from("=Q", raw, _BYTES_ACKED)[0]),
        retransmitted=_word(raw, _TOTAL_RETRANS),
        out_of_order=_word(raw, _OUT_OF_ORDER),
        rtt=_word(raw, _RTT) / 1e6,
        rtt_least=_word(raw, _MIN_RTT) / 1e6,
    )


def quiet(stream: object) -> float | None:
    """Seconds since the connection at the bottom of a stream brought a segment with data; None where nobody tells."""
    lowest = bottom(stream)
    raw = lowest.tcp_info(_SIZE) if lowest else b""
    return _word(raw, _LAST_DATA_RECV) / 1e3 if len(raw) >= _LAST_DATA_RECV + 4 else None


def bottom(stream: object) -> SocketStream | None:
    """The socket on which a stream stands, None where it stands on none of ours."""
    while stream is not None and not isinstance(stream, SocketStream):
        stream = getattr(stream, "below", None)
    return stream


def unheard(stream: object) -> float | None:
    """Seconds since the far end of the connection at the bottom of a stream acknowledged anything; None as above."""
    lowest = bottom(stream)
    raw = lowest.tcp_info(_SIZE) if lowest else b""
    return _word(raw, _LAST_ACK_RECV) / 1e3 if len(raw) >= _LAST_ACK_RECV + 4 else None


def _word(raw: bytes, offset: int) -> int:
    number: int = struct.unpack_from("=I", raw, offset)[0]
    return number
