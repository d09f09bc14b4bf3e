"""Reading whole pieces from a stream."""

from __future__ import annotations

from harness.dial.api import Stream
from harness.dial.deadline import Deadline


async def read_exactly(stream: Stream, size: int, until: Deadline) -> bytes:
    """Just `size` bytes. Raises EOFError where the peer closes before, OSError or TimeoutError."""
    data = b""
    while len(data) < size:
        more = await stream.read(size - len(data), until)
        if not more:
            raise EOFError(f"the peer closed {size - len(data)} bytes early")
        data += more
    return data
