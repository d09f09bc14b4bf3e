"""What rules in the clear spare: by chance, prefix, port, family and name; and that a quiet rule does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.conftest import hello, query
from tests.lab.frames import SERVER_AT, Wire, datagram, opening, rule, segment

BAD = "www.facebook.com"
HELLO = hello(BAD)
BOTH = list(SERVER_AT.values())
NAMED: dict[str, Any] = {"names": ["facebook.com"]}

Frames = list[tuple[int, bytes]]
Act = Callable[[Wire, int], Frames]


def asks(wire: Wire, family: int) -> Frames:
    return wire.receive(datagram(query(BAD), family=family, dport=53)) + wire.wait(0.01)


def asks_by_tcp(wire: Wire, family: int) -> Frames:
    message = query(BAD)
    return says(wire, family, 53, len(message).to_bytes(2, "big") + message)


def requests(wire: Wire, family: int) -> Frames:
    return says(wire, family, 80, f"GET /secret HTTP/1.1\r\nHost: {BAD}\r\n\r\n".encode())


def asks_in_tls(wire: Wire, family: int) -> Frames:
    data = b"\x17\3\3\0\1x"
    return says(wire, family, 853, HELLO, data, data)


def opens(wire: Wire, family: int) -> Frames:
    return says(wire, family, 443)


def says(wire: Wire, family: int, port: int, *parts: bytes) -> Frames:
    """A connection that says these one after the other."""
    sent, at = wire.receive(opening(family=family, dport=port)), 1
    for part in parts:
        sent += wire.receive(segment(part, at=at, family=family, dport=port))
        at += len(part)
    return sent


HTTP_PAGE = {**NAMED, "location": "http://warning.example/"}
ENDS = [f"{SERVER_AT[4]}:443", f"[{SERVER_AT[6]}]:443"]

# Each rule with what sets it off, and the port at which that happens.
RULES: dict[str, tuple[dict[str, Any], Act, int]] = {
    "endpoint_drop": ({"endpoints": ENDS}, opens, 443),
    "address_partial": ({"share": 1}, opens, 443),
    "route_withdrawn": ({}, opens, 443),
    "hoster_prefix": ({"drop": BOTH}, opens, 443),
    "dns_inject_race": ({**NAMED, "answers": ["31.13.94.37"]}, asks, 53),
    "dns_inject_inpath": (NAMED, asks, 53),
    "dns_loopback": (NAMED, asks, 53),
    "dns_static": (NAMED, asks, 53),
    "dns_stub_page": ({**NAMED, "answers": ["95.167.13.50"]}, asks, 53),
    "dns_bootstrap_poison": (NAMED, asks, 53),
    "dns_drop": (NAMED, asks, 53),
    "dns_tcp_reset": (NAMED, asks_by_tcp, 53),
    "doh_post_tls_drop": (NAMED, asks_in_tls, 853),
    "http_302_stub": (HTTP_PAGE, requests, 80),
    "http_403_iran": (NAMED, requests, 80),
    "http_first_only": (NAMED, requests, 80),
    "http_reset": (NAMED, requests, 80),
    "http_rst_payload": (NAMED, requests, 80),
    "http_keyword_reset": ({"keywords": ["secret"], "hits": 1}, requests, 80),
    "http_race_redirect": ({"location": "http://x.example/", "prefixes": BOTH, "found": 1}, requests, 80),
}

FAMILIES = pytest.mark.parametrize("family", [4, 6])
EACH = pytest.mark.parametrize("behaviour", RULES)
LOOKS_AT_NAMES = pytest.mark.parametrize(
    "behaviour", [name for name in RULES if name.startswith(("dns_", "http_", "doh_"))]
)


def done(behaviour: str, family: int, **more: Any) -> tuple[Frames, list[str]]:
    """What leaves, and what is logged, under the rule."""
    params, act, _ = RULES[behaviour]
    wire = Wire(rule(behaviour, **{**params, **more}))
    return act(wire, family), wire.actions


def undone(behaviour: str, family: int) -> tuple[Frames, list[str]]:
    """The same without any rule."""
    return RULES[behaviour][1](Wire(), family), []


@FAMILIES
@EACH
def test_the_rule_does_what_it_does(behaviour: str, family: int) -> None:
    sent, actions = done(behaviour, family)

    assert actions
    assert undone(behaviour, family)[0] != sent


@FAMILIES
@EACH
@pytest.mark.parametrize("spared", ["probability", "exempt_prefixes", "exempt_ports", "families"])
def test_what_is_spared_passes_as_if_there_were_no_rule(behaviour: str, spared: str, family: int) -> None:
    how = {
        "probability": 0,
        "exempt_prefixes": BOTH,
        "exempt_ports": [RULES[behaviour][2]],
        "families": [10 - family],
    }

    assert undone(behaviour, family) == done(behaviour, family, **{spared: how[spared]})


@FAMILIES
@LOOKS_AT_NAMES
def test_an_exempt_name_below_a_listed_one_passes_as_if_there_were_no_rule(behaviour: str, family: int) -> None:
    assert undone(behaviour, family) == done(behaviour, family, exempt_names=[BAD])


@EACH
def test_a_quiet_rule_does_the_same_and_says_nothing(behaviour: str) -> None:
    assert (done(behaviour, 4)[0], []) == done(behaviour, 4, log=False)
