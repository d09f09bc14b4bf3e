"""The near end of `bench/lab.py`, run inside the client namespace: prints one JSON object."""

from __future__ import annotations

import json
import socket
import sys
import time

from far_end import COUNTER, ECHO, SINK, SOURCE

Figures = dict[str, float]


def connected(address: str, port: int) -> socket.socket:
    stream = socket.create_connection((address, port), timeout=20)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def up(address: str, seconds: float) -> Figures:
    sent, began = 0, time.perf_counter()
    with connected(address, SINK) as stream:
        while time.perf_counter() - began < seconds:
            sent += stream.send(bytes(1 << 18))
        stream.shutdown(socket.SHUT_WR)
        stream.recv(1)
    return {"mbit_s": sent * 8 / (time.perf_counter() - began) / 1e6}


def down(address: str, size: float) -> Figures:
    began, got = time.perf_counter(), 0
    with connected(address, SOURCE) as stream:
        stream.sendall(int(size).to_bytes(8, "big"))
        while part := stream.recv(1 << 18):
            got += len(part)
    return {"mbit_s": got * 8 / (time.perf_counter() - began) / 1e6}


def rtt(address: str, rounds: float) -> Figures:
    times = []
    with connected(address, ECHO) as stream:
        for _ in range(int(rounds)):
            began = time.perf_counter()
            stream.sendall(b"x")
            stream.recv(1)
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(0.001)
    times.sort()
    return {"p50_ms": times[len(times) // 2], "p99_ms": times[int(len(times) * 0.99)], "max_ms": times[-1]}


def datagrams(address: str, rate: float, seconds: float = 2.0) -> Figures:
    """Sends at an even rate, in bursts of a millisecond; tells what arrived."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect((address, COUNTER))
        out.settimeout(5)
        sent, began = 0, time.perf_counter()
        while (now := time.perf_counter() - began) < seconds:
            for _ in range(int(now * rate) - sent):
                out.send(bytes(172))  # a call's datagram
                sent += 1
            time.sleep(0.001)
        time.sleep(0.5)
        out.send(b"?")
        return {"sent": sent, "arrived": float(out.recv(100)), "kpps": sent / seconds / 1000}


if __name__ == "__main__":
    what, address, number = sys.argv[1:4]
    print(json.dumps({"up": up, "down": down, "rtt": rtt, "datagrams": datagrams}[what](address, float(number))))
