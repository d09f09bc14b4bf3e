"""Rules about Tor's directory and bridges, fronts, and proxies inside TLS, without a network."""

from __future__ import annotations

import os
from typing import Any

import pytest

from harness.lab.censor import fingerprint, forge, hello
from harness.lab.censor.behaviours.tor_directory_drop import AUTHORITIES
from harness.lab.censor.packet import INTERNET, SYN
from tests.lab.frames import CLIENT_AT, Wire, framed, opening, packed, rule, segment, sides
from tests.lab.hellos import CHROME_2023, FIREFOX, Made
from tests.lab.test_datagram_rules import VOICE, went


@pytest.mark.parametrize("address", AUTHORITIES)
def test_every_authority_is_silent_and_its_neighbour_is_not(address: str) -> None:
    wire = Wire(rule("tor_directory_drop"))
    family = 6 if ":" in address else 4
    ends = (packed(CLIENT_AT[family]), packed(address))
    neighbour = ends[1][:-1] + bytes([ends[1][-1] ^ 64])

    for far, seen in ((ends[1], ""), (neighbour, "i"), (ends[1], "")):
        syn = forge.tcp(ends[0], far, (40000, 443), (1, 0, SYN))
        assert seen == sides(wire.receive(framed(forge.ip(ends[0], far, 6, syn))))


def test_bridges_of_ones_own_list_take_the_authorities_place() -> None:
    wire = Wire(rule("tor_directory_drop", prefixes=["198.41.0.4/32"], ports=[27015]))

    assert ["", "i"] == [sides(wire.receive(opening(dport=port))) for port in (27015, 443)]


RANDOM = b"\xff" + os.urandom(400)


def first_segment(wire: Wire, data: bytes, sport: int, **more: Any) -> str:
    """Opens a connection and says something: where the SYN and what was said went."""
    more = {"sport": sport, "dport": 27015, **more}
    opened = sides(wire.receive(opening(**more))) or "-"
    return opened + (sides(wire.receive(segment(data, **more))) or "-")


@pytest.mark.parametrize("family", [4, 6])
def test_random_bytes_cost_the_connection_and_the_server_for_a_minute(family: int) -> None:
    wire = Wire(rule("obfs4_cooldown"))
    more = {"family": family}
    assert "ii" == first_segment(wire, b"GET / HTTP/1.1\r\n" + bytes(200), 40000, **more)
    assert "i-" == first_segment(wire, RANDOM, 40001, **more)
    assert "--" == first_segment(wire, b"GET / HTTP/1.1\r\n", 40002, **more)
    assert "ii" == first_segment(wire, RANDOM[:100], 40003, **more, dport=27016)

    wire.wait(59.9)
    assert "--" == first_segment(wire, b"GET / HTTP/1.1\r\n", 40004, **more)
    wire.wait(0.2)

    assert "i-" == first_segment(wire, RANDOM, 40005, **more)
    assert (2, {"match", "drop", "residual"}) == (wire.actions.count("match"), set(wire.actions))


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (RANDOM[:141], "-"),
        (RANDOM[:140], "i"),
        (CHROME_2023.record, "i"),
        (b"SSH-2.0-OpenSSH_9.2\r\n" + bytes(200), "i"),
        (b"POST " + RANDOM, "-"),
        (b"POST /" + RANDOM, "i"),
        (b"\t\n\r ~!" + RANDOM, "i"),
        (b"\x1fOST /" + RANDOM, "-"),
        (b"\x7fOST /" + RANDOM, "-"),
    ],
    ids=["just enough", "cut", "tls", "ssh", "five letters", "six letters", "spaces", "below", "above"],
)
def test_what_is_long_enough_and_begins_like_nothing_is_lost(data: bytes, seen: str) -> None:
    assert "i" + seen == first_segment(Wire(rule("obfs4_cooldown")), data, 40000)


def test_a_first_segment_that_is_cut_lets_the_rest_pass() -> None:
    wire = Wire(rule("obfs4_cooldown"))
    assert "ii" == first_segment(wire, RANDOM[:10], 40000)

    assert "i" == sides(wire.receive(segment(RANDOM, at=11, sport=40000, dport=27015)))


def test_a_server_that_speaks_first_is_no_bridge() -> None:
    wire = Wire(rule("obfs4_cooldown"))
    more = {"sport": 40000, "dport": 27015}
    wire.receive(opening(**more))
    wire.receive(segment(RANDOM, back=True, **more), INTERNET)

    assert "i" == sides(wire.receive(segment(RANDOM, **more)))


def test_fronts_are_dropped_for_a_share_of_connections_the_same_in_each_run() -> None:
    def run(**params: Any) -> str:
        wire = Wire(rule("front_block", **params))
        seen = ""
        for at in range(200):
            seen += first_segment(wire, Made(name="www.cdn77.com").record, 40000 + at, dport=443)[1]
            assert "ii" == first_segment(wire, Made(name="www.example.org").record, 50000 + at, dport=443)
        return seen

    assert run() == run()
    assert 75 <= run().count("-") <= 125
    assert ("-" * 200, "i" * 200) == (run(probability=1.0), run(probability=0.0))


GO = Made(name="proxy.example.net", kinds=FIREFOX.kinds)


def shake(wire: Wire, made: Made, sport: int, **more: Any) -> str:
    """A handshake with the suspected server, and a byte behind it."""
    more = {"sport": sport, "dport": 443, **more}
    said = first_segment(wire, made.record, **more)
    return said + (sides(wire.receive(segment(b"x", at=1 + len(made.record), **more))) or "-")


def known(made: Made) -> str:
    """The JA4 by which a rule knows a client."""
    return fingerprint.ja4(hello.read(made.record, join=True))


@pytest.mark.parametrize("family", [4, 6])
def test_a_port_is_lost_after_so_many_uses_and_the_address_after_so_many_ports(family: int) -> None:
    wire = Wire(rule("proxy_condemned", ja4=[known(GO)], uses=2, moves=2, port_for=600, address_for=6000))
    more = {"family": family}
    assert ["iii", "iii", "iii", "ii-"] == [
        shake(wire, made, 40000 + at, **more) for at, made in enumerate([GO, CHROME_2023, CHROME_2023, GO])
    ]
    assert "---" == shake(wire, CHROME_2023, 40004, **more)
    assert "-" == (sides(wire.receive(segment(b"y", at=9, sport=40001, dport=443, **more))) or "-")
    assert "iii" == shake(wire, CHROME_2023, 40005, **more, dport=8443)
    assert "ii" == went(wire, VOICE, VOICE, **more, dport=3478)

    assert ["iii", "ii-"] == [shake(wire, GO, 40006 + at, **more, dport=8443) for at in range(2)]

    assert "---" == shake(wire, CHROME_2023, 40008, **more, dport=22)
    assert "-" == went(wire, VOICE, **more, dport=3478)
    assert ["port", "port", "address"] == [event.detail["what"] for event in wire.events if event.action == "condemn"]


def test_a_port_comes_back_in_time_and_an_address_too() -> None:
    wire = Wire(rule("proxy_condemned", ja4=[known(GO)], uses=1, moves=2, port_for=600, address_for=6000))
    assert "ii-" == shake(wire, GO, 40000)
    wire.wait(601)
    assert "ii-" == shake(wire, GO, 40001, dport=8443)
    wire.wait(5998)
    assert "---" == shake(wire, CHROME_2023, 40002)
    wire.wait(2)

    assert "iii" == shake(wire, CHROME_2023, 40003)


def test_three_uses_cost_a_port_for_an_hour_and_two_ports_an_address_for_a_day() -> None:
    wire = Wire(rule("proxy_condemned", ja4=[known(GO)]))
    assert ["iii", "iii", "ii-"] == [shake(wire, GO, 40000 + at) for at in range(3)]
    wire.wait(3599.9)
    assert "---" == shake(wire, CHROME_2023, 40010)
    wire.wait(0.2)
    assert "iii" == shake(wire, CHROME_2023, 40011)
    assert ["iii", "iii", "ii-"] == [shake(wire, GO, 40020 + at, dport=8443) for at in range(3)]
    wire.wait(86399.9)
    assert "---" == shake(wire, CHROME_2023, 40030, dport=22)
    wire.wait(0.2)

    assert "iii" == shake(wire, CHROME_2023, 40031, dport=22)


def test_another_address_is_not_held_responsible() -> None:
    wire = Wire(rule("proxy_condemned", ja4=[known(GO)], uses=1, moves=1))
    shake(wire, GO, 40000)

    assert "ii-" == shake(wire, GO, 40001, family=6)
    assert "---" == shake(wire, CHROME_2023, 40002)


def test_a_handshake_counts_once_however_often_its_client_speaks() -> None:
    wire = Wire(rule("proxy_condemned", names=["proxy.example.net"], uses=2))
    assert "iii" == shake(wire, GO, 40000)

    assert "ii" == "".join(sides(wire.receive(segment(b"z", at=3000 + at, sport=40000))) for at in range(2))
    assert ["match"] == wire.actions
