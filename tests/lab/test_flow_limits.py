"""Freezing, policing and shaping without a network: what passes, to the packet, the byte and the millisecond."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ScenarioError
from harness.lab.censor import forge
from harness.lab.censor.packet import CLIENT, INTERNET, SYN
from tests.lab.conftest import hello
from tests.lab.frames import CLIENT_AT, SERVER_AT, Wire, datagram, framed, opening, packed, rule, segment, sides

BAD, GOOD = hello("rr1---sn.googlevideo.com"), hello("example.org")
FULL = 1460  # bytes of payload in a packet of 1500


def passed(wire: Wire, count: int, **more: Any) -> int:
    """How many of that many packets pass, the two sides in turn."""
    went = 0
    for number in range(count):
        back = bool(number % 2)
        went += len(wire.receive(segment(b"x", at=number, back=back, **more), INTERNET if back else CLIENT))
    return went


def greeted(wire: Wire, data: bytes, sport: int = 40000, **more: Any) -> None:
    """A connection that has said hello."""
    wire.receive(opening(sport=sport, **more))
    wire.receive(segment(data, sport=sport, **more))


def run(wire: Wire, count: int, size: int = FULL, **more: Any) -> str:
    """Where each of that many packets of the server's went at once, `-` for nowhere."""
    frame = segment(bytes(size), at=1, back=True, **more)
    return "".join(sides(wire.receive(frame, INTERNET)) or "-" for _ in range(count))


@pytest.mark.parametrize("family", [4, 6])
def test_twenty_five_packets_pass_both_ways_counted(family: int) -> None:
    wire = Wire(rule("freeze"))

    assert [25, 25] == [passed(wire, 40, family=family, sport=port) for port in (40000, 40001)]
    assert [("freeze", 26)] * 2 == [(event.action, event.detail["packets"]) for event in wire.events]


@pytest.mark.parametrize(("counted", "went"), [("client", 20), ("server", 21), ("both", 10)])
def test_packets_of_one_side_alone_may_count(counted: str, went: int) -> None:
    assert went == passed(Wire(rule("freeze", packets=10, counted=counted)), 60)


@pytest.mark.parametrize(("size", "went"), [(1000, "c" * 16 + "-"), (1001, "c" * 15 + "--")])
def test_bytes_count_where_the_rule_counts_bytes(size: int, went: str) -> None:
    wire = Wire(rule("freeze", bytes=16000))
    wire.receive(opening())

    assert went == run(wire, 17, size)


def test_the_limit_that_is_met_first_holds() -> None:
    assert 4 == passed(Wire(rule("freeze", bytes=1000, packets=4)), 9)
    assert 3 == passed(Wire(rule("freeze", bytes=3, packets=4)), 9)


def test_a_frozen_flow_stays_frozen_for_both_sides() -> None:
    wire = Wire(rule("freeze", packets=4))
    passed(wire, 6)
    wire.wait(300)

    assert 0 == passed(wire, 6)


@pytest.mark.parametrize(
    ("exempt", "first"),
    [
        ({"exempt_names": ["example.org"]}, GOOD),
        ({}, b"SSH-2.0-OpenSSH_9.2\r\n"),
        ({"exempt_openings": ["rdp"]}, bytes.fromhex("030000130ee000000000000100080003000000")),
        ({"exempt_prefixes": ["198.41.0.0/24"]}, b"anything"),
        ({"exempt_ports": [443]}, b"anything"),
    ],
)
def test_exempt_flows_never_freeze(exempt: dict[str, Any], first: bytes) -> None:
    wire = Wire(rule("freeze", **exempt))
    greeted(wire, first)

    assert 60 == passed(wire, 60)
    assert [] == wire.actions


def test_ssh_is_spared_unless_the_rule_says_otherwise_and_pings_are_never_counted() -> None:
    banner = b"SSH-2.0-OpenSSH_9.2\r\n"
    went = []
    either: list[dict[str, Any]] = [{}, {"exempt_openings": []}]
    for params in either:
        wire = Wire(rule("freeze", **params))
        greeted(wire, banner)
        went.append(passed(wire, 60))
    ping = framed(forge.ip(packed(CLIENT_AT[4]), packed(SERVER_AT[4]), 1, b"\x08\0\0\0\x12\x34\0\1"))

    assert [60, 23] == went
    assert "i" * 40 == "".join(sides(wire.receive(ping)) for _ in range(40))


def test_the_banner_of_an_ssh_server_exempts_too() -> None:
    wire = Wire(rule("freeze"))
    wire.receive(opening())
    wire.receive(segment(b"SSH-2.0-server\r\n", back=True), INTERNET)

    assert 60 == passed(wire, 60)


@pytest.mark.parametrize("first", [b"SSX-2.0", BAD, b"\x03\x00\x00\x13\x0e\xd0"])
def test_other_openings_freeze(first: bytes) -> None:
    wire = Wire(rule("freeze", exempt_openings=["ssh", "rdp"], exempt_names=["example.org"]))
    greeted(wire, first)

    assert 23 == passed(wire, 60)


def test_with_names_only_their_flows_freeze_and_the_handshake_counts() -> None:
    wire = Wire(rule("freeze", names=["googlevideo.com"]))
    greeted(wire, GOOD, 40000)
    greeted(wire, BAD, 40001)
    greeted(wire, GOOD, 40002)

    assert [60, 23, 60] == [passed(wire, 60, sport=port) for port in (40000, 40001, 40002)]
    assert ["match", "freeze"] == wire.actions


def test_a_frozen_flow_whose_time_is_over_is_let_go() -> None:
    wire = Wire(rule("freeze", residual={"key": "4tuple", "seconds": "5m"}))
    assert 25 == passed(wire, 30)

    wire.wait(300.1)

    assert 60 == passed(wire, 60)


def test_a_residual_silences_the_server_for_its_time() -> None:
    wire = Wire(rule("freeze", residual={"key": "2tuple", "seconds": "10m"}))
    passed(wire, 30)
    assert 0 == passed(wire, 4, sport=40001, dport=8443)

    wire.wait(601)

    assert 4 == passed(wire, 4, sport=40002)


@pytest.mark.parametrize("family", [4, 6])
def test_twenty_five_datagrams_pass_both_ways_counted_and_a_banner_saves_none(family: int) -> None:
    wire = Wire(rule("udp_first_n"))
    went = "".join(
        sides(wire.receive(datagram(b"SSH-2.0", family=family, back=back, dport=5000), back)) or "-"
        for back in [False, True] * 14
    )

    assert "ic" * 12 + "i---" == went
    assert [25 + 1] == [event.detail["packets"] for event in wire.events]
    assert "i" == sides(wire.receive(segment(b"x", family=family, dport=5000)))


@pytest.mark.parametrize("family", [4, 6])
def test_the_first_datagrams_pass_and_then_none(family: int) -> None:
    wire = Wire(rule("udp_first_n", packets=3, residual={"seconds": 60}))
    frames = [datagram(b"x", family=family, back=back, dport=5000) for back in (False, True, False, True)]

    went = [sides(wire.receive(frame, number % 2)) for number, frame in enumerate(frames)]

    assert ["i", "c", "i", ""] == went
    assert "" == sides(wire.receive(datagram(b"x", family=family, sport=40001, dport=5000)))
    assert "i" == sides(wire.receive(opening(family=family)))


@pytest.mark.parametrize("family", [4, 6])
def test_a_policer_passes_its_burst_and_then_the_rate(family: int) -> None:
    size = 1460 if family == 4 else 1440
    wire = Wire(rule("police", prefixes=["198.41.0.0/24", "2001:503:ba3e::/48"], rate="120kbit/s", burst=15000))
    assert "c" * 10 + "--" == run(wire, 12, size, family=family)

    wire.wait(0.301)

    assert "ccc-" == run(wire, 4, size, family=family)
    assert ["drop"] == wire.actions


def test_the_two_directions_have_a_bucket_each() -> None:
    wire = Wire(rule("police", rate=8000, burst=3000))
    assert "cc-" == run(wire, 3)

    assert "i" == sides(wire.receive(segment(bytes(FULL))))


def test_one_side_alone_may_be_policed() -> None:
    wire = Wire(rule("police", rate=8000, burst=3000, of="client"))

    assert "c" * 9 == run(wire, 9)


def test_only_a_listed_name_is_policed_each_time() -> None:
    wire = Wire(rule("police", names=["googlevideo.com"], rate=8000, burst=12000))
    for port, data in enumerate([GOOD, BAD, GOOD, BAD, GOOD], 40000):
        greeted(wire, data, port)

    held = ["-" in run(wire, 12, sport=port) for port in range(40000, 40005)]

    assert [False, True, False, True, False] == held
    assert ["match", "match", "drop", "drop"] == wire.actions


def test_a_policed_flow_is_free_again_after_its_time() -> None:
    wire = Wire(rule("police", names=["googlevideo.com"], rate=8, burst=9000, residual={"seconds": 420}))
    greeted(wire, BAD)
    assert "-" in run(wire, 7)

    wire.wait(421)

    assert "c" * 9 == run(wire, 9)


@pytest.mark.parametrize("family", [4, 6])
def test_a_shaper_sends_each_packet_in_its_turn(family: int) -> None:
    wire = Wire(rule("shape", rate="1200kbit/s"))
    assert "---" == run(wire, 3, 1460 if family == 4 else 1440, family=family)

    came = [sides(wire.wait(seconds)) for seconds in (0.0099, 0.0002, 0.0097, 0.0005, 0.01)]

    assert ["", "c", "", "c", "c"] == came
    assert ["queue"] == wire.actions


@pytest.mark.parametrize(("queue", "held"), [({"queue": "50ms"}, 6), ({}, 101)])
def test_a_queue_holds_no_more_than_its_time(queue: dict[str, Any], held: int) -> None:
    wire = Wire(rule("shape", rate="1200kbit/s", **queue))
    run(wire, 200)  # ten milliseconds each

    assert "c" * held == sides(wire.wait(10))
    assert ["queue", "drop"] == wire.actions


def test_what_comes_out_of_a_queue_is_shown_to_the_rules_behind_it_alone() -> None:
    wire = Wire(rule("freeze", packets=2), rule("shape", rate=1e6), rule("freeze", packets=1))
    run(wire, 5)

    assert "c" == sides(wire.wait(10))
    assert {0, 2} == {event.rule for event in wire.events if event.action == "freeze"}


def test_a_share_of_the_clients_packets_is_lost_and_none_of_the_servers() -> None:
    wire = Wire(rule("subnet_loss", prefixes=["198.41.0.0/16"], loss=0.4, handshakes=False))
    wire.receive(opening())

    lost = sum(not wire.receive(segment(b"x", at=at)) for at in range(500))

    assert 0.4 == pytest.approx(lost / 500, abs=0.01)
    assert "c" * 50 == run(wire, 50)
    assert ["lose"] == wire.actions


@pytest.mark.parametrize("family", [4, 6])
def test_sending_twice_gets_more_through_and_another_name_or_port_does_not(family: int) -> None:
    def lost(times: int, **more: Any) -> float:
        wire = Wire(rule("subnet_loss", prefixes=["198.41.0.0/16", "2001:503:ba3e::/48"]))
        greeted(wire, GOOD, family=family, **more)
        tries = [[wire.receive(segment(b"x", at=at, family=family, **more)) for _ in range(times)] for at in range(500)]
        return sum(not any(each) for each in tries) / 500

    assert [0.4, 0.4] == pytest.approx([lost(1), lost(1, dport=8443)], abs=0.02)
    assert lost(2) < 0.3
    assert lost(3) < 0.15


def test_handshakes_are_lost_where_the_rule_says_so() -> None:
    wire = Wire(rule("subnet_loss", prefixes=["198.41.0.0/16"], loss=1.0))

    assert "" == sides(wire.receive(segment(at=0, flags=SYN)))


def test_other_prefixes_lose_nothing() -> None:
    wire = Wire(rule("subnet_loss", prefixes=["198.41.0.0/16"], exempt_prefixes=[f"{SERVER_AT[4]}/32"], loss=1.0))

    assert "i" == sides(wire.receive(opening()))
    assert "i" == sides(wire.receive(opening(family=6)))


@pytest.mark.parametrize("rate", ["fast", "150 kbit/s", 0, -1])
def test_a_rate_is_a_number_of_bits_a_second(rate: Any) -> None:
    with pytest.raises(ScenarioError, match="write a number of bits a second"):
        Wire(rule("shape", rate=rate))
