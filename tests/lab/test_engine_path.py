"""The engine without a network: fragments, hops with their TTL, and the line."""

from __future__ import annotations

import struct

import pytest

from harness.lab.censor import forge
from harness.lab.censor.fragments import HELD_FOR, cut
from harness.lab.censor.hops import Routers
from harness.lab.censor.line import Line
from harness.lab.censor.packet import CLIENT, ETHER, INTERNET, Packet
from tests.lab.conftest import hello, query
from tests.lab.frames import Wire, datagram, framed, opening, packed, rule, segment, sides

LONG = query("www.facebook.com") + bytes(3000)
BAD = hello("www.facebook.com")


def pieces(family: int, payload: bytes = LONG) -> list[bytes]:
    """A datagram too long for one frame, as its sender would cut it."""
    return cut(datagram(payload, family=family), ident=99)


@pytest.mark.parametrize("family", [4, 6])
def test_fragments_are_judged_as_one_packet_and_sent_on_as_they_came(family: int) -> None:
    wire = Wire(rule("address_blackhole", prefixes=["1.2.3.4"]))
    frames = pieces(family)

    went = [wire.receive(frame) for frame in frames]

    assert [[]] * (len(frames) - 1) == went[:-1]
    assert [(INTERNET, frame) for frame in frames] == went[-1]


@pytest.mark.parametrize("family", [4, 6])
def test_a_name_cut_into_fragments_is_seen_in_any_order(family: int) -> None:
    wire = Wire(rule("dns_forge", names=["facebook.com"], rcode="nxdomain"))

    went = [sides(wire.receive(frame)) for frame in reversed(pieces(family))]

    assert ["", "", "c"] == went
    assert ["match", "forge"] == wire.actions


@pytest.mark.parametrize("family", [4, 6])
def test_overlapping_fragments_lose_their_whole_datagram(family: int) -> None:
    wire = Wire()
    first, second, last = pieces(family)

    went = [sides(wire.receive(frame)) for frame in (first, second, second, last)]

    assert ["", "", "", ""] == went
    assert {"fragment"} == set(wire.actions)


def test_a_datagram_that_is_not_complete_in_time_is_lost() -> None:
    wire = Wire()
    first, *others = pieces(4)
    wire.receive(first)
    wire.wait(HELD_FOR + 1)

    assert [] == [out for frame in others for out in wire.receive(frame)]


def test_a_long_datagram_that_is_led_elsewhere_is_cut_again() -> None:
    wire = Wire(rule("dns_hijack", to=["195.208.4.1", "2a0c:a9c7:8::1"]))
    for family in (4, 6):
        sent = [out for frame in pieces(family) for out in wire.receive(frame)]

        assert "iii" == sides(sent)
        assert all(len(frame) <= ETHER + 1500 for _, frame in sent)


@pytest.mark.parametrize("family", [4, 6])
def test_the_ttl_is_lowered_by_every_router_on_the_way(family: int) -> None:
    wire = Wire(routers=Routers(before=3, after=5))

    ((_, frame),) = wire.receive(opening(family=family, ttl=64))

    assert 56 == Packet(frame, CLIENT).ttl
    assert family == 6 or forge.checksum(frame[14:34]) == 0


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("ttl", "router"), [(1, 1), (3, 3), (4, 4), (8, 8)])
def test_the_router_at_which_the_ttl_ends_says_so(family: int, ttl: int, router: int) -> None:
    wire = Wire(routers=Routers(before=3, after=5))

    wire.receive(opening(family=family, ttl=ttl))
    wire.wait(0.001)

    ((side, frame),) = wire.sent
    error = Packet(frame, INTERNET)
    assert (CLIENT, router) == (side, error.source[-1])
    assert (11 if family == 4 else 3) == frame[error.head]


def test_a_packet_that_ends_behind_the_censor_was_seen_by_it() -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"]), routers=Routers(before=3, after=5))
    wire.receive(opening())
    wire.receive(segment(BAD, ttl=3))
    assert [] == wire.actions

    wire.receive(segment(BAD, ttl=4))

    assert ["match", "drop"] == wire.actions


def test_a_forged_packet_starts_at_the_censor() -> None:
    wire = Wire(
        rule("sni_reset", names=["facebook.com"], reset={"to": "client", "ttl": 64}), routers=Routers(before=3, after=5)
    )
    wire.receive(opening())

    ((_, frame),) = wire.receive(segment(BAD))

    assert 61 == Packet(frame, INTERNET).ttl


def test_a_rejection_comes_from_the_router_before_the_censor_and_quotes_the_packet() -> None:
    wire = Wire(rule("icmp_reject", prefixes=["198.41.0.4"]), routers=Routers(before=3))

    ((_, frame),) = wire.receive(opening())

    error = Packet(frame, INTERNET)
    assert (packed("100.64.1.3"), 3, 13) == (error.source, frame[error.head], frame[error.head + 1])
    assert opening(ttl=61)[14:54] == frame[error.body : error.body + 40]


def lines(**of: float) -> tuple[Line, Line]:
    """The same line both ways."""
    return Line(**of, seed=2), Line(**of, seed=3)  # type: ignore[arg-type]


def test_both_ways_take_the_delay() -> None:
    wire = Wire(lines=lines(delay=0.04))

    assert [] == wire.receive(opening()) + wire.wait(0.039)
    assert "i" == sides(wire.wait(0.002))
    assert [] == wire.receive(segment(back=True), INTERNET) + wire.wait(0.039)
    assert "c" == sides(wire.wait(0.002))


def test_a_forged_answer_needs_no_time_on_the_line() -> None:
    wire = Wire(rule("dns_inject_race", names=["facebook.com"], answers=["31.13.94.37"]), lines=lines(delay=0.04))

    assert "c" == sides(wire.receive(datagram(query("facebook.com"))))


def test_jitter_delays_within_its_bounds_and_keeps_the_order() -> None:
    wire = Wire(lines=lines(delay=0.02, jitter=0.03))
    frames = [datagram(bytes([number]), ident=number) for number in range(50)]
    for frame in frames:
        wire.receive(frame)

    assert [] == wire.wait(0.0199)
    assert frames == [frame for _, frame in wire.wait(0.0302)]


def test_loss_strikes_the_same_packets_in_each_run_and_no_handshake() -> None:
    def run() -> list[int]:
        wire = Wire(lines=lines(loss=0.1))
        assert "i" == sides(wire.receive(opening()))
        return [number for number in range(1000) if not wire.receive(datagram(b"x", ident=number))]

    lost = run()

    assert lost == run()
    assert 70 <= len(lost) <= 130


def test_the_rate_is_kept_and_a_full_queue_drops() -> None:
    wire = Wire(lines=lines(rate=1_000_000))
    for number in range(100):  # 102,800 bytes at once, of which 25,000 find room
        wire.receive(datagram(bytes(1000), ident=number))

    assert 12 <= len(wire.wait(0.1)) <= 13  # 12,500 bytes in that time
    assert 25 <= len(wire.sent) + len(wire.wait(1)) <= 40


def test_a_longer_queue_keeps_what_a_shorter_one_drops() -> None:
    wire = Wire(lines=lines(rate=1_000_000, queue=1.5))
    for number in range(100):  # 0.82 s of the line's rate
        wire.receive(datagram(bytes(1000), ident=number))

    assert 100 == len(wire.wait(1))


@pytest.mark.parametrize("side", [CLIENT, INTERNET])
def test_a_black_hole_takes_what_fits_and_loses_the_rest_without_a_word(side: int) -> None:
    wire = Wire(lines=lines(mtu=1400))
    fits, longer = (segment(bytes(size), back=side == INTERNET) for size in (1360, 1361))

    assert 1400 == len(fits) - ETHER
    assert "ci"[1 - side] == sides(wire.receive(fits, side))
    assert [] == wire.receive(longer, side) + wire.wait(1)


def test_ipv6_may_lead_nowhere_while_ipv4_arrives() -> None:
    wire = Wire(lines=lines(ipv6=False))

    assert ["i", ""] == [sides(wire.receive(opening(family=family))) for family in (4, 6)]


def test_what_is_not_ip_goes_nowhere_and_what_is_broken_is_logged() -> None:
    wire = Wire()
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    broken = framed(struct.pack("!BBH", 0x45, 0, 9999) + bytes(20))

    assert [] == wire.receive(arp) + wire.receive(broken)
    assert ["malformed"] == wire.actions
