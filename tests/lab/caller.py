"""Runs inside the lab: one JSON line in, one out. Moves bytes and datagrams, and says when each came."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import time
from typing import Any

Outcome = dict[str, Any]
SMOOTHED = 68  # where tcpi_rtt lies in struct tcp_info (linux/tcp.h)


def _connected(wanted: Outcome) -> socket.socket:
    stream = socket.create_connection((wanted["address"], wanted["port"]), timeout=wanted.get("timeout", 3.0))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Closing ends it at once, so that nothing is retransmitted behind the test's back.
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.sendall(bytes.fromhex(wanted["hello"]))
    return stream


def _rtt(stream: socket.socket) -> float:
    """The kernel's smoothed round trip, in seconds."""
    return int(struct.unpack_from("=I", stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), SMOOTHED)[0]) / 1e6


def download(wanted: Outcome) -> Outcome:
    """Bytes until so many have come, time is over or nothing more comes; and the rate once the first burst is over."""
    marks = [(time.monotonic(), 0)]
    with _connected(wanted) as stream:
        until = marks[0][0] + wanted.get("seconds", 2.0)
        stream.settimeout(wanted.get("stall", 0.3))
        try:
            while marks[-1][1] < wanted["most"] and marks[-1][0] < until:
                size = len(stream.recv(65536))
                marks.append((time.monotonic(), marks[-1][1] + size))
        except TimeoutError:
            return {"bytes": marks[-1][1], "stalled": True}
    settled = [mark for mark in marks if mark[1] >= wanted.get("burst", 0)]
    (began, before), (ended, after) = settled[0], settled[-1]
    return {"bytes": after, "stalled": False, "rate": (after - before) * 8 / max(ended - began, 1e-6)}


def upload(wanted: Outcome) -> Outcome:
    """The round trips, idle and loaded, of a connection that is written to for a while."""
    with _connected(wanted) as stream:
        time.sleep(0.1)
        idle, loaded = _rtt(stream), 0.0
        stream.settimeout(0.05)
        until = time.monotonic() + wanted.get("seconds", 1.0)
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                stream.send(bytes(16384))
            loaded = max(loaded, _rtt(stream))
    return {"idle": idle, "loaded": loaded}


def call(wanted: Outcome) -> list[list[float]]:
    """A stream of datagrams: number, when it left, when it came there, when it came back; those that came, in order."""
    family = socket.AF_INET6 if ":" in wanted["address"] else socket.AF_INET
    came: list[list[float]] = []
    left: list[float] = []
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect((wanted["address"], wanted["port"]))
        datagrams.setblocking(False)
        began = time.monotonic()
        for number in range(wanted["count"]):
            _collect(datagrams, began + number * wanted["interval"], came, left)
            left.append(time.monotonic())
            datagrams.send(struct.pack("!I", number) + bytes.fromhex(wanted.get("filler", "")).ljust(156, b"\0"))
        _collect(datagrams, time.monotonic() + wanted.get("after", 0.3), came, left)
    return came


def _collect(datagrams: socket.socket, until: float, came: list[list[float]], left: list[float]) -> None:
    while (wait := until - time.monotonic()) > 0:
        datagrams.settimeout(wait)
        try:
            data = datagrams.recv(2048)
        except TimeoutError:
            return
        number = int.from_bytes(data[:4], "big")
        came.append([number, left[number], struct.unpack("!d", data[-8:])[0], time.monotonic()])


for line in sys.stdin:
    order = json.loads(line)
    print(json.dumps({"download": download, "upload": upload, "call": call}[order["do"]](order)), flush=True)
