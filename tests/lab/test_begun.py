"""How a connection must begin for a rule to look at it, and when a rule is done with it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.lab.censor.packet import ACK, CLIENT, INTERNET, SYN
from tests.lab.conftest import hello
from tests.lab.frames import Wire, rule, segment, shaken, sides

BAD = hello("www.facebook.com")
ASKED = b"GET / HTTP/1.1\r\nHost: www.facebook.com\r\n\r\n"
NAMED = {"names": ["facebook.com"]}
FAMILIES = pytest.mark.parametrize("family", [4, 6])

# What is documented to keep state, with what sets it off.
STATEFUL = [("iran_reset", BAD), ("sni_null_route", BAD), ("http_403_iran", ASKED)]


def begun(flags: str, behaviour: str, data: bytes, **more: Any) -> list[str]:
    """What is logged of a connection of which so much was seen: `s` a SYN, `a` its answer, `A` one from the client."""
    wire = Wire(rule(behaviour, **NAMED))
    frames = {
        "s": (segment(at=0, flags=SYN, dport=80, **more), CLIENT),
        "a": (segment(at=0, flags=SYN | ACK, back=True, dport=80, **more), INTERNET),
        "A": (segment(at=0, flags=SYN | ACK, dport=80, **more), CLIENT),
    }
    for each in flags:
        wire.receive(*frames[each])
    wire.receive(segment(data, dport=80, **more))
    return wire.actions[:1]


@FAMILIES
@pytest.mark.parametrize(("behaviour", "data"), STATEFUL)
def test_a_censor_that_keeps_state_wants_to_have_seen_the_handshake(behaviour: str, data: bytes, family: int) -> None:
    seen = {flags: begun(flags, behaviour, data, family=family) for flags in ("", "s", "a", "sA", "sa")}

    assert {"": [], "s": [], "a": [], "sA": [], "sa": ["match"]} == seen


@FAMILIES
@pytest.mark.parametrize(("behaviour", "data"), [("henan_reset", BAD), ("sni_drop", BAD), ("http_reset", ASKED)])
def test_a_censor_that_keeps_none_reads_what_comes(behaviour: str, data: bytes, family: int) -> None:
    assert ["match"] == begun("", behaviour, data, family=family)


@FAMILIES
@pytest.mark.parametrize("behaviour", ["gfw_reset", "sni_drop", "tspu_full_drop"])
def test_only_the_first_hello_of_a_connection_counts(behaviour: str, family: int) -> None:
    wire = Wire(rule(behaviour, **NAMED, **({"hits": 1} if behaviour == "gfw_reset" else {})))
    first = hello("www.harmless.com")
    shaken(wire, family=family)

    went = [
        sides(wire.receive(segment(data, at=at, family=family))) for at, data in ((1, first), (1 + len(first), BAD))
    ]

    assert (["i", "i"], []) == (went, wire.actions)


# For how long each is documented to hold the four ends of a connection.
HELD = [
    ("tspu_rewrite", 75),
    ("tspu_delayed_drop", 420),
    ("tspu_crawl", 420),
    ("tspu_full_drop", 40),
    ("sni_null_route", 180),
]


@FAMILIES
@pytest.mark.parametrize(("behaviour", "seconds"), HELD)
def test_a_connection_whose_time_is_over_is_not_judged_by_how_it_began(
    behaviour: str, seconds: float, family: int
) -> None:
    wire = Wire(rule(behaviour, **NAMED))
    shaken(wire, family=family)
    wire.receive(segment(BAD, family=family))
    for number in range(12):
        wire.receive(segment(bytes(1400), at=1 + 1400 * number, back=True, family=family), INTERNET)
    logged = [*wire.actions]

    wire.wait(seconds + 0.1)
    went = [
        sides(wire.receive(segment(b"true answer", back=True, family=family), INTERNET)),
        sides(wire.receive(segment(b"more", at=1 + len(BAD), family=family))),
        sides(wire.receive(segment(b"yet more", at=5 + len(BAD), family=family))),
    ]

    assert (["c", "i", "i"], logged) == (went, wire.actions)


@FAMILIES
@pytest.mark.parametrize("behaviour", ["tspu_rewrite", "tspu_delayed_drop", "tspu_full_drop"])
def test_a_hello_that_is_sent_again_when_its_time_is_over_is_met_again(behaviour: str, family: int) -> None:
    wire = Wire(rule(behaviour, **NAMED))
    shaken(wire, family=family)
    for _ in range(2):
        wire.receive(segment(BAD, family=family))
        for number in range(12):
            wire.receive(segment(bytes(number), back=True, family=family), INTERNET)
        wire.wait(421)

    assert 2 == wire.actions.count("match")


@pytest.mark.parametrize(
    ("name", "went"),
    [
        ("dns.google", "ci"),
        ("1dot1dot1dot1.cloudflare-dns.com", "ci"),
        ("doh.opendns.com", "ci"),
        ("mozilla.cloudflare-dns.com", "ci"),
        ("cloudflare-dns.com", "i"),
        ("dns.quad9.net", "i"),
        ("xdns.google", "i"),
    ],
)
@pytest.mark.parametrize("port", [443, 853])
def test_the_names_of_resolvers_are_those_that_were_reported(name: str, went: str, port: int) -> None:
    wire = Wire(rule("resolver_name_reset"))
    shaken(wire, dport=port)

    assert went == sides(wire.receive(segment(hello(name), dport=port)))
