"""The loopback for other people's tests: its rates and delays, other rules, datagrams, and what it refuses by name."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import pathlib
import secrets
import socket
import struct
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from harness.dial import machine
from harness.dial.api import Address
from harness.lab import Link, load_world
from harness.lab.loopback.lab import Loopback
from harness.vantage.inside import CensoredInternet, NoLab, on_loopback

LISTED, OTHER = "news.example.org", "www.example.com"
PAGE = 66_000  # bytes of its page
STUN = Address("74.125.250.129", 19302)
RATE = 400_000  # bits a second
WITHIN = 0.05  # of the nominal rate


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    with Loopback(load_world("open")) as lab:
        yield lab


@pytest.fixture(scope="module")
def inside(loopback: Loopback) -> Iterator[CensoredInternet]:
    with contextlib.closing(on_loopback(loopback)) as world:
        yield world


@pytest.fixture(autouse=True)
def _without_rules(inside: CensoredInternet) -> None:
    inside.swap([])


def exchanged(loopback: Loopback, size: int, rate: float, seconds: float) -> list[tuple[float, int]]:
    """Times and sizes of what comes back for evenly sent STUN requests of so many bytes, beside when it began."""
    head = machine.header(STUN)
    request = struct.pack("!HHI", 1, size - 20, 0x2112A442) + secrets.token_bytes(12)
    request += struct.pack("!HH", 0x8022, size - 24) + bytes(size - 24)
    came, sent, began = list[tuple[float, int]](), 0, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.connect(("127.0.0.1", loopback.entrance[1]))
        while (now := time.monotonic() - began) < seconds + 0.3:
            while now < seconds and sent < now * rate / 8 / (size + 28):
                own.send(head + request)
                sent += 1
            own.settimeout(0.002)
            with contextlib.suppress(TimeoutError):
                came.append((time.monotonic(), len(own.recv(2048)) - len(head) + 28))
    return came


@pytest.mark.parametrize(("behaviour", "burst"), [("police", 15_000), ("shape", 0)])
def test_datagrams_come_out_at_the_rate_that_is_asked(
    loopback: Loopback, inside: CensoredInternet, behaviour: str, burst: int
) -> None:
    inside.swap([{behaviour: {"ports": [STUN.port], "rate": RATE, "of": "client"}}])
    size = 500
    came = exchanged(loopback, size, 2 * RATE, 1.5)

    passed = (len(came) - 1) * (size + 28) - max(0, burst - (size + 28))
    assert passed * 8 / (came[-1][0] - came[0][0]) == pytest.approx(RATE, rel=WITHIN)


def test_answers_are_held_to_a_rate_by_themselves(loopback: Loopback, inside: CensoredInternet) -> None:
    inside.swap([{"shape": {"ports": [STUN.port], "rate": 100_000, "of": "server"}}])
    came = exchanged(loopback, 100, 400_000, 1.2)

    passed = sum(size for _, size in came[1:])
    assert passed * 8 / (came[-1][0] - came[0][0]) == pytest.approx(100_000, rel=WITHIN)


def test_a_server_of_streams_sees_the_worlds_client_and_not_the_relay(inside: CensoredInternet) -> None:
    cookie = 0x2112A442
    with inside.connect(*STUN) as line:
        line.sendall(struct.pack("!HHI12x", 1, 0, cookie))
        answer = line.recv(1024)

    mapped = int.from_bytes(answer[28:32], "big") ^ cookie  # behind the header, XOR-MAPPED-ADDRESS alone
    assert "100.64.0.2" == socket.inet_ntoa(mapped.to_bytes(4, "big"))


@pytest.mark.parametrize("behaviour", ["police", "shape"])
def test_a_stream_comes_at_the_rate_that_is_asked(inside: CensoredInternet, behaviour: str) -> None:
    inside.swap([{behaviour: {"names": [LISTED], "rate": RATE}}])
    client = inside.client(timeout=20)
    client.get(f"https://{LISTED}/")  # a policer lets so much through at once
    began = time.monotonic()
    client.get(f"https://{LISTED}/")

    wire = PAGE * 1500 / 1448
    assert wire * 8 / (time.monotonic() - began) == pytest.approx(RATE, rel=0.2 if behaviour == "police" else WITHIN)
    assert {behaviour} == {event.behaviour for event in inside.log()[-1:]}


def test_other_rules_hold_at_once_and_for_new_flows_alone(inside: CensoredInternet) -> None:
    standing = inside.client(timeout=10)
    assert 200 == standing.get(f"https://{LISTED}/").status_code
    inside.swap([{"sni_reset": {"names": [LISTED]}}])

    assert 200 == standing.get(f"https://{LISTED}/").status_code
    with pytest.raises(httpx.ConnectError):
        inside.client().get(f"https://{LISTED}/")
    inside.swap(["blackout"])
    with pytest.raises(OSError, match="timed out"):
        inside.connect("151.101.3.10", 443, timeout=0.2)


def test_names_are_those_of_the_worlds_resolver(inside: CensoredInternet) -> None:
    inside.swap([{"dns_forge": {"names": [LISTED], "answers": ["203.0.113.9"]}}])

    assert "203.0.113.9" in inside.resolve(LISTED)
    assert "23.192.228.80" in inside.resolve(OTHER)
    for name in ("no.such.example", f"{'x' * 70}.example"):
        with pytest.raises(socket.gaierror):
            inside.resolve(name)


@pytest.mark.parametrize(("address", "number"), [("151.101.3.10", "ECONNREFUSED"), ("192.0.2.99", None)])
def test_a_port_without_a_server_is_refused_to_datagrams_where_somebody_is_there(
    loopback: Loopback, address: str, number: str | None
) -> None:
    to = machine.header(Address(address, 9999))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.connect(("127.0.0.1", loopback.entrance[1]))
        own.settimeout(1 if number else 0.2)
        own.send(to + b"anybody there?")
        if number:
            assert machine.ENTRANCE + to + number.encode() == own.recv(100)
        else:
            with pytest.raises(TimeoutError):
                own.recv(100)


def test_what_a_router_says_is_what_connect_raises(inside: CensoredInternet) -> None:
    inside.swap([{"icmp_reject": {"prefixes": ["151.101.3.10/32"]}}])

    with pytest.raises(OSError, match="said by the entrance") as told:
        inside.connect("151.101.3.10", 443, timeout=5)

    assert errno.EHOSTUNREACH == told.value.errno


@pytest.mark.parametrize("family", [4, 6])
def test_datagrams_longer_than_a_packet_arrive_in_pieces_that_are_judged_as_one(
    loopback: Loopback, family: int
) -> None:
    at = {4: STUN, 6: Address("2001:4860:4864:5:8000::1", STUN.port)}[family]
    head, size = machine.header(at), 3000
    request = struct.pack("!HHI", 1, size, 0x2112A442) + bytes(12) + struct.pack("!HH", 0x8022, size - 4)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.connect(("127.0.0.1", loopback.entrance[1]))
        own.settimeout(5)
        own.send(head + request + bytes(size - 4))

        assert own.recv(2048).startswith(head + b"\1\1")


def test_what_a_kernel_would_tell_of_a_connection_is_told() -> None:
    with Loopback(dataclasses.replace(load_world("open"), link=Link(delay=0.03))) as lab:
        end = on_loopback(lab).connect("23.192.228.80", 443)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.connect(("127.0.0.1", lab.entrance[1]))
            own.settimeout(5)
            time.sleep(0.1)
            own.send(machine.asked_about(end.getsockname()[1]))
            told = own.recv(1000)
        end.close()

    assert 100 <= struct.unpack_from("=I", told, 56)[0] < 1000  # milliseconds since the last acknowledgement
    assert 0.06 <= struct.unpack_from("=I", told, 68)[0] / 1e6 < 0.2
    assert 240 == len(told)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (lambda world, _: world.run(["true"]), "no program of yours runs inside a world"),
        (lambda world, _: world.pid, "no program of yours runs inside a world"),
        (lambda world, _: world.new_socket(), r"call connect\(\) or client\(\)"),
        (lambda world, folder: world.pcap(folder), "its packets are of the relay's making"),
    ],
)
def test_what_it_cannot_give_is_refused_with_the_reason(
    inside: CensoredInternet,
    tmp_path: pathlib.Path,
    asked: Callable[[CensoredInternet, pathlib.Path], object],
    why: str,
) -> None:
    with pytest.raises(NoLab, match=why):
        asked(inside, tmp_path)


USES = """
def test_a_request(censored_internet):
    world = censored_internet("sni-reset")
    assert world.client().get("https://www.example.com/").status_code == 200

def test_a_program(censored_internet):
    censored_internet("open").run(["true"])
"""


def test_the_fixture_stands_on_the_loopback_and_skips_what_needs_more(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYGAUGE_LAB_TIER", "loopback")
    monkeypatch.setenv("CI", "")
    pytester.makepyfile(USES)

    result = pytester.runpytest_subprocess("-rs", timeout=60)

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*tier loopback has no namespaces, so no program of yours*"])
