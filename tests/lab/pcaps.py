"""Captures read back."""

from __future__ import annotations

import pathlib
import struct

from harness.lab.censor.packet import NotIp, Packet

_HEAD, _RECORD = 24, 16  # bytes (draft-ietf-opsawg-pcap)


def packets(file: pathlib.Path) -> list[Packet]:
    """The IP packets of a capture, in order."""
    data = file.read_bytes()
    found = []
    at = _HEAD
    while at < len(data):
        size = struct.unpack_from("=I", data, at + 8)[0]
        frame = data[at + _RECORD : at + _RECORD + size]
        at += _RECORD + size
        try:
            found.append(Packet(frame, 0))
        except NotIp:
            continue
    return found
