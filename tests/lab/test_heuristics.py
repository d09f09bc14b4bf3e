"""What censors guess by: first payloads that look like nothing, protocols that are allowed, sizes, rates."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor import encrypted
from harness.lab.censor.behaviours.protocol_allow_list import protocol
from harness.lab.censor.packet import INTERNET, SYN
from tests.lab.conftest import hello, query
from tests.lab.frames import Wire, opening, rule, segment, sides
from tests.lab.test_tunnel_rules import Talk

NOISE = b"\xc1" + random.Random(7).randbytes(299)  # 4 set bits a byte, more or less
OTHER_NOISE = b"\xc1" + random.Random(8).randbytes(299)
TEXT = b"EHLO mail.example.org and so on\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
NEIGHBOUR = {4: "192.5.5.241", 6: "2001:500:2f::f"}


def bits(total: int, size: int) -> bytes:
    """So many bytes with so many set bits in all, none of them printable."""
    low, extra = divmod(total, size)
    byte = {3: 0x83, 4: 0x87, 5: 0x8F}
    return bytes(byte[low + (place < extra)] for place in range(size))


def call(wire: Wire, *payloads: bytes, **more: Any) -> str:
    """Where the opener's payloads went on a connection of their own, `-` for nowhere."""
    talk = Talk(wire, tcp=True, **{"dport": 443, **more})
    return "".join(talk(True, each) for each in payloads)


# Fully encrypted.


@pytest.mark.parametrize(
    ("data", "exempt"),
    [
        (NOISE, ""),
        (bits(340, 100), "bits"),  # 3.4 a byte: exempt itself
        (bits(341, 100), ""),
        (bits(459, 100), ""),
        (bits(460, 100), "bits"),  # 4.6
        (b"abcdef" + NOISE, "first"),
        (b"abcde" + NOISE, ""),
        (b"\xc3" + b"k" * 20 + NOISE[:19], "share"),
        (OTHER_NOISE + b"\xc1" + b"k" * 21 + NOISE, "run"),
        (OTHER_NOISE + b"\xc1" + b"k" * 20 + NOISE, ""),
        (b"\x16\x03\x01" + NOISE, "protocol"),
        (b"\x17\x03\x09" + NOISE, "protocol"),
        (b"\x17\x03\x0a" + NOISE, ""),
        (b"\x15\x03\x01" + NOISE, ""),
        (b"GET " + NOISE, "protocol"),
        (b"PUT " + NOISE, "protocol"),
        (b"GETS" + NOISE, ""),
    ],
)
def test_what_meets_an_exemption_is_something(data: bytes, exempt: str) -> None:
    assert exempt == encrypted.exemption(data)


@given(st.binary(max_size=2000))
def test_any_first_payload_is_judged(data: bytes) -> None:
    assert encrypted.exemption(data) in {"", "bits", "first", "share", "run", "protocol"}


ALWAYS = {"probability": 1.0}


def test_each_flow_that_looks_like_nothing_falls_silent_and_no_innocent(family: int) -> None:
    wire = Wire(rule("fully_encrypted", residual=None, **ALWAYS))
    flows = (TEXT, NOISE, GET, OTHER_NOISE, hello("a.example"))

    went = [call(wire, data, b"more", sport=place, family=family) for place, data in enumerate(flows, 41000)]

    assert ["ii", "i-", "ii", "i-", "ii"] == went
    assert ["match", "drop"] * 2 == wire.actions


def test_only_the_first_payload_is_looked_at_and_only_over_tcp() -> None:
    assert "iii" == call(Wire(rule("fully_encrypted", **ALWAYS)), TEXT, NOISE, NOISE)


def test_the_servers_packets_pass() -> None:
    wire = Wire(rule("fully_encrypted", **ALWAYS))
    talk = Talk(wire, tcp=True, dport=443)

    assert "ic-c" == "".join((talk(True, NOISE), talk(False, b"hello"), talk(True, NOISE), talk(False, b"again")))


def test_the_first_payload_can_be_held_back_too() -> None:
    assert "--" == call(Wire(rule("fully_encrypted", trigger="drop", **ALWAYS)), NOISE, NOISE)


def test_the_penalty_holds_for_180_seconds_on_the_servers_port_alone() -> None:
    wire = Wire(rule("fully_encrypted", **ALWAYS))
    call(wire, NOISE, sport=41000)
    soon = call(wire, TEXT, sport=41001), call(wire, TEXT, sport=41002, dport=8443)
    wire.wait(179.0)
    still = call(wire, TEXT, sport=41003)
    wire.wait(1.1)

    assert (("-", "i"), "-", "i") == (soon, still, call(wire, TEXT, sport=41004))


def test_about_one_connection_in_four_is_hit() -> None:
    wire = Wire(rule("fully_encrypted", residual=None))
    hit = sum(call(wire, NOISE, b"more", sport=port).endswith("-") for port in range(20000, 21000))

    assert 220 < hit < 310  # of 1000, at 26.3 %: within three standard deviations


@pytest.mark.parametrize("exempt", [{"exempt_prefixes": ["198.41.0.0/24"]}, {"exempt_ports": [443]}, {"ports": [1]}])
def test_prefixes_and_ports_are_spared(exempt: dict[str, Any]) -> None:
    assert "ii" == call(Wire(rule("fully_encrypted", **ALWAYS, **exempt)), NOISE, NOISE)


@pytest.mark.parametrize(("ahead", "went"), [(b"hello!", "ii"), (b"\x16\x03\x01", "ii"), (b"", "i-"), (NOISE, "i-")])
def test_printable_bytes_or_tls_ahead_defeat_it_and_length_does_not(ahead: bytes, went: str) -> None:
    assert went == call(Wire(rule("fully_encrypted", **ALWAYS)), ahead + NOISE, NOISE)


# The allow-list of protocols.

TCP_QUERY = len(query("a.example")).to_bytes(2, "big") + query("a.example")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x16\x03\x01\x02\x00", "tls"),
        (b"\x16\x03\x03\x00\x01", "tls"),
        (b"\x16\x03\x04\x02\x00", ""),
        (b"\x16\x03\x01\x00\x00", ""),
        (b"\x16\x03\x01\x02", ""),
        (b"GET / HT", "http"),
        (b"GET / H", ""),
        (b"get / HT", ""),
        (b"OPTIONS * HTTP/1.1", "http"),
        (b"PATCH / HTTP/1.1", ""),
        (TCP_QUERY, "dns"),
        (TCP_QUERY[:4] + b"\x81" + TCP_QUERY[5:], ""),  # an answer
        (TCP_QUERY[:13], ""),
        (TCP_QUERY[:14], "dns"),
        *(
            (TCP_QUERY[:at] + b"\0\2" + TCP_QUERY[at + 2 :], "") for at in (6, 8, 10)
        ),  # two questions, answers, and so on
        (b"\0\x0b" + TCP_QUERY[2:], ""),
        (b"\0\x0c" + TCP_QUERY[2:], "dns"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", ""),
        (NOISE, ""),
    ],
)
def test_three_protocols_are_known_by_their_first_bytes(data: bytes, what: str) -> None:
    assert what == protocol(data)


@given(st.binary(max_size=64))
def test_any_bytes_are_some_protocol_or_none(data: bytes) -> None:
    assert protocol(data) in {"", "tls", "http", "dns"}


def test_what_is_unknown_after_two_packets_falls_silent_and_no_innocent(family: int) -> None:
    wire = Wire(rule("protocol_allow_list"))
    flows = (GET, NOISE, hello("a.example"), TEXT, TCP_QUERY)

    went = [call(wire, data, b"more", b"yet more", sport=at, family=family) for at, data in enumerate(flows, 41000)]

    assert ["iii", "i--", "iii", "i--", "iii"] == went
    assert ["match", "drop"] * 2 == wire.actions


@pytest.mark.parametrize(("dport", "went"), [(53, "i--"), (80, "i--"), (443, "i--"), (8443, "iii"), (22, "iii")])
def test_three_ports_are_looked_at(dport: int, went: str) -> None:
    assert went == call(Wire(rule("protocol_allow_list")), NOISE, NOISE, NOISE, dport=dport)


def test_the_two_packets_are_read_together() -> None:
    wire = Wire(rule("protocol_allow_list"))

    assert ("iii", "i--") == (
        call(wire, b"GET", b" / HTTP/1.1\r\n", b"more", sport=1),
        call(wire, b"G", b"E", b"T / HTTP/1.1\r\n", sport=2),
    )


def test_the_minute_starts_again_with_each_packet_that_is_held() -> None:
    wire = Wire(rule("protocol_allow_list"))
    talk = Talk(wire, tcp=True, dport=443)
    begun = talk(True, NOISE) + talk(True, NOISE)
    wire.wait(59.0)
    held = talk(True, NOISE)
    wire.wait(59.0)

    assert ("i-", "-", "-") == (begun, held, talk(True, NOISE))


def test_it_may_be_held_against_other_flows_to_that_port_too() -> None:
    for key, went in (("4tuple", "i"), ("3tuple", "-")):
        wire = Wire(rule("protocol_allow_list", residual={"key": key, "seconds": 60.0}))
        call(wire, NOISE, NOISE, sport=1)

        assert went == call(wire, GET, sport=2)


def test_the_server_may_go_on_speaking() -> None:
    wire = Wire(rule("protocol_allow_list"))
    talk = Talk(wire, tcp=True, dport=443)

    assert "i-c" == talk(True, NOISE) + talk(True, NOISE) + talk(False, b"hello")


def test_flows_from_outside_are_left_alone() -> None:
    wire = Wire(rule("protocol_allow_list"))
    wire.receive(segment(at=0, flags=SYN, back=True), INTERNET)

    assert "cc" == "".join(sides(wire.receive(segment(NOISE, at=at, back=True), INTERNET)) for at in (1, 301))


@pytest.mark.parametrize(("ahead", "went"), [(b"\x16\x03\x01\x01\x2c", "iii"), (b"", "i--"), (b"\x16\x03", "i--")])
def test_five_bytes_that_look_like_tls_defeat_it(ahead: bytes, went: str) -> None:
    assert went == call(Wire(rule("protocol_allow_list")), ahead + NOISE, NOISE, NOISE)


# TLS inside.


def tunnel(wire: Wire, *flights: int, begin: bytes = b"\xc1", **more: Any) -> str:
    """A tunnel's flights of so many bytes, the client's first, each in segments of at most 1400; `-` for nowhere."""
    talk = Talk(wire, tcp=True, **{"dport": 443, **more})
    went = ""
    for place, size in enumerate(flights):
        data = ((begin if place == 0 else b"") + random.Random(place).randbytes(size))[:size]
        went += "".join({talk(place % 2 == 0, data[at : at + 1400]) for at in range(0, size, 1400)})
    return went


HTTPS, HTTP = (600, 3000, 110, 400), (180, 9000)


def test_the_handshake_inside_is_known_by_its_sizes_and_plain_requests_pass(family: int) -> None:
    wire = Wire(rule("encapsulated_tls"))
    flows = (HTTP, HTTPS, HTTP, HTTPS, HTTP)

    went = [tunnel(wire, *flights, sport=at, family=family) for at, flights in enumerate(flows, 41000)]

    assert ["ic", "ic--", "ic", "ic--", "ic"] == went
    assert ["match", "drop"] * 2 == wire.actions


@pytest.mark.parametrize(
    ("flights", "went"),
    [
        ((399, 3000, 110), "ici"),
        ((400, 3000, 110), "ic-"),
        ((2200, 3000, 110), "ic-"),
        ((2201, 3000, 110), "ici"),
        ((600, 599, 110), "ici"),
        ((600, 600, 110), "ic-"),
        ((600, 16000, 110), "ic-"),
        ((600, 16001, 110), "ici"),
        ((600, 3000, 39), "ici"),
        ((600, 3000, 40), "ic-"),
        ((600, 3000, 700), "ic-"),
        ((600, 3000, 701), "ici"),
    ],
)
def test_each_flight_has_its_bounds(flights: tuple[int, ...], went: str) -> None:
    assert went == tunnel(Wire(rule("encapsulated_tls")), *flights)


@pytest.mark.parametrize(("count", "went"), [(2, "ii"), (3, "ii-"), (4, "ii--")])
def test_three_large_packets_give_it_away_where_the_rule_says_so(count: int, went: str) -> None:
    wire = Wire(rule("encapsulated_tls", flights=[], large=3))

    assert went == call(wire, *[NOISE + NOISE[:111]] * count)


def test_packets_just_under_the_size_do_not_count() -> None:
    assert "iiii" == call(Wire(rule("encapsulated_tls", flights=[], large=3)), *[NOISE + NOISE[:110]] * 4)


def test_what_is_sent_again_counts_once() -> None:
    wire = Wire(rule("encapsulated_tls", flights=[], large=3))
    wire.receive(opening())
    again = segment(NOISE * 2)

    assert "iiii" == "".join(sides(wire.receive(again)) for _ in range(4))


@pytest.mark.parametrize("begin", [b"POST /", b"\x16\x03\x01"])
def test_what_shows_a_protocol_itself_is_not_measured(begin: bytes) -> None:
    assert "ici" == tunnel(Wire(rule("encapsulated_tls")), *HTTPS[:3], begin=begin)


def test_a_connection_that_began_plainly_is_not_measured_later() -> None:
    talk = Talk(Wire(rule("encapsulated_tls")), tcp=True, dport=443)

    assert "iici" == talk(True, GET) + talk(True, NOISE * 2) + talk(False, NOISE * 4) + talk(True, NOISE)


def test_another_port_or_hoster_is_spared() -> None:
    wire = Wire(rule("encapsulated_tls", ports=[443], exempt_prefixes=["192.5.5.0/24"]))

    assert ("ici", "ici", "ic-") == (
        tunnel(wire, *HTTPS[:3], dport=5555),
        tunnel(wire, *HTTPS[:3], to=NEIGHBOUR[4]),
        tunnel(wire, *HTTPS[:3], dport=443),
    )


# SSH.

BANNER = b"SSH-2.0-OpenSSH_9.6\r\n"


def carried(wire: Wire, packets: int, every: float, **more: Any) -> str:
    """How the last of so many packets of 1000 bytes of a session went, one each so many seconds."""
    talk = Talk(wire, tcp=True, **{"dport": 22, **more})
    last = talk(True, BANNER)
    for _ in range(packets):
        last = talk(True, NOISE * 3 + NOISE[:100])
        wire.wait(every)
    return last


def test_a_session_above_the_rate_loses_its_server_and_one_below_does_not(family: int) -> None:
    wire = Wire(rule("ssh_rate"))

    assert ("i", "-") == (
        carried(wire, 600, 0.0201, sport=1, family=family),  # 49.75 kB/s
        carried(wire, 600, 0.0199, sport=2, family=family),  # 50.25 kB/s
    )
    assert ["match", "residual", "drop"] == wire.actions  # the slow session is held for the fast one


@pytest.mark.parametrize(("packets", "went"), [(250, "i"), (251, "-")])
def test_a_burst_within_the_mean_passes_and_one_beyond_it_does_not(packets: int, went: str) -> None:
    assert went == carried(Wire(rule("ssh_rate")), packets, 0.0)


@pytest.mark.parametrize(("pause", "went"), [(4.9, "-"), (5.0, "i")])
def test_what_is_carried_is_counted_anew_every_five_seconds(pause: float, went: str) -> None:
    talk = Talk(Wire(rule("ssh_rate")), tcp=True, dport=22)
    assert {"i"} == {talk(True, data) for data in (BANNER, *[NOISE[:250]] * 1000)}
    talk.wire.wait(pause)

    assert went == talk(True, b"x")


def test_the_whole_server_is_lost_for_an_hour_and_its_neighbour_is_not() -> None:
    wire = Wire(rule("ssh_rate"))
    carried(wire, 300, 0.0, sport=1)
    lost, neighbour = call(wire, GET, sport=2, dport=80), call(wire, GET, sport=3, dport=80, to=NEIGHBOUR[4])
    wire.wait(3600.0)

    assert ("-", "i", "i") == (lost, neighbour, call(wire, GET, sport=4, dport=80))


@pytest.mark.parametrize("first", [GET, NOISE, hello("a.example")])
def test_what_is_no_ssh_may_be_fast(first: bytes) -> None:
    assert {"i"} == set(call(Wire(rule("ssh_rate")), first, *[NOISE * 4] * 300))


def test_port_22_dies_with_a_proxy_that_is_found_and_other_ports_do_not(family: int) -> None:
    wire = Wire(rule("ssh_collateral"))
    before = call(wire, BANNER, sport=1, dport=22, family=family)
    innocent = call(wire, GET, sport=2, family=family) + call(wire, BANNER, sport=3, dport=22, family=family)
    found = call(wire, NOISE, NOISE, sport=4, family=family)
    after = [
        call(wire, BANNER, sport=5, dport=22, family=family),
        call(wire, BANNER, sport=6, dport=2222, family=family),
        call(wire, BANNER, sport=7, dport=22, family=family, to=NEIGHBOUR[family]),
    ]

    assert ("i", "ii", "ii", ["-", "i", "i"]) == (before, innocent, found, after)
    assert ["match", "drop"] == wire.actions


def test_a_proxy_may_be_known_by_a_name() -> None:
    wire = Wire(rule("ssh_collateral", names=["whatsapp.net"]))
    call(wire, NOISE, sport=1)
    unknown = call(wire, BANNER, sport=2, dport=22)
    call(wire, hello("g.whatsapp.net"), sport=3)

    assert ("i", "-") == (unknown, call(wire, BANNER, sport=4, dport=22))


def test_port_22_is_dead_for_a_day_where_nothing_else_is_said() -> None:
    wire = Wire(rule("ssh_collateral"))
    call(wire, NOISE, sport=1)
    wire.wait(86399.9)
    before = call(wire, BANNER, sport=2, dport=22)
    wire.wait(0.2)

    assert ("-", "i") == (before, call(wire, BANNER, sport=3, dport=22))


def test_a_standing_session_dies_too_and_lives_again_when_it_is_over() -> None:
    wire = Wire(rule("ssh_collateral", lasting=60))
    session = Talk(wire, tcp=True, dport=22)
    stood = session(True, BANNER)
    call(wire, NOISE, sport=1)
    dead = session(True, BANNER)
    wire.wait(60.1)

    assert ("i", "-", "i") == (stood, dead, session(True, BANNER))
