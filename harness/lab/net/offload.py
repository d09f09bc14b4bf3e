"""Checksum and segmentation offload off: only then does a veth hand over real packets with valid checksums."""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct

SIOCETHTOOL = 0x8946  # linux/sockios.h

# linux/ethtool.h: receive and transmit checksums, scatter-gather, TCP segmentation, generic segmentation and receive
SETTINGS = (0x15, 0x17, 0x19, 0x1F, 0x24, 0x2C)


def switch_off(interface: str) -> None:
    """Switch every offload off on an interface of this process's network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for setting in SETTINGS:
            value = ctypes.create_string_buffer(struct.pack("=II", setting, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(control, SIOCETHTOOL, request)
