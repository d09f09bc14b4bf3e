"""The far end of the figures, in the internet namespace: a sink, a source, an echo, and a counter of datagrams."""

from __future__ import annotations

import json
import pathlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from harness.lab.world import World

SERVE = "bench.far_end:serve"
SINK, SOURCE, ECHO, COUNTER = 5001, 5002, 5003, 5004


def serve(world: World, workdir: pathlib.Path, ready: Callable[[dict[str, Any]], None]) -> None:
    """What `open_lab(serve=...)` runs."""
    address = world.hosts[0].v4[0]
    for port, talk in ((SINK, _sink), (SOURCE, _source), (ECHO, echo)):
        listening = socket.create_server((address, port), backlog=64)
        threading.Thread(target=_accept, args=(listening, talk), daemon=True).start()
    counter = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    counter.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    counter.bind((address, COUNTER))
    ready({})
    _count(counter)


def _accept(listening: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    while True:
        stream, _ = listening.accept()
        threading.Thread(target=_talk, args=(stream, talk), daemon=True).start()


def _talk(stream: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    with stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk(stream)


def _sink(stream: socket.socket) -> None:
    while stream.recv(1 << 18):
        continue


def _source(stream: socket.socket) -> None:
    left = int.from_bytes(stream.recv(8), "big")
    while left > 0:
        left -= stream.send(bytes(min(left, 1 << 18)))


def echo(stream: socket.socket) -> None:
    """Sends back what comes."""
    while data := stream.recv(4096):
        stream.sendall(data)


def _count(counter: socket.socket) -> None:
    """Counts datagrams; one that says `?` is answered with what came since the last and in how long."""
    seen, first, last = 0, 0.0, 0.0
    while True:
        data, peer = counter.recvfrom(2048)
        if data == b"?":
            if seen:
                told = json.dumps({"arrived": seen, "lasted": last - first}).encode()
            counter.sendto(told, peer)  # asked twice where the question or the answer was lost
            seen = 0
            continue
        last = time.monotonic()
        first = first if seen else last
        seen += 1
