"""Datagrams of a real QUIC client, aioquic, and Initials put together by its cryptography instead of the lab's."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.lab.servers import singbox
from harness.lab.servers.listen import free_ports
from tests import needs
from tests.lab.hellos import sized

REMEDY = "no aioquic; pip install 'waygauge[test]'"
VERSIONS = {1: 0x00000001, 2: 0x6B3343CF}

PATIENCE = 10.0  # seconds for a program to start

sing_box = needs.needs(singbox.program(), "no sing-box; pip install 'waygauge[engines]'")
aioquic = needs.needs(importlib.util.find_spec("aioquic"), REMEDY)


def opening(name: str, version: int = 1, *, long: bool = False) -> list[bytes]:
    """What a client sends first; a `long` hello needs several datagrams, as those with post-quantum keys do."""
    client = _client(name, version, long=long)
    client.connect(("198.41.0.4", 443), now=0.0)
    return [data for data, _ in client.datagrams_to_send(now=0.0)]


def _client(name: str, version: int, *, long: bool) -> Any:
    configuration = importlib.import_module("aioquic.quic.configuration")
    connection = importlib.import_module("aioquic.quic.connection")
    wanted = configuration.QuicConfiguration(
        is_client=True,
        server_name=name,
        alpn_protocols=["h3", *(f"{at:03}" * 60 for at in range(8 if long else 0))],
        original_version=VERSIONS[version],
        supported_versions=[VERSIONS[version]],
    )
    return connection.QuicConnection(configuration=wanted)


def of_sing_box(name: str) -> list[bytes]:
    """What quic-go sends first, by sing-box, which is asked to carry something over QUIC to us."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far, tempfile.TemporaryDirectory() as folder:
        far.bind(("127.0.0.1", 0))
        (port,) = free_ports(1)
        config = pathlib.Path(folder) / "client.json"
        config.write_text(json.dumps(_carrier(name, port, far.getsockname()[1])))
        program = subprocess.Popen([str(singbox.program()), "run", "-c", str(config)])
        try:
            with _asked(port):
                far.settimeout(PATIENCE)
                return [far.recv(4096) for _ in range(2)]
        finally:
            program.kill()
            program.wait(5)


def _carrier(name: str, near: int, far: int) -> Any:
    tls = {"enabled": True, "server_name": name, "alpn": ["h3"]}
    server = {"type": "tuic", "server": "127.0.0.1", "server_port": far, "uuid": str(uuid.UUID(int=1)), "tls": tls}
    return {
        "log": {"level": "error"},
        "inbounds": [{"type": "socks", "listen": "127.0.0.1", "listen_port": near}],
        "outbounds": [server],
    }


def _asked(port: int) -> socket.socket:
    """A connection to a SOCKS server that is still starting, asked for an address (RFC 1928)."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            near = socket.create_connection(("127.0.0.1", port))
            break
        except ConnectionRefusedError:
            assert time.monotonic() < until, "sing-box does not start"
            time.sleep(0.01)
    near.sendall(b"\5\1\0")
    near.recv(2)
    near.sendall(b"\5\1\0\1\xc6\x29\0\4\0\x50")
    return near


def hello(name: str) -> bytes:
    """The ClientHello of such a client."""
    return b"".join(data for packet in opening(name) for _, data in _cryptos(packet))


@dataclass(frozen=True, kw_only=True)
class Head:
    """What an Initial says in the clear; `digits` is how many bytes its number takes."""

    dcid: bytes = b"censored"
    scid: bytes = b""
    token: bytes = b""
    version: int = 1
    number: int = 0
    digits: int = 4


def initial(*frames: bytes, dcid: bytes = b"censored", version: int = 1, number: int = 0) -> bytes:
    """An Initial of these frames, padded to 1200 bytes."""
    return packet(*frames, head=Head(dcid=dcid, version=version, number=number))


def packet(*frames: bytes, head: Head, size: int = 1200) -> bytes:
    """An Initial of these frames, padded to so many bytes where it is smaller."""
    kind = 0xC0 | {1: 0, 2: 1}[head.version] << 4 | (head.digits - 1)
    start = bytes([kind]) + VERSIONS[head.version].to_bytes(4, "big") + sized(1, head.dcid) + sized(1, head.scid)
    start += (0x4000 | len(head.token)).to_bytes(2, "big") + head.token
    payload = b"".join(frames)
    payload = payload.ljust(max(size - len(start) - 2 - head.digits - 16, 4), b"\0")
    start += (0x4000 | (head.digits + len(payload) + 16)).to_bytes(2, "big") + head.number.to_bytes(head.digits, "big")
    sealed: bytes = _pair(head.dcid, head.version).encrypt_packet(start, payload, head.number)
    return sealed


def after_retry(name: str, version: int = 1) -> tuple[bytes, list[bytes]]:
    """A server's Retry, and what a client sends first once it has come."""
    packets = importlib.import_module("aioquic.quic.packet")
    client = _client(name, version, long=False)
    client.connect(("198.41.0.4", 443), now=0.0)
    client.datagrams_to_send(now=0.0)
    ends = {"source_cid": b"anew", "destination_cid": client.host_cid}
    ends["original_destination_cid"] = client.original_destination_connection_id
    retry: bytes = packets.encode_quic_retry(version=VERSIONS[version], retry_token=b"token" * 20, **ends)
    client.receive_datagram(retry, ("198.41.0.4", 443), now=0.1)
    return retry, [data for data, _ in client.datagrams_to_send(now=0.1)]


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
