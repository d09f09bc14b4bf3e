"""Rules about addresses, packet by packet: endpoints, shares, families, lost routes, a hoster's prefixes."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from harness.lab.censor.hops import Routers, router
from harness.lab.censor.packet import ACK, ICMP, ICMP6, INTERNET, RST, SYN, Packet
from tests.lab.conftest import hello
from tests.lab.frames import CLIENT, SERVER_AT, Wire, datagram, framed, opening, packed, rule, segment, sides

FAMILIES = pytest.mark.parametrize("family", [4, 6])
BOTH = [SERVER_AT[4], SERVER_AT[6]]
OTHER = {4: "192.5.5.241", 6: "2001:500:2f::f"}


def to(wire: Wire, address: str, sport: int = 40000, dport: int = 53) -> str:
    """Where a datagram to that address went, and the answer to it."""
    more: dict[str, Any] = {"to": address, "family": 6 if ":" in address else 4, "sport": sport, "dport": dport}
    out = sides(wire.receive(datagram(b"one", **more)))
    return out + sides(wire.receive(datagram(b"two", back=True, **more), INTERNET))


def addresses(family: int, count: int) -> list[str]:
    """Many addresses of one prefix."""
    if family == 4:
        return [f"198.41.{number // 250}.{number % 250 + 1}" for number in range(count)]
    return [f"2001:503:ba3e::{number:x}" for number in range(1, count + 1)]


# Pairs of address and port.


@FAMILIES
def test_only_the_pair_of_address_and_port_is_silent_each_time(family: int) -> None:
    ends = [f"{SERVER_AT[4]}:853", f"[{SERVER_AT[6]}]:853", f"{OTHER[4]}:443", f"[{OTHER[6]}]:443"]
    wire = Wire(rule("endpoint_drop", endpoints=ends))
    tries = [(SERVER_AT, 443), (SERVER_AT, 853), (OTHER, 853), (SERVER_AT, 853), (SERVER_AT, 852), (OTHER, 443)]

    went = [to(wire, at[family], 40000 + number, port) for number, (at, port) in enumerate(tries)]

    assert ["ic", "", "ic", "", "ic", ""] == went
    assert ["drop"] * 3 == wire.actions


@FAMILIES
def test_an_endpoint_of_one_protocol_is_open_to_the_other(family: int) -> None:
    wire = Wire(rule("endpoint_drop", endpoints=[f"{SERVER_AT[4]}:443", f"[{SERVER_AT[6]}]:443"], protocols=["udp"]))

    assert "" == to(wire, SERVER_AT[family], dport=443)
    assert "i" == sides(wire.receive(opening(family=family)))


# A share of the addresses.


@FAMILIES
def test_a_share_of_the_addresses_is_silent_and_always_the_same_ones(family: int) -> None:
    wire = Wire(rule("address_partial", prefixes=["198.41.0.0/16", "2001:503:ba3e::/48"], share=0.5))
    every = addresses(family, 200)

    first = [to(wire, address, 40000) for address in every]
    again = [to(wire, address, 40001) for address in every]

    assert first == again
    assert 75 <= first.count("") <= 125
    assert {"", "ic"} == set(first)


@pytest.mark.parametrize(("share", "went"), [(0, "ic"), (1, "")])
def test_none_or_all_of_them_may_be_on_the_list(share: float, went: str) -> None:
    wire = Wire(rule("address_partial", prefixes=["198.41.0.0/16"], share=share))

    assert {went} == {to(wire, address) for address in addresses(4, 20)}
    assert "ic" == to(wire, OTHER[4])


# One family.


def test_ipv4_is_silent_and_ipv6_is_not() -> None:
    wire = Wire(rule("ipv4_blackhole", prefixes=BOTH))

    assert ["ic", "", "ic", "", "ic"] == [
        to(wire, address, 40000 + at)
        for at, address in enumerate((SERVER_AT[6], SERVER_AT[4], OTHER[4], SERVER_AT[4], SERVER_AT[6]))
    ]
    assert ["drop", "drop"] == wire.actions


@pytest.mark.parametrize(("families", "went"), [([], ["", ""]), ([4], ["", "i"]), ([6], ["i", ""]), ([4, 6], ["", ""])])
def test_any_rule_may_be_about_one_family(families: list[int], went: list[str]) -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"], families=families))

    def greet(family: int) -> str:
        wire.receive(opening(family=family))
        return sides(wire.receive(segment(hello("www.facebook.com"), family=family)))

    assert went == [greet(4), greet(6)]


# No route.


def error(frame: bytes) -> tuple[int, int, str]:
    """Type, code and sender of an ICMP error."""
    packet = Packet(frame, INTERNET)
    assert packet.proto in {ICMP, ICMP6}
    return (
        packet.raw[packet.head],
        packet.raw[packet.head + 1],
        socket.inet_ntop(socket.AF_INET if packet.four else socket.AF_INET6, packet.source),
    )


def named(family: int, position: int) -> str:
    """A router's address."""
    return socket.inet_ntop(socket.AF_INET if family == 4 else socket.AF_INET6, router(family == 4, position))


@FAMILIES
def test_a_router_answers_that_there_is_no_route_each_time(family: int) -> None:
    wire = Wire(rule("route_withdrawn", prefixes=BOTH), routers=Routers(before=2, after=5))
    kind = {4: (3, 0), 6: (1, 0)}[family]

    for at in range(2):
        assert "ic" == to(wire, OTHER[family], 41000 + at)
        ((side, frame),) = wire.receive(opening(family=family, sport=40000 + at))
        assert (CLIENT, (*kind, named(family, 2))) == (side, error(frame))

    assert ["icmp", "icmp"] == wire.actions


@FAMILIES
@pytest.mark.parametrize(
    ("ttl", "position", "kinds"),
    [
        (3, 3, {4: (11, 0), 6: (3, 0)}),
        (5, 5, {4: (11, 0), 6: (3, 0)}),
        (6, 5, {4: (3, 0), 6: (1, 0)}),
        (64, 5, {4: (3, 0), 6: (1, 0)}),
    ],
)
def test_the_router_stands_some_way_on_and_nearer_ones_end_a_shorter_ttl(
    family: int, ttl: int, position: int, kinds: dict[int, tuple[int, int]]
) -> None:
    wire = Wire(rule("route_withdrawn", prefixes=BOTH, distance=3), routers=Routers(before=2, after=5))

    ((_, frame),) = wire.receive(opening(family=family, ttl=ttl))

    assert (*kinds[family], named(family, position)) == error(frame)


@FAMILIES
def test_the_error_quotes_the_packet_with_the_ttl_that_it_had_there(family: int) -> None:
    wire = Wire(rule("route_withdrawn", prefixes=BOTH, distance=3), routers=Routers(before=2, after=5))

    ((_, frame),) = wire.receive(opening(family=family, ttl=64))

    quoted = Packet(frame, INTERNET).payload
    assert 64 - 2 - 3 == quoted[8 if family == 4 else 7]


@FAMILIES
def test_a_prefix_announced_by_somebody_else_is_silent(family: int) -> None:
    wire = Wire(rule("route_withdrawn", prefixes=BOTH, answer="silence"))

    assert "c" == to(wire, SERVER_AT[family])  # what comes from there has a way to us
    assert ["drop"] == wire.actions


@FAMILIES
def test_without_a_route_to_us_our_packets_leave_and_no_answer_comes(family: int) -> None:
    wire = Wire(rule("route_withdrawn", of="own", families=[family]))

    assert ["i", "i"] == [to(wire, at[family]) for at in (SERVER_AT, OTHER)]
    assert "ic" == to(wire, SERVER_AT[10 - family])


def ping(family: int, kind: int | None = None, *, back: bool = False) -> bytes:
    """An echo request, or another message of ICMP."""
    frame = bytearray(datagram(bytes(8), family=family, back=back))
    frame[{4: 23, 6: 20}[family]] = {4: ICMP, 6: ICMP6}[family]
    frame[{4: 34, 6: 54}[family]] = {4: 8, 6: 128}[family] if kind is None else kind
    return bytes(frame)


@FAMILIES
@pytest.mark.parametrize(
    ("behaviour", "more"),
    [
        ("route_withdrawn", {"prefixes": BOTH}),
        ("icmp_reject", {"prefixes": BOTH}),
        ("blackout", {"answer": "unreachable"}),
    ],
)
def test_an_icmp_error_is_never_answered_by_one(behaviour: str, more: dict[str, Any], family: int) -> None:
    wire = Wire(rule(behaviour, **more))
    unreachable = {4: 3, 6: 1}[family]

    assert "" == sides(wire.receive(ping(family, unreachable)))
    assert "c" == sides(wire.receive(ping(family)))


# Whole addresses.


@FAMILIES
@pytest.mark.parametrize("behaviour", ["address_blackhole", "address_refuse"])
def test_pings_and_datagrams_to_a_listed_address_are_dead_too(behaviour: str, family: int) -> None:
    wire = Wire(rule(behaviour, prefixes=BOTH))

    assert ["", ""] == [sides(wire.receive(frame)) for frame in (ping(family), datagram(b"x", family=family))]
    assert ["drop", "drop"] == wire.actions
    assert "ic" == to(wire, OTHER[family])


@FAMILIES
@pytest.mark.parametrize("behaviour", ["address_blackhole", "address_partial"])
def test_a_listed_address_is_not_heard_from_either(behaviour: str, family: int) -> None:
    def called(**more: Any) -> str:
        wire = Wire(rule(behaviour, prefixes=BOTH, **more))
        return sides(wire.receive(segment(at=0, flags=SYN, back=True, family=family), INTERNET))

    share = {"share": 1} if behaviour == "address_partial" else {}
    assert ["", "c"] == [called(**share), called(**share, direction="out")]


# Prefixes of a hoster.

EDGES = {
    "drop": ["104.16.0.0/13", "2606:4700::/32"],
    "open": ["104.17.0.0/16", "2606:4700:10::/48"],
    "refuse": ["104.18.0.0/16", "2606:4700:20::/48"],
    "freeze": ["104.19.0.0/16", "2606:4700:30::/48"],
}


def syn(address: str, sport: int) -> bytes:
    frame = opening(family=6 if ":" in address else 4, sport=sport)
    packet = Packet(frame, CLIENT)
    return framed(frame[14:].replace(packet.target, packed(address), 1))


@pytest.mark.parametrize(
    ("address", "went"),
    [
        ("104.16.1.1", ""),
        ("104.17.1.1", "i"),
        ("104.18.1.1", "c"),
        ("104.24.0.1", "i"),
        ("2606:4700::1", ""),
        ("2606:4700:10::1", "i"),
        ("2606:4700:20::1", "c"),
        ("2606:4800::1", "i"),
    ],
)
def test_the_longest_prefix_says_what_becomes_of_a_connection(address: str, went: str) -> None:
    wire = Wire(rule("hoster_prefix", **EDGES))

    assert [went, went] == [sides(wire.receive(syn(address, 40000 + at))) for at in range(2)]
    assert {"": ["drop"] * 2, "i": [], "c": ["rst"] * 2}[went] == wire.actions


def test_a_refusal_is_a_reset_that_answers_the_syn() -> None:
    ((_, frame),) = Wire(rule("hoster_prefix", **EDGES)).receive(syn("104.18.1.1", 40000))

    assert RST | ACK == Packet(frame, INTERNET).flags


@pytest.mark.parametrize("address", ["104.19.1.1", "2606:4700:30::1"])
def test_a_frozen_prefix_lets_twenty_five_packets_through_both_ways_counted(address: str) -> None:
    wire = Wire(rule("hoster_prefix", **EDGES))

    went = "".join(to(wire, address) for _ in range(14))

    assert "ic" * 12 + "i" == went
    assert ["freeze"] == wire.actions
    assert "i" == sides(wire.receive(datagram(b"x", to=address, family=6 if ":" in address else 4, sport=40001)))
