"""Rules about questions, packet by packet: who answers first, from which side, and what forged packets look like."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from harness.lab.censor.line import Line
from harness.lab.censor.packet import INTERNET, RST, SYN, Packet
from tests.lab.conftest import hello, query
from tests.lab.frames import CLIENT, Wire, datagram, opening, rule, segment, sides

BAD, GOOD = "www.facebook.com", "example.org"
POOL = ["31.13.94.37", "104.244.46.165", "162.125.32.2", "2001::1f0d:5e25"]
FAMILIES = pytest.mark.parametrize("family", [4, 6])
A, AAAA = 1, 28


def asked(wire: Wire, name: str, sport: int = 40000, kind: int = A, **more: Any) -> list[tuple[int, bytes]]:
    """What left because of a question."""
    return wire.receive(datagram(query(name, kind), sport=sport, **more))


def in_turn(wire: Wire, **more: Any) -> list[str]:
    """Where the frames went for two listed names, with innocents before, between and after."""
    return [sides(asked(wire, name, 40000 + at, **more)) for at, name in enumerate((GOOD, BAD, GOOD, BAD, GOOD))]


def told(frame: bytes, kind: int = A) -> str:
    """The address at the end of an answer, "" where it holds none."""
    payload = Packet(frame, INTERNET).payload
    if not int.from_bytes(payload[6:8], "big"):
        return ""
    return str(ipaddress.ip_address(payload[-4 if kind == A else -16 :]))


def by_tcp(wire: Wire, name: str, sport: int = 40000, cut: int | None = None, **more: Any) -> str:
    """Where the frames went of a question over TCP, in one segment or in two."""
    wire.receive(opening(sport=sport, dport=53, **more))
    message = query(name)
    data = len(message).to_bytes(2, "big") + message
    parts = [data] if cut is None else [data[:cut], data[cut:]]
    went, at = "", 1
    for part in parts:
        went += sides(wire.receive(segment(part, at=at, sport=sport, dport=53, **more)))
        at += len(part)
    return went


# The race.

RACE = {"names": ["facebook.com"], "answers": POOL}


@FAMILIES
def test_three_injectors_answer_and_the_question_goes_on(family: int) -> None:
    wire = Wire(rule("dns_inject_race", **RACE))

    went = []
    for at, name in enumerate((GOOD, BAD, GOOD, BAD, GOOD)):
        went.append(sides(asked(wire, name, 40000 + at, family=family) + wire.wait(0.01)))

    assert ["i", "cicc", "i", "cicc", "i"] == went
    assert ["match", "inject"] * 2 == wire.actions


def test_the_injectors_are_told_apart_by_aa_df_ttl_and_ip_id() -> None:
    wire = Wire(rule("dns_inject_race", **RACE))

    def three(ident: int) -> list[Packet]:
        sent = wire.receive(datagram(query(BAD, ident=ident), ttl=37)) + wire.wait(0.01)
        return [Packet(frame, INTERNET) for side, frame in sent if side == CLIENT]

    seen = [three(ident) for ident in range(20)]
    first, second, third = zip(*seen, strict=True)

    def looks(some: tuple[Packet, ...]) -> set[tuple[bool, bool]]:
        """AA and DF."""
        return {(bool(one.payload[2] & 4), bool(one.raw[20] & 0x40)) for one in some}

    assert [{(True, False)}, {(False, True)}, {(False, False)}] == [looks(some) for some in (first, second, third)]
    assert {60} == {int.from_bytes(one.payload[-10:-6], "big") for one in first}
    assert len({one.ttl for one in second}) > 10
    assert {(37, b"\0\0")} == {(one.ttl, one.raw[18:20]) for one in third}


@pytest.mark.parametrize(("kind", "pool"), [(A, set(POOL[:3])), (AAAA, {"2001:0:0:0:0:0:1f0d:5e25"})])
def test_each_answer_holds_one_address_of_the_pool(kind: int, pool: set[str]) -> None:
    wire = Wire(rule("dns_inject_race", **RACE))
    sent = [one for at in range(20) for one in asked(wire, BAD, 41000 + at, kind)] + wire.wait(0.01)

    answers = [frame for side, frame in sent if side == CLIENT]

    assert {ipaddress.ip_address(text) for text in pool} == {ipaddress.ip_address(told(one, kind)) for one in answers}
    assert {1} == {int.from_bytes(Packet(one, INTERNET).payload[6:8], "big") for one in answers}


def test_a_question_of_another_type_is_left_alone() -> None:
    wire = Wire(rule("dns_inject_race", **RACE))

    assert "i" == sides(asked(wire, BAD, kind=16))
    assert ["match"] == wire.actions


@FAMILIES
def test_questions_from_outside_are_answered_too(family: int) -> None:
    wire = Wire(rule("dns_inject_race", **RACE))
    more: dict[str, Any] = {"back": True, "family": family, "sport": 53, "dport": 50000}

    went = [
        sides(wire.receive(datagram(query(name), **more), INTERNET) + wire.wait(0.01)) for name in (GOOD, BAD, GOOD)
    ]

    assert ["c", "icii", "c"] == went


def test_a_rule_about_questions_from_inside_alone_leaves_those_from_outside() -> None:
    wire = Wire(rule("dns_inject_race", **RACE, direction="out"))

    assert "c" == sides(wire.receive(datagram(query(BAD), back=True, sport=53, dport=50000), INTERNET))


def test_an_injector_answers_its_own_names_only() -> None:
    some = [{"names": ["facebook.com"]}, {"names": ["example.org"]}, {}]
    wire = Wire(rule("dns_inject_race", names=["facebook.com", "example.org"], answers=POOL, injectors=some))

    assert ["cci", "cci"] == [sides(asked(wire, name, 40000 + len(name))) for name in (BAD, GOOD)]
    assert [2, 2] == [event.detail["answers"] for event in wire.events if event.action == "inject"]


def test_the_true_answer_follows_after_the_round_trip() -> None:
    wire = Wire(rule("dns_inject_race", **RACE), lines=(Line(delay=0.182), Line(delay=0.182)))
    assert "c" == sides(asked(wire, BAD))
    assert "cci" == sides(wire.wait(0.183))
    wire.receive(datagram(b"true", back=True), INTERNET)

    assert "" == sides(wire.wait(0.18))
    assert [b"true"] == [Packet(frame, INTERNET).payload for _, frame in wire.wait(0.003)]


def test_other_ports_are_left_alone_and_so_are_questions_over_tcp() -> None:
    wire = Wire(rule("dns_inject_race", **RACE))

    assert "i" == sides(asked(wire, BAD, dport=5353))
    assert "i" == by_tcp(wire, BAD)


# In the path.


@FAMILIES
def test_irans_bogon_comes_from_any_resolver_and_the_question_goes_no_further(family: int) -> None:
    wire = Wire(rule("dns_inject_inpath", names=["facebook.com"]))

    assert ["i", "c", "i", "c", "i"] == in_turn(wire, family=family)
    assert ["match", "forge"] * 2 == wire.actions
    more: dict[str, Any] = {"to": "9.9.9.9"} if family == 4 else {"to": "2620:fe::fe", "family": 6}
    assert "c" == sides(asked(wire, BAD, 41000, **more))


def test_most_names_get_one_bogon_and_some_the_other_and_each_keeps_its_own() -> None:
    wire = Wire(rule("dns_inject_inpath", names=["*"]))
    names = [f"name{number}.example" for number in range(400)]

    first, again = ([told(asked(wire, name)[0][1]) for name in names] for _ in range(2))

    assert first == again
    assert 325 <= first.count("10.10.34.36") <= 370
    assert len(names) == first.count("10.10.34.36") + first.count("10.10.34.34")


def test_the_forged_answer_has_the_ttl_of_the_question() -> None:
    wire = Wire(rule("dns_inject_inpath", names=["*"]), rule("dns_forge", names=["other"], rcode="nxdomain"))

    assert [9, 41] == [Packet(asked(wire, BAD, ttl=ttl)[0][1], INTERNET).ttl for ttl in (9, 41)]
    wire.swap(rule("dns_inject_inpath", names=["*"], mirror_ttl=False))
    assert 64 == Packet(asked(wire, BAD, 40001, ttl=9)[0][1], INTERNET).ttl


def test_questions_from_outside_meet_irans_bogon_too() -> None:
    wire = Wire(rule("dns_inject_inpath", names=["facebook.com"]))
    ((side, frame),) = wire.receive(datagram(query(BAD), back=True, sport=53, dport=50000), INTERNET)

    assert (INTERNET, "10.10.34.36") == (side, told(frame))


# One forged address or another.


@FAMILIES
@pytest.mark.parametrize(
    ("behaviour", "more", "address"),
    [
        ("dns_loopback", {}, "127.0.0.1"),
        ("dns_static", {}, "216.239.38.120"),
        ("dns_stub_page", {"answers": ["95.167.13.50"]}, "95.167.13.50"),
    ],
)
def test_the_answer_is_the_same_address_for_all_listed_names(
    family: int, behaviour: str, more: dict[str, Any], address: str
) -> None:
    wire = Wire(rule(behaviour, names=["facebook.com", "instagram.com"], **more))

    assert ["i", "c", "i", "c", "i"] == in_turn(wire, family=family)
    assert [address, address] == [
        told(asked(wire, name, 41000 + len(name), family=family)[0][1]) for name in (BAD, "instagram.com")
    ]
    assert "" == told(asked(wire, BAD, 42000, AAAA, family=family)[0][1], AAAA)


@FAMILIES
def test_the_names_of_encrypted_resolvers_are_forged_and_others_are_not(family: int) -> None:
    wire = Wire(rule("dns_bootstrap_poison"))
    names = (GOOD, "dns.google", "example.google", "dns.quad9.net", GOOD)

    went = [sides(asked(wire, name, 40000 + at, family=family)) for at, name in enumerate(names)]

    assert ["i", "c", "i", "c", "i"] == went


# Silence.


@FAMILIES
def test_a_word_within_the_name_makes_the_question_vanish(family: int) -> None:
    wire = Wire(rule("dns_drop", names=["wpad"], match="substring"))
    names = (GOOD, "wpad.example", GOOD, "my-wpad-2.example", "wpa.example")

    went = [sides(asked(wire, name, 40000 + at, family=family)) for at, name in enumerate(names)]

    assert ["i", "", "i", "", "i"] == went
    assert ["match", "drop"] * 2 == wire.actions


@FAMILIES
def test_every_question_to_a_listed_resolver_vanishes(family: int) -> None:
    wire = Wire(rule("dns_drop", prefixes=["198.41.0.4", "2001:503:ba3e::2:30"]))
    other: dict[str, Any] = {"to": "9.9.9.9"} if family == 4 else {"to": "2620:fe::fe"}

    went = [sides(asked(wire, GOOD, 40000 + at, family=family, **more)) for at, more in enumerate((other, {}, other))]

    assert ["i", "", "i"] == went
    assert "i" == sides(wire.receive(datagram(b"no question", family=family)))


def test_the_same_question_over_tcp_passes_unless_the_rule_says_otherwise() -> None:
    assert "i" == by_tcp(Wire(rule("dns_drop", names=["facebook.com"])), BAD)

    wire = Wire(rule("dns_drop", names=["facebook.com"], transports=["tcp"]))

    assert ["i", "", "i"] == [by_tcp(wire, name, 40000 + at) for at, name in enumerate((GOOD, BAD, GOOD))]
    assert "i" == sides(asked(wire, BAD))


# Questions over TCP.


@FAMILIES
@pytest.mark.parametrize(("trigger", "went"), [("pass", "cii"), ("drop", "ci")])
def test_a_question_over_tcp_is_reset_each_time(family: int, trigger: str, went: str) -> None:
    wire = Wire(rule("dns_tcp_reset", names=["facebook.com"], trigger=trigger))
    names = (GOOD, BAD, GOOD, BAD, GOOD)

    seen = [by_tcp(wire, name, 40000 + at, family=family) for at, name in enumerate(names)]

    assert ["i", went, "i", went, "i"] == seen
    assert ["match", "rst"] * 2 == wire.actions
    assert "i" == sides(asked(wire, BAD, family=family))


@pytest.mark.parametrize("cut", [1, 2, 20])
@pytest.mark.parametrize(("reassembly", "went"), [("none", "ii"), ("tcp", "icii")])
def test_a_question_in_two_segments_passes_unless_they_are_put_together(cut: int, reassembly: str, went: str) -> None:
    wire = Wire(rule("dns_tcp_reset", names=["facebook.com"], reassembly=reassembly))

    assert went == by_tcp(wire, BAD, cut=cut)


@pytest.mark.parametrize("reassembly", ["none", "tcp"])
def test_the_second_question_of_a_segment_is_read_too(reassembly: str) -> None:
    wire = Wire(rule("dns_tcp_reset", names=["facebook.com"], reassembly=reassembly))
    wire.receive(opening(dport=53))
    messages = [query(GOOD), query(BAD)]

    went = sides(wire.receive(segment(b"".join(len(one).to_bytes(2, "big") + one for one in messages), dport=53)))

    assert "cii" == went


@FAMILIES
def test_a_question_over_tcp_from_outside_is_reset_too(family: int) -> None:
    wire = Wire(rule("dns_tcp_reset", names=["facebook.com"]))
    more: dict[str, Any] = {"back": True, "family": family, "sport": 53, "dport": 50000}
    wire.receive(segment(at=0, flags=SYN, **more), INTERNET)
    message = query(BAD)

    sent = wire.receive(segment(len(message).to_bytes(2, "big") + message, **more), INTERNET)

    assert "icc" == sides(sent)
    assert Packet(sent[0][1], CLIENT).flags & RST


def test_a_residual_of_the_four_tuple_lets_another_source_port_ask() -> None:
    wire = Wire(rule("dns_tcp_reset", names=["facebook.com"], residual={"key": "4tuple", "seconds": 30}))
    by_tcp(wire, BAD)

    assert "i" == by_tcp(wire, GOOD, 40001)
    assert "c" in sides(wire.receive(opening(dport=53)))
    wire.wait(30.1)
    assert "i" == by_tcp(wire, GOOD)


# Encrypted questions.


def record(kind: int, body: bytes) -> bytes:
    return bytes((kind, 3, 3)) + len(body).to_bytes(2, "big") + body


HELLO = hello("dns.quad9.net")
CHANGE, FINISHED, DATA = record(20, b"\1"), record(23, bytes(53)), record(23, bytes(80))
KEY, OLD_FINISHED = record(22, b"\x10" + bytes(36)), record(22, bytes(40))
FLIGHTS = {
    "1.3": [HELLO, CHANGE + FINISHED, DATA],
    "1.3 without a change of ciphers": [HELLO, FINISHED, DATA],
    "1.2": [HELLO, KEY + CHANGE + OLD_FINISHED, DATA],
    "1.2 resumed": [HELLO, CHANGE + OLD_FINISHED, DATA],
}


def spoken(wire: Wire, parts: list[bytes], sport: int = 40000, **more: Any) -> list[str]:
    """Where each segment of a connection went."""
    more = {"dport": 853, **more}
    wire.receive(opening(sport=sport, **more))
    went, at = [], 1
    for part in parts:
        went.append(sides(wire.receive(segment(part, at=at, sport=sport, **more))))
        at += len(part)
    return went


@FAMILIES
@pytest.mark.parametrize("version", FLIGHTS)
def test_the_handshake_passes_and_the_question_behind_it_vanishes(family: int, version: str) -> None:
    wire = Wire(rule("doh_post_tls_drop", names=["quad9.net"]))

    assert ["i", "i", ""] == spoken(wire, FLIGHTS[version], family=family)
    assert "" == sides(wire.receive(segment(b"ticket", sport=40000, dport=853, back=True, family=family), INTERNET))
    assert ["match", "drop"] == wire.actions


@FAMILIES
def test_other_names_and_ports_ask_in_peace(family: int) -> None:
    wire = Wire(rule("doh_post_tls_drop", names=["quad9.net"]))
    innocent = [hello("dns.example"), *FLIGHTS["1.3"][1:]]

    assert ["i"] * 3 == spoken(wire, innocent, 40000, family=family)
    assert ["i", "i", ""] == spoken(wire, FLIGHTS["1.3"], 40001, family=family)
    assert ["i"] * 3 == spoken(wire, innocent, 40002, family=family)
    assert ["i"] * 3 == spoken(wire, FLIGHTS["1.3"], 40003, dport=8443, family=family)


def test_a_resolver_is_known_by_its_address_too_and_a_name_may_be_exempt() -> None:
    by_address = Wire(rule("doh_post_tls_drop", prefixes=["198.41.0.0/16"], exempt_names=["quad9.net"]))

    assert ["i", "i", ""] == spoken(by_address, [hello("dns.example"), *FLIGHTS["1.3"][1:]])
    assert ["i"] * 3 == spoken(by_address, FLIGHTS["1.3"], 40001)


def test_a_question_in_many_segments_vanishes_from_its_first_byte_on_that_shows_what_it_is() -> None:
    wire = Wire(rule("doh_post_tls_drop", names=["quad9.net"]))

    assert ["i", "i", "i", "", ""] == spoken(wire, [HELLO, CHANGE + FINISHED, DATA[:3], DATA[3:20], DATA[20:]])


def test_what_is_no_tls_is_let_go() -> None:
    wire = Wire(rule("doh_post_tls_drop", prefixes=["198.41.0.0/16"]))

    assert ["i"] * 3 == spoken(wire, [b"SSH-2.0-x\r\n", DATA, DATA])
