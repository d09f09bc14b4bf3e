"""Edges and evasions that are documented for single rules about addresses, questions, ClientHellos and requests."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ScenarioError
from harness.lab.censor.packet import ACK, CLIENT, FIN, INTERNET, RST, Packet
from tests.lab.conftest import hello, query
from tests.lab.frames import Wire, datagram, opening, packed, rule, segment, shaken, sides
from tests.lab.hellos import ESNI, Made
from tests.lab.test_put_together import records

BAD, GOOD = hello("www.facebook.com"), hello("www.harmless.com")
AT = BAD.index(b"www.facebook.com") + 6
NAMED: dict[str, Any] = {"names": ["facebook.com"]}
FAMILIES = pytest.mark.parametrize("family", [4, 6])


def said(wire: Wire, *parts: bytes, at: int = 1, **more: Any) -> str:
    """Where the segments of a new connection went, `-` for nowhere."""
    shaken(wire, **more)
    went = []
    for part in parts:
        went.append(sides(wire.receive(segment(part, at=at, **more))) or "-")
        at += len(part)
    return " ".join(went)


# --- Evasions: behaviour, parameters, what defeats it, what does not and where that goes. ---

DECOY = "decoy"  # another hello first, in the same place
EVASIONS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("tspu_rewrite", {}, "segments", "case", "i"),
    ("tspu_delayed_drop", {}, "segments", "case", "i"),
    ("tspu_crawl", {}, "segments", "case", "i"),
    ("tspu_full_drop", {}, "segments", "case", "-"),
    ("tspu_full_drop", {}, DECOY, "port", "-"),
    ("tspu_rewrite", {}, DECOY, "port", "i"),
    ("tspu_police", {"names": ["facebook.com"]}, "segments", "port", "i"),
    ("tspu_police", {"names": ["facebook.com"]}, DECOY, "case", "i"),
    ("iran_reset", {}, "segments", "port", "c"),
    ("sni_null_route", {}, "segments", "port", "-"),
    ("gfw_reset", {"hits": 1}, "records", "segments", "i cccciiiii"),
    ("gfw_reset", {"hits": 1}, "no name", "port", "cccciiiii"),
    ("gfw_reset", {"hits": 1, "reassembly": "none"}, "segments", "case", "cccciiiii"),
    ("henan_reset", {}, "records", "port", "ci"),
    ("henan_reset", {}, "segments", "case", "ci"),
    ("sni_drop", {}, "no name", "segments", "i -"),
    ("police", {"rate": 8, "burst": 9000}, "no name", "segments", "i i"),
    ("shape", {"rate": 8e6}, "no name", "segments", "i -"),
    ("freeze", {"packets": 9}, "no name", "segments", "i i"),
    ("mtproxy_fake_tls", {"ja4": ["t13*"]}, "no name", "segments", "i -"),
    ("sni_reset", {"reassembly": "tcp"}, "records", "segments", "i ci"),
    ("sni_reset", {"reassembly": "tls"}, "segments", "records", "ci"),
]


def tried(wire: Wire, way: str, **more: Any) -> str:
    """Where the parts of a hello went that was said this way."""
    if way == DECOY:
        went = said(wire, GOOD, **more)
        return went + " " + sides(wire.receive(segment(BAD, **more)))
    parts = {
        "segments": [BAD[:AT], BAD[AT:]],
        "records": [records(BAD, AT)],
        "case": [Made(name="WWW.FaceBook.com").record],
        "port": [BAD],
        "no name": [Made(name=None).record],
    }[way]
    return said(wire, *parts, **{**more, "dport": 8443} if way == "port" else more)


@FAMILIES
@pytest.mark.parametrize(("behaviour", "more", "defeats", "fails", "went"), EVASIONS)
def test_what_defeats_a_rule_does_and_what_does_not_does_not(
    *, behaviour: str, more: dict[str, Any], defeats: str, fails: str, went: str, family: int
) -> None:
    params = {**NAMED, **more}
    free, met = Wire(rule(behaviour, **params)), Wire(rule(behaviour, **params))

    assert {"i"} == set(tried(free, defeats, family=family).split())
    assert [] == free.actions
    assert went == tried(met, fails, family=family)
    assert "match" == met.actions[0]


# --- Addresses. ---


def test_a_refusal_acknowledges_the_syn_and_nothing_else() -> None:
    ((side, frame),) = Wire(rule("address_refuse", prefixes=["198.41.0.0/16"])).receive(opening())

    reset, syn = Packet(frame, INTERNET), Packet(opening(), CLIENT)
    assert (CLIENT, RST | ACK, 0, syn.seq + 1, b"") == (side, reset.flags, reset.seq, reset.ack, reset.payload)


# --- Questions. ---


@FAMILIES
def test_whatever_goes_to_a_foreign_resolver_by_udp_is_led_and_what_goes_home_is_not(family: int) -> None:
    home = {4: "195.208.5.1", 6: "2a0c:a9c7:9::1"}[family]
    wire = Wire(rule("dns_hijack", to=["195.208.4.1", "2a0c:a9c7:8::1"], exempt_prefixes=[home]))
    national = packed({4: "195.208.4.1", 6: "2a0c:a9c7:8::1"}[family])

    def led(data: bytes, **more: Any) -> bool:
        ((_, frame),) = wire.receive(datagram(data, family=family, **more))
        return Packet(frame, CLIENT).target == national

    assert [True, True, True] == [led(data) for data in (query("a.example"), b"no question", query("b.example"))]
    assert [False, False] == [led(query("a.example"), to=home), led(query("a.example"), dport=5353)]
    assert "i" == said(wire, len(query("a.example")).to_bytes(2, "big") + query("a.example"), dport=53, family=family)
    assert ["rewrite"] * 3 == wire.actions


@FAMILIES
def test_a_question_in_mixed_case_is_known_and_answered_as_it_was_spelled(family: int) -> None:
    wire = Wire(rule("dns_forge", **NAMED, rcode="nxdomain"))

    ((_, frame),) = wire.receive(datagram(query("wWw.FaceBook.cOm"), family=family))  # draft-vixie-dnsext-dns0x20

    assert b"\3wWw\x08FaceBook\3cOm\0" in Packet(frame, INTERNET).payload


@pytest.mark.parametrize(
    ("match", "went"),
    [
        ("exact", {"t.co": "c", "www.t.co": "i", "reddit.com": "i", "microsoft.com": "i", "t.com": "i"}),
        ("suffix", {"t.co": "c", "www.t.co": "c", "reddit.com": "i", "microsoft.com": "i", "t.com": "i"}),
        ("substring", {"t.co": "c", "www.t.co": "c", "reddit.com": "c", "microsoft.com": "c", "t.com": "c"}),
    ],
)
def test_a_name_is_met_to_the_letter_from_its_end_or_anywhere(match: str, went: dict[str, str]) -> None:
    asked = {name: Wire(rule("dns_forge", names=["t.co"], match=match)).receive(datagram(query(name))) for name in went}
    reset = Wire(rule("sni_reset", names=["t.co"], match=match, reset={"to": "client"}))
    greeted = {name: said(reset, hello(name), sport=40000 + at) for at, name in enumerate(went)}

    assert (went, went) == ({name: sides(sent) for name, sent in asked.items()}, greeted)


def test_without_names_or_resolvers_every_question_vanishes_and_nothing_else() -> None:
    wire = Wire(rule("dns_drop"))

    assert ["", "", "i"] == [sides(wire.receive(datagram(data))) for data in (query("a"), query("b", 65), b"x" * 40)]


# --- ClientHellos. ---


SECRET = Made(name=None, kinds=(*Made().kinds, ESNI)).record


@pytest.mark.parametrize(
    ("behaviour", "more", "data", "least", "most"),
    [("gfw_reset", {**NAMED, "hits": 1}, BAD, 60, 360), ("esni_drop", {}, SECRET, 120, 180)],
)
def test_a_residual_that_is_drawn_lies_between_its_ends_by_client_server_and_port(
    behaviour: str, more: dict[str, Any], data: bytes, least: float, most: float
) -> None:
    wire = Wire(rule(behaviour, **more))
    servers = [f"198.41.1.{host}" for host in range(1, 61)]
    for to in servers:
        said(wire, data, to=to)

    def held(sport: int, **more: Any) -> int:
        return sum("i" != sides(wire.receive(opening(sport=sport, to=to, **more))) for to in servers)

    wire.wait(least - 0.1)
    assert (60, 0) == (held(41000), held(41001, dport=8443))
    wire.wait((most - least) / 2)
    assert 15 <= held(41002) <= 45
    wire.wait((most - least) / 2 - 0.8)
    last = held(41003)
    wire.wait(1)
    assert (0, True) == (held(41004), last <= 3)


@FAMILIES
def test_esni_begins_to_hold_others_a_second_late_and_from_both_sides(family: int) -> None:
    wire = Wire(rule("esni_drop"))
    assert "-" == said(wire, SECRET, family=family)
    went = []
    for sport, seconds in ((40001, 0.9), (40002, 0.2)):
        wire.wait(seconds)
        went.append(said(wire, GOOD, sport=sport, family=family))
    home: dict[str, Any] = {"back": True, "sport": 443, "dport": 50000, "family": family}
    shaken(wire, **home)

    assert ["i", "-"] == went
    assert "c" == sides(wire.receive(segment(SECRET, **home), INTERNET))  # who is held is the client, whoever began


@FAMILIES
def test_a_strange_packet_of_more_than_a_hundred_bytes_ends_the_inspection(family: int) -> None:
    for size, met in ((100, True), (101, False)):
        wire = Wire(rule("tspu_police", names=["facebook.com"]))
        said(wire, b"\x80" * size, BAD, family=family)
        assert met == ("match" in wire.actions)


def policed(wire: Wire, **more: Any) -> bool:
    """True where a second's worth of ten times the rate does not all arrive."""
    return len([1 for _ in range(200) if wire.receive(segment(bytes(900), at=1, back=True, **more), INTERNET)]) < 200


@FAMILIES
def test_ten_idle_minutes_end_the_policing_and_neither_fin_nor_rst_does(family: int) -> None:
    wire = Wire(rule("tspu_police", names=["facebook.com"]))
    said(wire, BAD, family=family)
    assert policed(wire, family=family)
    for flags in (FIN | ACK, RST):
        wire.receive(segment(b"", at=900, flags=flags, family=family))
        wire.receive(segment(b"", at=900, flags=flags, back=True, family=family), INTERNET)
    for _ in range(2):  # whatever is held starts the ten minutes again
        wire.wait(599.9)
        assert policed(wire, family=family)
    wire.wait(600.1)

    assert not policed(wire, family=family)


def test_twitters_slowing_is_140_kilobits_each_way_for_its_names_alone() -> None:
    wire = Wire(rule("tspu_police"))
    went = {}
    for sport, name in enumerate(("twitter.com", "abs.twimg.com", "t.co", "reddit.com", "example.org"), 40000):
        said(wire, hello(name), sport=sport)
        count = 0
        for _ in range(600):  # a minute
            wire.wait(0.1)
            count += len(wire.receive(segment(bytes(1400), at=1, back=True, sport=sport), INTERNET))
            count += len(wire.receive(segment(bytes(1400), at=1, back=True, sport=sport), INTERNET))
        went[name] = count * 1440 * 8 / 60

    slow = [rate for name, rate in went.items() if name not in {"reddit.com", "example.org"}]
    assert [140_000] * 3 == pytest.approx(slow, rel=0.03)
    assert went["reddit.com"] == went["example.org"] == 20 * 1440 * 8


def test_on_its_first_day_whatever_held_t_co_was_slowed() -> None:
    wire = Wire(rule("tspu_police", names=["t.co"], match="substring"))
    names = ("reddit.com", "microsoft.com", "example.org")
    for sport, name in enumerate(names, 40000):
        said(wire, hello(name), sport=sport)

    assert [True, True, False] == [policed(wire, sport=sport) for sport in (40000, 40001, 40002)]


# --- Requests. ---


def request(name: str, path: str = "/") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()


@pytest.mark.parametrize("ident", [0, 1])
def test_a_stub_has_the_ip_id_of_its_filter(ident: int) -> None:
    wire = Wire(rule("http_302_stub", names=["facebook.com"], location="http://w.example/", ip_id=ident))
    shaken(wire, dport=80)

    ((_, frame), _) = wire.receive(segment(request("www.facebook.com"), dport=80))

    assert ident == int.from_bytes(frame[18:20], "big")


def test_only_one_address_is_redirected_unless_the_rule_says_otherwise() -> None:
    wire = Wire(rule("http_race_redirect", location="http://elsewhere.example/", found=1))
    more = {"dport": 80}

    assert ["ci", "i"] == [said(wire, request("a.example"), to=to, **more) for to in ("1.1.1.1", "1.0.0.1")]


@FAMILIES
def test_a_keyword_is_met_on_any_port_and_in_the_clear_alone(family: int) -> None:
    wire = Wire(rule("http_keyword_reset", keywords=["falun"], hits=1, residual=None))

    assert ["ccciiii"] * 2 == [
        said(wire, request("a.example", "/falun"), dport=port, family=family) for port in (80, 9999)
    ]
    assert "i" == said(wire, hello("falun.example"), family=family)


def test_a_rule_that_leads_flows_takes_those_from_inside_alone() -> None:
    with pytest.raises(ScenarioError, match="direction"):
        Wire(rule("dns_hijack", to=["195.208.4.1"], direction="both"))


@FAMILIES
@pytest.mark.parametrize(("more", "went"), [({}, "i i"), ({"reassembly": "tcp"}, "i -")])
def test_a_question_over_tcp_in_two_segments_is_lost_where_they_are_put_together(
    more: dict[str, Any], went: str, family: int
) -> None:
    wire = Wire(rule("dns_drop", **NAMED, transports=["tcp"], **more))
    message = query("www.facebook.com")
    data = len(message).to_bytes(2, "big") + message

    assert went == said(wire, data[:20], data[20:], dport=53, family=family)
    assert "-" == said(wire, data, dport=53, sport=40001, family=family)
