"""Rules about datagrams without a network: call relays, STUN, QUIC, WireGuard. Each with what it must leave alone."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from harness.lab.censor.packet import INTERNET, Packet
from tests.lab.frames import Wire, datagram, rule, sides

COOKIE = bytes.fromhex("2112a442")
REQUEST, INDICATION, SUCCESS, ERROR = (
    kind.to_bytes(2, "big") + b"\0\0" + COOKIE + bytes(12) for kind in (0x0001, 0x0011, 0x0101, 0x0111)
)
ALLOCATE = b"\0\x03" + REQUEST[2:]
INITIATION, RESPONSE = b"\x01\0\0\0" + bytes(144), b"\x02\0\0\0" + bytes(88)
DATA = b"\x04\0\0\0" + bytes(108)
VOICE = b"\x80\x6f" + bytes(170)


def quic(size: int = 1200, version: int = 1) -> bytes:
    """A datagram with a long header."""
    return (b"\xc3" + version.to_bytes(4, "big")).ljust(size, b"\7")


def went(wire: Wire, *payloads: bytes, **more: Any) -> str:
    """Where datagrams of one flow went, `-` for nowhere; those marked by `back` are the server's."""
    side = INTERNET if more.get("back") else 0
    return "".join(sides(wire.receive(datagram(payload, **more), side)) or "-" for payload in payloads)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(
    ("drop", "out", "back"), [("request", "--ii", "cccc"), ("response", "iiii", "cc--"), ("both", "--ii", "cc--")]
)
def test_stun_vanishes_by_class(family: int, drop: str, out: str, back: str) -> None:
    wire = Wire(rule("stun_drop", drop=drop))
    more = {"family": family, "dport": 3478}

    assert out == went(wire, REQUEST, ALLOCATE, INDICATION, VOICE, **more)
    assert back == went(wire, VOICE, INDICATION, SUCCESS, ERROR, **more, back=True)


@pytest.mark.parametrize(
    "payload",
    [REQUEST[:19], b"\x40" + REQUEST[1:], REQUEST[:4] + b"\x21\x12\xa4\x43" + REQUEST[8:], VOICE],
    ids=["too short", "first bits", "cookie", "voice"],
)
def test_what_is_no_stun_passes(payload: bytes) -> None:
    wire = Wire(rule("stun_drop"))

    assert "ii" == went(wire, payload, payload, dport=3478)
    assert [] == wire.actions


def test_stun_on_another_port_or_to_an_exempt_prefix_passes() -> None:
    wire = Wire(rule("stun_drop", ports=["3478-3497"], exempt_prefixes=["2001:503:ba3e::/48"]))

    assert "i-i" == (
        went(wire, REQUEST, dport=19302) + went(wire, REQUEST, dport=3480) + went(wire, REQUEST, dport=3480, family=6)
    )


def test_a_decoy_ahead_defeats_who_looks_at_the_first_datagram_alone() -> None:
    wire = Wire(rule("stun_drop", first=1))

    assert "ii" == went(wire, b"decoy", REQUEST, dport=3478)
    assert "-" == went(wire, REQUEST, dport=3478, sport=40001)


def test_a_flow_may_be_lost_with_its_message() -> None:
    wire = Wire(rule("stun_drop", then="flow", residual={"seconds": 30}))
    assert "--" == went(wire, REQUEST, VOICE, dport=3478)
    assert "-" == went(wire, VOICE, dport=3478, sport=40001)

    wire.wait(31)

    assert "i" == went(wire, VOICE, dport=3478, sport=40002)


@pytest.mark.parametrize("family", [4, 6])
def test_every_flow_is_looked_at_and_innocents_between_pass(family: int) -> None:
    wire = Wire(rule("stun_drop"), rule("wireguard_signature"), rule("quic_v1_drop"))
    payloads = [VOICE, REQUEST, VOICE, INITIATION, VOICE, quic(), VOICE] * 2

    seen = "".join(
        went(wire, payload, family=family, dport=443, sport=40000 + at) for at, payload in enumerate(payloads)
    )

    assert "i-i-i-i" * 2 == seen
    assert ["match", "drop"] * 6 == wire.actions


@pytest.mark.parametrize(
    ("size", "version", "dport", "seen"),
    [(1001, 1, 443, "-"), (1000, 1, 443, "i"), (1200, 0xFF00001D, 443, "i"), (1200, 1, 8443, "i")],
    ids=["just over", "just under", "draft 29", "other port"],
)
def test_quic_is_known_by_size_version_and_port(size: int, version: int, dport: int, seen: str) -> None:
    assert seen == went(Wire(rule("quic_v1_drop")), quic(size, version), dport=dport)


def test_quic_loses_its_four_ends_for_420_seconds() -> None:
    wire = Wire(rule("quic_v1_drop"))
    assert "--" == went(wire, quic(), b"small", dport=443)
    assert "-" == went(wire, b"answer", dport=443, back=True)
    assert "i" == went(wire, b"small", dport=443, sport=40001)

    wire.wait(419.9)
    assert "-" == went(wire, b"small", dport=443)
    wire.wait(0.2)

    assert "i" == went(wire, b"small", dport=443)


def test_quic_behind_a_decoy_or_to_an_allowed_server_passes() -> None:
    wire = Wire(rule("quic_v1_drop", exempt_prefixes=["2001:503:ba3e::/48"]))

    assert "ii" == went(wire, b"decoy", quic(), dport=443)
    assert "i" == went(wire, quic(), dport=443, family=6)


@pytest.mark.parametrize(
    ("drop", "out", "back"), [("initiation", "-", "c"), ("response", "i", "-"), ("both", "-", "-")]
)
def test_wireguards_handshake_vanishes_by_message(drop: str, out: str, back: str) -> None:
    wire = Wire(rule("wireguard_signature", drop=drop))

    assert out == went(wire, INITIATION, dport=51820)
    assert back == went(wire, RESPONSE, dport=51820, back=True)
    assert "ii" == went(wire, DATA, b"\x03\0\0\0" + bytes(60), dport=51820)


@pytest.mark.parametrize(
    "payload", [INITIATION + b"\0", INITIATION[:-1], b"\x05" + INITIATION[1:], b"\x01\0\0\x09" + INITIATION[4:]]
)
def test_a_handshake_in_another_dress_passes(payload: bytes) -> None:
    assert "i" == went(Wire(rule("wireguard_signature", drop="both")), payload, dport=51820)


@pytest.mark.parametrize("family", [4, 6])
def test_a_tunnel_dies_after_its_packets(family: int) -> None:
    wire = Wire(rule("wireguard_late_kill", packets=4))
    more = {"family": family, "dport": 51820}
    went(wire, INITIATION, **more)
    went(wire, RESPONSE, **more, back=True)

    carried = [went(wire, DATA, **more, back=bool(at % 2)) for at in range(6)]

    assert ["i", "c", "i", "c", "-", "-"] == carried
    assert "-" == went(wire, INITIATION, **more)
    assert ["match", "drop"] == wire.actions


def test_data_without_a_handshake_is_no_tunnel() -> None:
    wire = Wire(rule("wireguard_late_kill", packets=1))

    assert "iii" == went(wire, DATA, DATA, DATA, dport=51820)


def test_a_dead_tunnel_may_take_its_server_with_it() -> None:
    wire = Wire(rule("wireguard_late_kill", packets=0, residual={"seconds": 60}))
    assert "i-" == went(wire, INITIATION, DATA, dport=51820)

    assert "-" == went(wire, INITIATION, dport=51820, sport=40001)


def call(wire: Wire, count: int, **more: Any) -> list[int]:
    """The numbers of the datagrams that arrive, in order of arrival; one leaves every 20 ms."""
    before = len(wire.sent)
    for number in range(count):
        wire.receive(datagram(number.to_bytes(4, "big") + bytes(156), dport=3478, **more))
        wire.wait(0.02)
    wire.wait(5)
    return [int.from_bytes(Packet(frame, 0).payload[:4], "big") for _, frame in wire.sent[before:]]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("loss", "burst"), [(0.02, 0), (0.1, 0), (0.1, 2), (0.25, 2), (0.4, 0)])
def test_a_call_of_ten_seconds_shows_the_loss_that_is_set(family: int, loss: float, burst: float) -> None:
    wire = Wire(rule("udp_loss", ports=["3478-3497"], loss=loss, burst=burst))

    assert loss == pytest.approx(1 - len(call(wire, 500, family=family)) / 500, abs=0.01)
    assert ["lose"] == wire.actions


@pytest.mark.parametrize(("loss", "burst", "mean"), [(0.1, 0, 1.11), (0.1, 4, 4), (0.3, 3, 3)])
def test_losses_come_in_bursts_of_the_length_that_is_set(loss: float, burst: float, mean: float) -> None:
    came = [-1, *call(Wire(rule("udp_loss", loss=loss, burst=burst)), 2000)]
    bursts = [after - before - 1 for before, after in itertools.pairwise(came) if after > before + 1]

    assert mean == pytest.approx(sum(bursts) / len(bursts), rel=0.15)


def test_the_same_call_fares_the_same_in_each_run_and_another_call_otherwise() -> None:
    first, again, other = (call(Wire(rule("udp_loss", loss=0.2)), 100, sport=port) for port in (40000, 40000, 40000))
    wire = Wire(rule("udp_loss", loss=0.2))

    assert first == again == other
    assert call(wire, 100, sport=40000) != call(wire, 100, sport=40001)


def test_only_the_ports_and_the_side_of_the_rule_lose_anything() -> None:
    wire = Wire(rule("udp_loss", ports=["3478-3497"], loss=1.0, of="server"))

    assert "i" == went(wire, VOICE, dport=3478)
    assert "-" == went(wire, VOICE, dport=3478, back=True)
    assert "c" == went(wire, VOICE, dport=5000, back=True)


def test_losses_come_in_spells() -> None:
    came = call(Wire(rule("udp_loss", loss=1.0, every=2, lasting=1)), 200)

    assert {1, 3} == {number // 50 for number in came if 1 < number % 50 < 48}
    assert 100 == pytest.approx(len(came), abs=2)


def test_a_delay_alone_keeps_the_order_and_the_distances() -> None:
    wire = Wire(rule("udp_loss", delay="150ms"))
    wire.receive(datagram(VOICE, dport=3478))

    assert ["", "i"] == [sides(wire.wait(0.1499)), sides(wire.wait(0.0002))]
    assert ["delay"] == wire.actions


@pytest.mark.parametrize("reorder", [True, False])
def test_jitter_lets_datagrams_overtake_only_where_it_may(reorder: bool) -> None:
    came = call(Wire(rule("udp_loss", jitter="60ms", **({} if reorder else {"reorder": False}))), 200)

    assert list(range(200)) == sorted(came)
    assert reorder == (came != sorted(came))
