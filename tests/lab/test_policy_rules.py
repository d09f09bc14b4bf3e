"""Rules about whole networks: a shut border, lists of what alone is reached, a crawl outside them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.lab.censor import forge
from harness.lab.censor.packet import ACK, CLIENT, FIN, INTERNET, RST, SYN, Packet
from tests.lab.conftest import hello, query
from tests.lab.frames import CLIENT_AT, SERVER_AT, Wire, datagram, framed, opening, packed, rule, segment, sides
from tests.lab.test_heuristics import GET, NEIGHBOUR, NOISE, call
from tests.lab.test_tunnel_rules import Talk

HOME = ["198.41.0.0/24", "2001:503:ba3e::/48"]  # where the server of these tests stands
ELSEWHERE = ["203.0.113.0/24", "2001:db8:77::/48"]
NAMES = {"names": ["vk.com", "gosuslugi.ru"], "resolvers": ["8.8.8.8/32", "195.208.4.0/24", "2001:4860:4860::8888/128"]}
PING = {4: b"\x08\0\0\0\x12\x34\0\1", 6: b"\x80\0\0\0\x12\x34\0\1"}


def ping(family: int) -> bytes:
    """An echo request of the client's; its checksum is no concern of a censor's."""
    ends = packed(CLIENT_AT[family]), packed(SERVER_AT[family])
    return framed(forge.ip(*ends, 1 if family == 4 else 58, PING[family]))


def syns(wire: Wire, count: int, **more: Any) -> int:
    """How many of so many SYNs passed."""
    return sum(sides(wire.receive(opening(sport=port, **more))) == "i" for port in range(20000, 20000 + count))


# A shut border.


def test_home_is_reached_and_next_to_nothing_abroad(family: int) -> None:
    wire = Wire(rule("domestic_only", allow=HOME))

    assert (100, True) == (
        syns(wire, 100, family=family),
        10 <= syns(wire, 1000, family=family, to=NEIGHBOUR[family]) <= 45,
    )
    assert {"drop"} == set(wire.actions)


def test_what_survives_lives_as_a_whole_flow() -> None:
    wire = Wire(rule("domestic_only", allow=ELSEWHERE, probability=0.5))
    whole = [call(wire, GET, GET, sport=port) for port in range(20000, 20050)]

    assert {"ii", "--"} == set(whole)


@pytest.mark.parametrize(("dns", "went"), [(0.0, ""), (1.0, "i")])
def test_questions_over_udp_may_be_the_only_survivors(dns: float, went: str, family: int) -> None:
    wire = Wire(rule("domestic_only", allow=ELSEWHERE, probability=1.0, dns=dns))

    assert went == sides(wire.receive(datagram(query("a.example"), family=family)))
    assert "" == sides(wire.receive(datagram(b"other", family=family, dport=443)))
    assert "" == sides(wire.receive(opening(family=family, dport=53)))


def test_a_share_of_the_questions_may_survive() -> None:
    wire = Wire(rule("domestic_only", allow=ELSEWHERE, probability=1.0, dns=0.3))
    passed = sum(sides(wire.receive(datagram(b"?", sport=port))) == "i" for port in range(20000, 20400))

    assert 85 < passed < 155


def test_pings_and_strangers_do_not_cross_the_border(family: int) -> None:
    wire = Wire(rule("domestic_only", allow=ELSEWHERE, probability=1.0))

    assert "" == sides(wire.receive(ping(family)))
    assert "" == sides(wire.receive(segment(at=0, flags=SYN, back=True, family=family), INTERNET))


@pytest.mark.parametrize(
    ("behaviour", "params"), [("blackout", {}), ("allow_prefixes", {"allow": ELSEWHERE}), ("allow_names", NAMES)]
)
def test_strangers_come_no_further_than_those_whom_they_call(
    behaviour: str, params: dict[str, Any], family: int
) -> None:
    wire = Wire(rule(behaviour, **params))
    met = [
        wire.receive(segment(at=0, flags=SYN, back=True, family=family), INTERNET),
        wire.receive(segment(GET, back=True, family=family), INTERNET),
        wire.receive(datagram(b"?", back=True, family=family), INTERNET),
    ]

    assert ["c" if behaviour == "allow_names" else "", "", ""] == [sides(frames) for frames in met]


# A list of prefixes.


@pytest.mark.parametrize(("otherwise", "went"), [("drop", ""), ("refuse", "c"), ("close", "i")])
def test_what_is_not_listed_is_dropped_refused_or_let_shake_hands(otherwise: str, went: str, family: int) -> None:
    wire = Wire(rule("allow_prefixes", allow=HOME, otherwise=otherwise))
    listed: dict[str, Any] = {"family": family}
    other = {**listed, "to": NEIGHBOUR[family]}

    seen = [sides(wire.receive(opening(sport=at, **where))) for at, where in enumerate((listed, other) * 2 + (listed,))]

    assert ["i", went, "i", went, "i"] == seen


def test_a_refusal_is_a_reset_to_the_client(family: int) -> None:
    wire = Wire(rule("allow_prefixes", allow=ELSEWHERE, otherwise="refuse"))
    ((side, frame),) = wire.receive(opening(family=family))

    assert (CLIENT, RST | ACK, ["rst"]) == (side, Packet(frame, INTERNET).flags, wire.actions)


def test_whoever_is_hung_up_on_hears_the_end_at_the_first_data(family: int) -> None:
    wire = Wire(rule("allow_prefixes", allow=ELSEWHERE, otherwise="close"))
    wire.receive(opening(family=family))
    answered = sides(wire.receive(segment(at=0, flags=SYN | ACK, back=True, family=family), INTERNET))
    acknowledged = sides(wire.receive(segment(flags=ACK, family=family)))
    ((side, frame),) = wire.receive(segment(GET, family=family))
    heard = Packet(frame, INTERNET)
    later = (
        sides(wire.receive(segment(b"late", back=True, family=family), INTERNET)),
        sides(wire.receive(segment(flags=FIN | ACK, at=1 + len(GET), family=family))),
    )

    assert ("c", "i", CLIENT, FIN | ACK, b"") == (answered, acknowledged, side, heard.flags, heard.payload)
    assert heard.ack == (Packet(segment(GET, family=family), CLIENT).seq + len(GET)) % (1 << 32)
    assert ((("", "")), ["close"]) == (later, wire.actions)


@pytest.mark.parametrize("otherwise", ["drop", "refuse", "close"])
def test_datagrams_and_pings_vanish_whatever_the_operator_does(otherwise: str, family: int) -> None:
    wire = Wire(rule("allow_prefixes", allow=ELSEWHERE, otherwise=otherwise))

    assert ("", "") == (sides(wire.receive(datagram(b"?", family=family))), sides(wire.receive(ping(family))))


def test_neither_name_nor_port_helps_and_an_exemption_does() -> None:
    wire = Wire(rule("allow_prefixes", allow=ELSEWHERE, exempt_ports=[22], exempt_prefixes=["192.5.5.0/24"]))

    assert ("-", "-", "i", "i") == (
        call(wire, hello("vk.com"), sport=1),
        call(wire, NOISE, sport=2, dport=53),
        call(wire, NOISE, sport=3, dport=22),
        call(wire, NOISE, sport=4, to=NEIGHBOUR[4]),
    )


# A list of names.


def test_hands_are_shaken_and_an_unlisted_hello_vanishes(family: int) -> None:
    wire = Wire(rule("allow_names", **NAMES))
    names = ("m.vk.com", "www.example.com", "vk.com", "vk.com.example.org", "www.gosuslugi.ru")

    went = [call(wire, hello(name), b"more", sport=at, family=family) for at, name in enumerate(names)]

    assert ["ii", "--", "ii", "--", "ii"] == went
    assert ["match", "drop"] * 2 == wire.actions
    assert ["www.example.com", "", "vk.com.example.org", ""] == [event.name for event in wire.events]


def test_the_handshake_of_tcp_passes() -> None:
    wire = Wire(rule("allow_names", **NAMES))
    opened = sides(wire.receive(opening()))
    answered = sides(wire.receive(segment(at=0, flags=SYN | ACK, back=True), INTERNET))

    assert ("i", "c", "i") == (opened, answered, sides(wire.receive(segment(flags=ACK))))


@pytest.mark.parametrize("first", [GET, NOISE, b"SSH-2.0-OpenSSH_9.6\r\n"])
def test_what_is_no_hello_vanishes_too(first: bytes) -> None:
    assert "--" == call(Wire(rule("allow_names", **NAMES)), first, first)


def test_a_server_that_speaks_first_is_not_heard() -> None:
    talk = Talk(Wire(rule("allow_names", **NAMES)), tcp=True)

    assert "--" == talk(False, b"220 ready\r\n") + talk(True, hello("vk.com"))


@pytest.mark.parametrize(
    ("name", "how", "went"),
    [
        ("vk.com", "both", "ii"),
        ("www.example.com", "both", "i-"),
        ("vk.com", "none", "i-"),  # the second segment shows no name by itself
        ("www.example.com", "none", "i-"),
    ],
)
def test_a_hello_in_two_segments_is_waited_for_where_they_are_joined(name: str, how: str, went: str) -> None:
    wire, whole = Wire(rule("allow_names", reassembly=how, **NAMES)), hello(name)

    assert went == call(wire, whole[:60], whole[60:])


def test_on_listed_addresses_any_name_passes() -> None:
    assert "ii" == call(Wire(rule("allow_names", exempt_prefixes=HOME, **NAMES)), hello("www.example.com"), NOISE)


RESOLVERS = {"8.8.8.8": "i", "195.208.4.1": "i", "1.1.1.1": "", "9.9.9.9": "", "2001:4860:4860::8888": "i"}


@pytest.mark.parametrize("to", RESOLVERS)
def test_listed_resolvers_answer_by_udp_and_nobody_else(to: str) -> None:
    wire, family = Wire(rule("allow_names", **NAMES)), 6 if ":" in to else 4

    assert RESOLVERS[to] == sides(wire.receive(datagram(query("a.example"), to=to, family=family)))
    assert "" == sides(wire.receive(datagram(query("a.example"), to=to, family=family, dport=443)))


def test_pings_are_dead(family: int) -> None:
    assert "" == sides(Wire(rule("allow_names", **NAMES)).receive(ping(family)))


# Both lists, and the crawl.


def test_address_and_name_may_both_have_to_be_listed() -> None:
    wire = Wire(rule("allow_prefixes", allow=HOME), rule("allow_names", **NAMES))

    assert ("i", "-", "-") == (
        call(wire, hello("vk.com"), sport=1),
        call(wire, hello("www.example.com"), sport=2),
        call(wire, hello("vk.com"), sport=3, to=NEIGHBOUR[4]),
    )


def crawled(wire: Wire, **more: Any) -> float:
    """Bytes a second that came of ten seconds of far too much."""
    talk = Talk(wire, tcp=True, **more)
    before = len(wire.sent)
    for _ in range(1000):
        talk(False, NOISE * 4)
        wire.wait(0.01)
    return sum(len(frame) - 14 for _, frame in wire.sent[before:]) / 10


def test_outside_the_list_everything_crawls_at_14_kilobytes_a_second(family: int) -> None:
    wire = Wire(rule("mobile_crawl", exempt_prefixes=HOME))
    outside, inside = crawled(wire, family=family, to=NEIGHBOUR[family]), crawled(wire, family=family, sport=2)

    assert (True, True) == (abs(outside - 14_000) < 0.05 * 14_000, inside > 100_000)
