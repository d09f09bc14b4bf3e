"""Ways around rules about questions, requests and addresses: those that are documented to work do, others do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.conftest import hello, query
from tests.lab.frames import SERVER_AT, Wire, datagram, rule, segment, shaken
from tests.lab.test_heuristics import NEIGHBOUR, NOISE

NAMED: dict[str, Any] = {"names": ["facebook.com"]}
NAME = "www.facebook.com"
BOTH = list(SERVER_AT.values())
FAMILIES = pytest.mark.parametrize("family", [4, 6])
FORGED = {"answers": ["31.13.94.37", "2001::1f0d:5e25"]}


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


def request(name: str, path: str = "/", header: str = "Host: ") -> bytes:
    return f"GET {path} HTTP/1.1\r\n{header}{name}\r\n\r\n".encode()


# What may be tried: bytes over TCP in these segments or a datagram, and where to.
def tries(name: str, family: int) -> dict[str, tuple[bool, tuple[bytes, ...], dict[str, Any]]]:
    """Each way by its name: whether over TCP, what is said, and how the connection differs."""
    asked, plain = query(name), request(name)
    other = {"to": NEIGHBOUR[family]}
    return {
        "udp": (False, (asked,), {"dport": 53}),
        "udp, another resolver": (False, (asked,), {"dport": 53, **other}),
        "udp, mixed case": (False, (query(name.title()),), {"dport": 53}),
        "udp, another type": (False, (query(name, 28 if family == 4 else 1),), {"dport": 53}),
        "udp, another port": (False, (asked,), {"dport": 5353}),
        "tcp": (True, (framed(asked),), {"dport": 53}),
        "tcp, another resolver": (True, (framed(asked),), {"dport": 53, **other}),
        "tcp, two segments": (True, (framed(asked)[:20], framed(asked)[20:]), {"dport": 53}),
        "dot": (True, (hello("resolver.example"), b"\x17\3\3\0\1x"), {"dport": 853}),
        "http": (True, (plain,), {"dport": 80}),
        "http, another port": (True, (plain,), {"dport": 8080}),
        "http, another server": (True, (plain,), {"dport": 80, **other}),
        "http, two segments": (True, (plain[:30], plain[30:]), {"dport": 80}),
        "http, hoSt": (True, (request(name, header="hoSt: "),), {"dport": 80}),
        "http, behind another": (True, (request("a.example"), plain), {"dport": 80}),
        "https": (True, (hello("a.example"), b"\x17\3\3\x01\x2c" + NOISE), {"dport": 443}),
    }


DNS = {"udp, another port", "tcp", "tcp, another resolver", "tcp, two segments", "dot"}
CLEAR = {"https"}
STREAM = {"http, another port", *CLEAR}
# Behaviour, parameters, the protocol that it is about, and which of the ways of that protocol lead around it.
AROUND: list[tuple[str, dict[str, Any], str, set[str]]] = [
    ("dns_forge", {**NAMED, "rcode": "nxdomain"}, "dns", DNS),
    ("dns_bogon", NAMED, "dns", DNS),
    ("dns_loopback", NAMED, "dns", DNS),
    ("dns_static", NAMED, "dns", DNS),
    ("dns_stub_page", {**NAMED, **FORGED}, "dns", DNS),
    ("dns_bootstrap_poison", NAMED, "dns", DNS),
    ("dns_inject_inpath", NAMED, "dns", DNS),
    ("dns_inject_race", {**NAMED, **FORGED}, "dns", DNS),
    ("dns_drop", NAMED, "dns", DNS),
    ("dns_drop", {"prefixes": BOTH}, "dns", {*DNS, "udp, another resolver"}),
    ("dns_hijack", {"to": ["195.208.4.1", "2a0c:a9c7:8::1"]}, "dns", DNS),
    (
        "dns_tcp_reset",
        NAMED,
        "dns",
        {"udp", "udp, another resolver", "udp, mixed case", "udp, another type", "udp, another port", "dot"}
        | {"tcp, two segments"},
    ),
    ("http_block_page", NAMED, "http", STREAM),
    (
        "http_302_stub",
        {**NAMED, "location": "http://w.example/"},
        "http",
        {*STREAM, "http, two segments", "http, hoSt"},
    ),
    ("http_403_iran", NAMED, "http", {*CLEAR, "http, two segments"}),
    ("http_first_only", NAMED, "http", {*STREAM, "http, two segments", "http, behind another"}),
    ("http_reset", NAMED, "http", CLEAR),
    ("http_rst_payload", NAMED, "http", CLEAR),
    ("http_keyword_reset", {"keywords": ["facebook"], "hits": 1}, "http", CLEAR),
    (
        "http_race_redirect",
        {"location": "http://x.example/", "prefixes": BOTH, "found": 1, "names": ["facebook.com"]},
        "http",
        {*STREAM, "http, another server"},
    ),
    ("address_blackhole", {"prefixes": BOTH}, "http", {"http, another server"}),
    ("address_refuse", {"prefixes": BOTH}, "http", {"http, another server"}),
    ("icmp_reject", {"prefixes": BOTH}, "http", {"http, another server"}),
    ("route_withdrawn", {"prefixes": BOTH}, "http", {"http, another server"}),
    ("hoster_prefix", {"drop": BOTH}, "http", {"http, another server"}),
]


@FAMILIES
@pytest.mark.parametrize(
    ("behaviour", "more", "protocol", "around"), AROUND, ids=[f"{at}-{name}" for at, (name, *_) in enumerate(AROUND)]
)
def test_the_ways_around_a_rule_are_these_and_no_others(
    behaviour: str, more: dict[str, Any], protocol: str, around: set[str], family: int
) -> None:
    found = set()
    for way, (over_tcp, parts, ends) in tries(NAME, family).items():
        if way.startswith("http") != (protocol == "http"):
            continue
        wire = Wire(rule(behaviour, **more))
        whole = {"family": family, **ends}
        if over_tcp:
            shaken(wire, **whole)
        at = 1
        for part in parts:
            wire.receive(segment(part, at=at, **whole) if over_tcp else datagram(part, **whole))
            at += len(part)
        if not wire.actions:
            found.add(way)

    assert around == found
