"""Packet captures of both sides of the censor, as Wireshark and tcpdump read them (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

import pathlib
import struct

_MAGIC, _ETHERNET, _LONGEST = 0xA1B2C3D4, 1, 65535


class Capture:
    """Two files: what was seen between client and censor, and what between censor and internet."""

    def __init__(self, directory: pathlib.Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._files = tuple((directory / f"{side}.pcap").open("wb") for side in ("client", "internet"))
        for file in self._files:
            file.write(struct.pack("=IHHiIII", _MAGIC, 2, 4, 0, 0, _LONGEST, _ETHERNET))
            file.flush()

    def add(self, side: int, frame: bytes, at: float) -> None:
        """One frame that crossed that side."""
        whole, part = divmod(at, 1)
        self._files[side].write(struct.pack("=IIII", int(whole), int(part * 1e6), len(frame), len(frame)) + frame)

    def flush(self) -> None:
        """Let readers see everything so far."""
        for file in self._files:
            file.flush()

    def close(self) -> None:
        """End both files."""
        for file in self._files:
            file.close()
