"""A stream of which the first bytes came early."""

from __future__ import annotations

from harness.dial.api import Stream
from harness.dial.deadline import Deadline


class Prefixed:
    """Gives the bytes that were read too far, then what the stream below gives."""

    def __init__(self, below: Stream, early: bytes) -> None:
        self.below = below
        self._early = early
        # Offsets go on from those below, so that both sides of a hop are counted alike.
        self.sent = below.sent
        self.received = below.received - len(early)

    async def read(self, most: int, until: Deadline) -> bytes:
        """1 to `most` bytes; b"" at the peer's end. Raises OSError or TimeoutError."""
        taken, self._early = self._early[:most], self._early[most:]
        taken = taken or await self.below.read(most, until)
        self.received += len(taken)
        return taken

    async def write(self, data: bytes, until: Deadline) -> None:
        """Hand over all of `data`. Raises OSError or TimeoutError."""
        await self.below.write(data, until)
        self.sent += len(data)

    def close(self) -> None:
        """Let go of everything below."""
        self.below.close()
