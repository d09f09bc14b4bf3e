"""Datagrams of a real QUIC client, aioquic, and Initials put together by its cryptography instead of the lab's."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import os
from collections.abc import Sequence
from typing import Any

from tests import needs

REMEDY = "no aioquic; pip install 'waygauge[test]'"
VERSIONS = {1: 0x00000001, 2: 0x6B3343CF}

aioquic = needs.needs(importlib.util.find_spec("aioquic"), REMEDY)


def opening(name: str, version: int = 1, *, long: bool = False) -> list[bytes]:
    """What a client sends first; a `long` hello needs several datagrams, as those with post-quantum keys do."""
    configuration = importlib.import_module("aioquic.quic.configuration")
    connection = importlib.import_module("aioquic.quic.connection")
    wanted = configuration.QuicConfiguration(
        is_client=True,
        server_name=name,
        alpn_protocols=["h3", *(f"{at:03}" * 60 for at in range(8 if long else 0))],
        original_version=VERSIONS[version],
        supported_versions=[VERSIONS[version]],
    )
    client = connection.QuicConnection(configuration=wanted)
    client.connect(("198.41.0.4", 443), now=0.0)
    return [data for data, _ in client.datagrams_to_send(now=0.0)]


def hello(name: str) -> bytes:
    """The ClientHello of such a client."""
    return b"".join(data for packet in opening(name) for _, data in _cryptos(packet))


def initial(*frames: bytes, dcid: bytes = b"censored", version: int = 1, number: int = 0) -> bytes:
    """An Initial of these frames, padded to 1200 bytes."""
    size = 1200 - 5 - 1 - len(dcid) - 1 - 1 - 2
    payload = b"".join(frames).ljust(size - 4 - 16, b"\0")
    kind = 0xC0 | {1: 0, 2: 1}[version] << 4 | 3
    header = bytes([kind]) + VERSIONS[version].to_bytes(4, "big") + bytes([len(dcid)]) + dcid + b"\0\0"
    header += (0x4000 | size).to_bytes(2, "big") + number.to_bytes(4, "big")
    sealed: bytes = _pair(dcid, version).encrypt_packet(header, payload, number)
    return sealed


def crypto(offset: int, data: bytes) -> bytes:
    """A CRYPTO frame."""
    return b"\x06" + (0x80000000 | offset).to_bytes(4, "big") + (0x4000 | len(data)).to_bytes(2, "big") + data


def pieces(whole: bytes, *cuts: int) -> Sequence[bytes]:
    """CRYPTO frames of what lies between the cuts."""
    ends = [0, *cuts, len(whole)]
    return [crypto(start, whole[start:end]) for start, end in itertools.pairwise(ends)]


def short() -> bytes:
    """What a connection's data looks like from outside."""
    return b"\x40" + os.urandom(60)


def _pair(dcid: bytes, version: int) -> Any:
    pair = importlib.import_module("aioquic.quic.crypto").CryptoPair()
    pair.setup_initial(dcid, is_client=True, version=VERSIONS[version])
    return pair


def _cryptos(packet: bytes) -> list[tuple[int, bytes]]:
    """The first CRYPTO frame of an Initial of aioquic's, which begins with it; deciphered by aioquic as a server."""
    pair = importlib.import_module("aioquic.quic.crypto").CryptoPair()
    dcid = packet[6 : 6 + packet[5]]
    pair.setup_initial(dcid, is_client=False, version=VERSIONS[1])
    at = 6 + len(dcid)
    at += 1 + packet[at] + 1 + 2  # source connection id, no token, length
    size = int.from_bytes(packet[at - 2 : at], "big") & 0x3FFF
    _, plain, _ = pair.decrypt_packet(packet[: at + size], at, 0)
    buffer = importlib.import_module("aioquic.buffer").Buffer(data=plain)
    assert buffer.pull_uint_var() == 6
    offset, size = buffer.pull_uint_var(), buffer.pull_uint_var()
    return [(offset, buffer.pull_bytes(size))]
