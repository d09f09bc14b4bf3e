"""How near the loopback comes to the rates and delays that a world asks for, and what it carries and costs."""

from __future__ import annotations

import contextlib
import dataclasses
import time

from bench.figures import show
from harness.lab import Link, load_world
from harness.lab.loopback.lab import Loopback
from harness.vantage.inside import CensoredInternet, on_loopback

RATES = (150_000, 2_400_000, 10_000_000)  # bits a second; the first is that of RU 2021-03
NAME = "news.example.org"
RUNS = 3
SEGMENT = 1500 / 1448  # a full packet on the wire to what it carries
FIRST, LASTS = 6.0, 8.0  # seconds of a stream that are not measured, until its first losses are mended, and that are
PORT = 80
PAGE = 100_000_000  # bytes


def measure() -> None:
    show("loopback: up", [_up() for _ in range(RUNS)], "ms")
    with _world() as inside:
        show("loopback: download without rules", [_passed(inside, 1.0, 3.0) / 1e6 for _ in range(RUNS)], "Mbit/s")
        for rate in RATES:
            for behaviour in ("shape", "police"):
                inside.swap([{behaviour: {"ports": [PORT], "rate": rate}}])
                told = [100 * abs(_passed(inside) / rate - 1) for _ in range(RUNS)]
                show(f"loopback, {behaviour}: off the nominal {rate / 1000:,.0f} kbit/s, by TCP", told, "%", most=5)
    with _world(link=Link(rate=5e6)) as inside:
        told = [100 * abs(_passed(inside) / 5e6 - 1) for _ in range(RUNS)]
        show("loopback, line: off the nominal 5,000 kbit/s, by TCP", told, "%", most=5)
    with _world(link=Link(delay=0.04)) as inside:
        told = [abs(_connected(inside) - 80) for _ in range(RUNS * 3)]
        show("loopback, line: connecting off the asked 80 ms", told, "ms", most=5)


def _world(**more: object) -> contextlib.closing[CensoredInternet]:
    page = {"*": {"body": "x", "size": PAGE}}
    world = load_world(
        "open", {"hosts": [{"name": "news", "services": [{"web": {"port": PORT, "tls": False, "pages": page}}]}]}
    )
    return contextlib.closing(on_loopback(Loopback(dataclasses.replace(world, **more))))  # type: ignore[arg-type]


def _up() -> float:
    began = time.perf_counter()
    with _world():
        return (time.perf_counter() - began) * 1000


def _passed(inside: CensoredInternet, first: float = FIRST, lasts: float = LASTS) -> float:
    """Bits a second on the wire, of a page far longer than is read, once what may pass at once has passed."""
    with inside.connect(NAME, PORT, timeout=30) as end:
        end.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
        began = time.perf_counter()
        while time.perf_counter() < began + first:
            end.recv(1 << 16)
        began, size = time.perf_counter(), 0
        while (seconds := time.perf_counter() - began) < lasts:
            size += len(end.recv(1 << 16))
    return size * SEGMENT * 8 / seconds


def _connected(inside: CensoredInternet) -> float:
    began = time.perf_counter()
    inside.connect("151.101.3.10", PORT).close()
    return (time.perf_counter() - began) * 1000
