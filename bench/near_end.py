"""The near end of the lab's figures, run inside the client namespace: prints one JSON object."""

from __future__ import annotations

import json
import os
import socket
import sys
import time

from bench.far_end import COUNTER, ECHO, SINK, SOURCE, echo

Figures = dict[str, float]
DATAGRAM = 172  # bytes, as in a call
HEADERS = 28  # of IPv4 and UDP


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


def rtt(address: str, rounds: float, port: int = ECHO) -> Figures:
    times = []
    with connected(address, port) as stream:
        for _ in range(int(rounds)):
            began = time.perf_counter()
            stream.sendall(b"x")
            stream.recv(1)
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(0.001)
    times.sort()
    return {"p50_ms": times[len(times) // 2], "p99_ms": times[int(len(times) * 0.99)]}


def loopback(_: str, rounds: float) -> Figures:
    """The same exchange without a line between: what the machine itself adds at the moment."""
    listening = socket.create_server(("127.0.0.1", 0))
    if os.fork() == 0:
        echo(listening.accept()[0])
        os._exit(0)
    return rtt("127.0.0.1", rounds, listening.getsockname()[1])


def datagrams(address: str, rate: float, seconds: float = 2.0) -> Figures:
    """Sends at an even rate, in bursts of a millisecond; tells what arrived, and in how long."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect((address, COUNTER))
        sent, began = 0, time.perf_counter()
        while (now := time.perf_counter() - began) < seconds:
            for _ in range(int(now * rate) - sent):
                out.send(bytes(DATAGRAM))
                sent += 1
            time.sleep(0.001)
        time.sleep(0.5)
        return {"sent": sent, **_counted(out)}


def _counted(out: socket.socket) -> Figures:
    out.settimeout(0.2)
    for _ in range(50):
        out.send(b"?")
        try:
            told: Figures = json.loads(out.recv(100))
        except TimeoutError:
            continue
        return told
    raise TimeoutError("the counter does not answer")


KINDS = {"up": up, "down": down, "rtt": rtt, "loopback": loopback, "datagrams": datagrams}

if __name__ == "__main__":
    what, address, number = sys.argv[1:4]
    print(json.dumps(KINDS[what](address, float(number))))
