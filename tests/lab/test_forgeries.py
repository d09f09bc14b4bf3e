"""What forged packets say, to the bit: answers, pages and resets, as each rule makes them where nothing is said."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from harness.lab.censor.packet import ACK, CLIENT, FIN, INTERNET, PSH, RST, TCP, Packet
from tests.lab.conftest import hello, query
from tests.lab.frames import Wire, datagram, rule, segment, shaken

NAMED: dict[str, Any] = {"names": ["facebook.com"]}
NAME = "www.facebook.com"
FAMILIES = pytest.mark.parametrize("family", [4, 6])
ASKED = b"GET / HTTP/1.1\r\nHost: www.facebook.com\r\n\r\n"


def header(packet: Packet) -> tuple[int, bytes]:
    """TTL, and IPv4's identification; nothing for IPv6."""
    return packet.ttl, packet.raw[18:20] if packet.four else b"\0\0"


# Behaviour, parameters, the address that is told.
FORGED = [
    ("dns_forge", {"answers": ["203.0.113.7"]}, "cb007107"),
    ("dns_bogon", {}, "0a0a2224"),
    ("dns_loopback", {}, "7f000001"),
    ("dns_static", {}, "d8ef2678"),
    ("dns_stub_page", {"answers": ["95.167.13.50"]}, "5fa70d32"),
    ("dns_bootstrap_poison", NAMED, "0a0a2224"),
    ("dns_inject_inpath", {"answers": {"10.10.34.36": 1}}, "0a0a2224"),
]


@FAMILIES
@pytest.mark.parametrize(("behaviour", "more", "address"), FORGED)
def test_a_forged_answer_is_one_record_for_a_minute(
    behaviour: str, more: dict[str, Any], address: str, family: int
) -> None:
    wire = Wire(rule(behaviour, **{**NAMED, **more}))

    ((side, frame),) = wire.receive(datagram(query(NAME, ident=0xBEEF), family=family))

    answer = Packet(frame, INTERNET)
    head = struct.pack("!HHHHHH", 0xBEEF, 0x8180, 1, 1, 0, 0)  # an answer, recursion wanted and had, no error
    record = bytes.fromhex("c00c00010001") + (60).to_bytes(4, "big") + b"\0\4" + bytes.fromhex(address)
    assert (CLIENT, head + query(NAME)[12:] + record) == (side, answer.payload)
    assert (64, b"\0\0") == header(answer)
    assert (53, 40000) == (answer.sport, answer.dport)


@FAMILIES
@pytest.mark.parametrize(("rcode", "bits"), [("noerror", 0), ("servfail", 2), ("nxdomain", 3), ("refused", 5)])
def test_an_answer_may_be_a_response_code_alone(rcode: str, bits: int, family: int) -> None:
    wire = Wire(rule("dns_forge", **NAMED, rcode=rcode, ip_ttl=51, ip_id=0x1234))

    ((_, frame),) = wire.receive(datagram(query(NAME), family=family))

    answer = Packet(frame, INTERNET)
    assert struct.pack("!HHHHHH", 0x1234, 0x8180 | bits, 1, 0, 0, 0) + query(NAME)[12:] == answer.payload
    assert (51, b"\x12\x34" if family == 4 else b"\0\0") == header(answer)


# Behaviour, parameters, what sets it off, and of each reset to the client: flags, TTL, window, IP ID, payload.
RESETS: list[tuple[str, dict[str, Any], bytes, list[tuple[int, int, int, int, bytes]]]] = [
    ("sni_reset", NAMED, hello(NAME), [(RST | ACK, 64, 65535, 0, b"")]),
    ("iran_reset", NAMED, hello(NAME), [(RST | ACK, 64, 65535, 0, b"")]),
    ("resolver_name_reset", NAMED, hello(NAME), [(RST | ACK, 64, 65535, 0, b"")]),
    ("henan_reset", NAMED, hello(NAME), [(RST | ACK, 58, 65535, 1, bytes.fromhex("01020304050607080900"))]),
    (
        "gfw_reset",
        {**NAMED, "hits": 1},
        hello(NAME),
        [
            (RST, 47, 225, 0, b""),
            (RST | ACK, 92, 1410, 0, b""),
            (RST | ACK, 93, 1411, 0, b""),
            (RST | ACK, 94, 1412, 0, b""),
        ],
    ),
    ("tls_fingerprint", {"ja4": ["t13*"], "act": "reset"}, hello(NAME), [(RST | ACK, 64, 65535, 0, b"")]),
    ("http_reset", NAMED, ASKED, [(RST | ACK, 64, 65535, 0, b"")]),
    ("http_rst_payload", NAMED, ASKED, [(RST | ACK, 64, 65535, 0, bytes(22))]),
    ("http_keyword_reset", {"keywords": ["facebook"], "hits": 1}, ASKED, [(RST | ACK, 64, 65535, 0, b"")] * 3),
    ("dns_tcp_reset", NAMED, len(query(NAME)).to_bytes(2, "big") + query(NAME), [(RST | ACK, 64, 65535, 0, b"")]),
]


@FAMILIES
@pytest.mark.parametrize(("behaviour", "more", "said", "seen"), RESETS, ids=[name for name, *_ in RESETS])
def test_a_reset_says_what_is_documented(
    *, behaviour: str, more: dict[str, Any], said: bytes, seen: list[tuple[int, int, int, int, bytes]], family: int
) -> None:
    ports = {"ports": [443]} if behaviour == "dns_tcp_reset" else {}
    wire = Wire(rule(behaviour, **more, **ports))
    shaken(wire, family=family)

    sent = [Packet(frame, INTERNET) for side, frame in wire.receive(segment(said, family=family)) if side == CLIENT]

    def told(one: Packet) -> tuple[int, int, int, int, bytes]:
        ttl, ident = header(one)
        window = int.from_bytes(one.raw[one.head + 14 : one.head + 16], "big")
        return one.flags, ttl, window, int.from_bytes(ident, "big"), one.payload

    wanted = [(flags, ttl, window, ident * (family == 4), data) for flags, ttl, window, ident, data in seen]
    assert wanted == [told(one) for one in sent]


# Behaviour, parameters, status line, TTL and IP ID of its page.
PAGES: list[tuple[str, dict[str, Any], bytes, int, int]] = [
    ("http_block_page", NAMED, b"HTTP/1.1 200 OK", 64, 0),
    ("http_first_only", NAMED, b"HTTP/1.1 200 OK", 64, 0),
    ("http_302_stub", {**NAMED, "location": "http://w.example/"}, b"HTTP/1.1 302 Found", 64, 1),
    ("http_403_iran", NAMED, b"HTTP/1.1 403 Forbidden", 64, 0),
    (
        "http_race_redirect",
        {"location": "http://x.example/", "prefixes": ["0.0.0.0/0", "::/0"], "permanent": 1},
        b"HTTP/1.1 301 Moved Permanently",
        251,
        0,
    ),
]


@FAMILIES
@pytest.mark.parametrize(("behaviour", "more", "status", "ttl", "ident"), PAGES, ids=[name for name, *_ in PAGES])
def test_a_page_is_one_whole_answer_that_ends_its_stream(
    *, behaviour: str, more: dict[str, Any], status: bytes, ttl: int, ident: int, family: int
) -> None:
    wire = Wire(rule(behaviour, **more))
    shaken(wire, dport=80, family=family)
    asked = segment(ASKED, dport=80, family=family)

    page = next(Packet(frame, INTERNET) for side, frame in wire.receive(asked) if side == CLIENT)

    head, _, body = page.payload.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    fields = dict(line.split(b": ", 1) for line in lines)
    assert (status, str(len(body)).encode(), b"close") == (first, fields[b"Content-Length"], fields[b"Connection"])
    assert more.get("location", "").encode() == fields.get(b"Location", b"")
    assert (TCP, PSH | ACK | FIN) == (page.proto, page.flags)
    assert (ttl, ident.to_bytes(2, "big") if family == 4 else b"\0\0") == header(page)
    request = Packet(asked, CLIENT)
    assert (request.ack, (request.seq + len(ASKED)) % 2**32) == (page.seq, page.ack)
