"""Rules about QUIC without a network: names in Initials, connections that end behind their handshake, endpoints."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor import hello, quic_initial
from harness.lab.censor.packet import INTERNET
from tests.lab import initial_packets, quic_client
from tests.lab.frames import Wire, datagram, opening, rule, sides
from tests.lab.hellos import ECH, Made
from tests.lab.quic_client import crypto, initial, pieces
from tests.lab.test_pieces import cut

pytestmark = quic_client.aioquic

BAD, GOOD = "www.facebook.com", "example.org"
TSPU = ("quic_sni_drop", {"names": ["facebook.com"]})
GFW = ("quic_sni_residual", {"names": ["facebook.com"]})


def went(wire: Wire, *payloads: bytes, **more: Any) -> str:
    """Where datagrams of one flow went, `-` for nowhere; those marked by `back` are the server's."""
    side = INTERNET if more.get("back") else 0
    more.setdefault("dport", 443)
    return "".join(sides(wire.receive(datagram(payload, **more), side)) or "-" for payload in payloads)


@functools.cache
def first(name: str, version: int = 1) -> bytes:
    """The first datagram of a client that wants this name."""
    (data,) = quic_client.opening(name, version)
    return data


@functools.cache
def go(name: str) -> list[bytes]:
    """What quic-go sends first for this name."""
    return quic_client.of_sing_box(name)


@functools.cache
def bad_hello() -> bytes:
    return quic_client.hello(BAD)


def length(data: bytes) -> bytes:
    """How a CRYPTO frame says how long it is."""
    return crypto(0, data)[5:7]


def where(name: str, data: bytes) -> int:
    """The middle of a name in bytes."""
    return data.index(name.encode()) + len(name) // 2


def shown(*datagrams: bytes) -> str | None:
    """The name in the hello that the datagrams carry."""
    frames = sorted((one for each in datagrams for one in quic_initial.read(each)), key=lambda one: one.offset)
    return hello.told(b"".join(one.data for one in frames)).name


@pytest.mark.parametrize("packet", [initial_packets.VERSION_1, initial_packets.VERSION_2], ids=["9001", "9369"])
def test_the_initial_of_the_rfc_is_read(packet: bytes) -> None:
    (frame,) = quic_initial.read(packet)

    assert (bytes.fromhex("8394c8f03e515708"), 0, 241) == (frame.dcid, frame.offset, len(frame.data))
    assert "example.com" == hello.told(frame.data).name


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("long", [False, True])
def test_what_a_real_client_sends_first_is_read(version: int, long: bool) -> None:
    sent = quic_client.opening(BAD, version, long=long)

    assert (BAD, long) == (shown(*sent), len(sent) > 1)


@given(st.binary(max_size=200), st.integers(0, 1199))
def test_no_bytes_make_the_reader_raise(junk: bytes, at: int) -> None:
    damaged = initial_packets.VERSION_1[:at] + junk + initial_packets.VERSION_1[at + len(junk) :]

    for read in (quic_initial.read, quic_initial.read_unchecked):
        assert all(len(frame.data) <= len(damaged) for frame in read(damaged))
        assert all(len(frame.data) <= len(junk) for frame in read(junk))


@given(st.binary(max_size=100))
def test_no_frames_make_the_reader_raise(junk: bytes) -> None:
    assert all(len(frame.data) <= 1200 for frame in quic_initial.read(initial(junk)))


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("version", [1, 2])
def test_a_listed_name_silences_its_flow_and_no_other(family: int, version: int) -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1], versions=[1, 2]))

    seen = [
        went(wire, first(name, version), b"later", family=family, sport=40000 + at)
        + went(wire, b"answer", family=family, sport=40000 + at, back=True)
        for at, name in enumerate([GOOD, BAD, GOOD, BAD, GOOD])
    ]

    assert ["iic", "---", "iic", "---", "iic"] == seen
    assert ["match", "drop"] * 2 == wire.actions
    assert [BAD, ""] * 2 == [event.name for event in wire.events]


def test_padding_pings_and_acknowledgements_hide_nothing() -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1]))
    acks = b"\x02\x09\x40\x00\x01\x01\x02\x03" + b"\x03\x00\x00\x00\x00\x01\x02\x40\x03"

    assert "-" == went(wire, initial(b"\0\x01\0", acks, crypto(0, bad_hello())))


def test_the_name_is_found_behind_another_packet_of_the_datagram() -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1]))
    other = initial(b"\x01", dcid=b"another!")

    assert "-" == went(wire, other + initial(crypto(0, bad_hello())))


@pytest.mark.parametrize(("reassembly", "seen"), [("none", "i"), ("frames", "-"), ("datagrams", "-")])
@pytest.mark.parametrize("backwards", [False, True])
def test_frames_of_a_datagram_are_joined_where_the_rule_says_so(reassembly: str, seen: str, backwards: bool) -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1], reassembly=reassembly))
    cut = pieces(bad_hello(), 10, where(BAD, bad_hello()))

    assert seen == went(wire, initial(*(cut[::-1] if backwards else cut)))


@pytest.mark.parametrize(("reassembly", "seen"), [("none", "ii"), ("frames", "ii"), ("datagrams", "i-")])
@pytest.mark.parametrize("backwards", [False, True])
def test_datagrams_of_a_connection_are_joined_where_the_rule_says_so(
    reassembly: str, seen: str, backwards: bool
) -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1], reassembly=reassembly))
    cut = pieces(bad_hello(), where(BAD, bad_hello()))
    sent = [initial(piece, number=at) for at, piece in enumerate(cut)]

    assert seen == went(wire, *(sent[::-1] if backwards else sent))


def test_a_real_hello_over_several_datagrams_passes_who_does_not_join_them_where_the_name_lies_beyond_the_first() -> (
    None
):
    sent = quic_client.opening(BAD, long=True)
    name_ahead = BAD.encode() in b"".join(frame.data for frame in quic_initial.read(sent[0]))

    assert ("-" if name_ahead else "i") == went(Wire(rule(TSPU[0], **TSPU[1])), sent[0])
    assert went(Wire(rule(TSPU[0], **TSPU[1], reassembly="datagrams")), *sent).endswith("-")


@quic_client.sing_box
@pytest.mark.parametrize(("reassembly", "seen"), [("none", "ii"), ("frames", "ii"), ("datagrams", "i-")])
def test_quic_go_cuts_its_name_in_two_datagrams_and_hides_it_from_who_joins_none(reassembly: str, seen: str) -> None:
    sent = go(BAD)

    assert BAD == shown(*sent)
    assert seen == went(Wire(rule(TSPU[0], **TSPU[1], reassembly=reassembly)), *sent)


def test_what_came_first_stays_where_frames_overlap() -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1], reassembly="frames"))
    at = bad_hello().index(BAD.encode())
    other = crypto(at, b"www.example.com!")

    assert "i" == went(wire, initial(other, crypto(0, bad_hello())))


def test_hellos_of_two_connections_in_one_flow_are_not_mixed() -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1], reassembly="datagrams"))
    start, end = pieces(bad_hello(), where(BAD, bad_hello()))

    assert "ii" == went(wire, initial(start, dcid=b"the one "), initial(end, dcid=b"the othe"))


@pytest.mark.parametrize(
    ("payloads", "seen"),
    [
        (lambda: [first(GOOD), first(BAD)], "ii"),
        (lambda: [b"junk", first(BAD)], "i-"),
        (lambda: [first(BAD)[:1] + b"\x1a\x2a\x3a\x4a" + first(BAD)[5:]], "i"),
        (lambda: [bytes([first(BAD)[0] & 0x7F]) + first(BAD)[1:]], "i"),
        (lambda: [first(BAD, 2)], "i"),
        (lambda: [b"\x16\x03\x01" + bad_hello()], "i"),
    ],
    ids=["another initial ahead", "junk ahead", "unknown version", "short header", "version 2", "not quic"],
)
def test_evasions_of_a_box_that_reads_the_first_hello(payloads: Any, seen: str) -> None:
    assert seen == went(Wire(rule(TSPU[0], **TSPU[1])), *payloads())


@pytest.mark.parametrize(
    ("params", "more"),
    [
        ({"versions": [2]}, {}),
        ({"exempt_names": ["www.facebook.com"]}, {}),
        ({"exempt_prefixes": ["198.41.0.0/16"]}, {}),
        ({"match": "exact"}, {}),
        ({"probability": 0.0}, {}),
        ({}, {"dport": 8443}),
    ],
)
def test_what_the_rule_spares_passes(params: Any, more: Any) -> None:
    assert "ii" == went(Wire(rule(TSPU[0], **TSPU[1], **params)), first(BAD), b"later", **more)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("order", [1, -1])
def test_an_initial_in_fragments_is_judged_as_one_datagram(family: int, order: int) -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1]))
    seen = []
    for sport, name in enumerate([GOOD, BAD], 40000):
        parts = cut(datagram(first(name), family=family, sport=sport, dport=443), 600)
        seen.append("".join(sides(wire.receive(frame)) for frame in parts[::order]))

    assert ["i" * len(parts), ""] == seen
    assert ["match", "drop"] == wire.actions


def test_a_residual_of_a_drop_ends_in_time() -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1], residual={"key": "3tuple", "seconds": 60}))
    assert "-" == went(wire, first(BAD))
    assert "-" == went(wire, first(GOOD), sport=40001)

    wire.wait(60.1)

    assert "i" == went(wire, first(GOOD), sport=40002)


@pytest.mark.parametrize("family", [4, 6])
def test_the_initial_passes_and_the_clients_datagrams_after_it_vanish_once_the_latency_is_over(family: int) -> None:
    wire = Wire(rule(GFW[0], **GFW[1]))
    assert "ii" == went(wire, first(BAD), b"handshake", family=family)
    wire.wait(0.119)
    assert "i" == went(wire, b"handshake", family=family)

    wire.wait(0.002)

    assert "-" == went(wire, b"data", family=family)
    assert "c" == went(wire, b"data", family=family, back=True)
    assert ["match", "drop"] == wire.actions


def test_other_flows_to_the_server_are_lost_for_180_seconds_and_to_other_ports_not_at_all() -> None:
    wire = Wire(rule(GFW[0], **GFW[1], latency=0))
    went(wire, first(GOOD), sport=40001)
    went(wire, first(BAD))
    assert ["-", "-", "-", "i"] == [
        went(wire, b"data", sport=40001),
        went(wire, first(GOOD), sport=40002),
        went(wire, first(GOOD), sport=442),  # whatever its port, once the server is lost
        went(wire, first(GOOD), sport=40003, dport=8443),
    ]

    wire.wait(179.9)
    assert "-" == went(wire, first(GOOD), sport=40004)
    wire.wait(0.2)

    assert "i" == went(wire, first(GOOD), sport=40005)


@pytest.mark.parametrize(
    ("sport", "dport", "seen"), [(443, 443, "i"), (442, 443, "i"), (444, 443, "-"), (40000, 8443, "-")]
)
def test_only_a_client_whose_port_is_above_the_servers_is_looked_at(sport: int, dport: int, seen: str) -> None:
    wire = Wire(rule(GFW[0], **GFW[1], latency=0))
    assert "i" == went(wire, first(BAD), sport=sport, dport=dport)

    assert seen == went(wire, b"data", sport=sport, dport=dport)


@pytest.mark.parametrize(("pause", "seen"), [(59.9, "i"), (60.1, "-")])
def test_a_junk_datagram_ahead_defeats_it_until_the_flow_is_forgotten(pause: float, seen: str) -> None:
    wire = Wire(rule(GFW[0], **GFW[1], latency=0))
    assert "ii" == went(wire, b"junk", first(BAD))

    wire.wait(pause)

    assert "i" + seen == went(wire, first(BAD), b"data")


@pytest.mark.parametrize(("tried", "seen"), [([100], "i-"), ([100, 50], "ii")])
def test_a_flow_that_is_tried_while_it_is_held_is_forgotten_a_minute_after_that(tried: list[float], seen: str) -> None:
    wire = Wire(rule(GFW[0], **GFW[1], latency=0))
    went(wire, first(BAD))
    for pause in tried:
        wire.wait(pause)
        assert "-" == went(wire, b"data")

    wire.wait(180.1 - sum(tried))

    assert seen == went(wire, first(BAD), b"data")


@pytest.mark.parametrize(
    ("payloads", "seen"),
    [
        (lambda: [initial(crypto(0, bad_hello())), b"data"], "i-"),
        (lambda: [initial(crypto(0, bad_hello()).replace(length(bad_hello()), b"\x40\0")), b"data"], "i-"),
        (lambda: [first(GOOD), b"data"], "ii"),
        (lambda: [initial(b"\x01", crypto(0, bad_hello())), b"data"], "ii"),
        (lambda: [initial(crypto(0, bad_hello()))[:-1], b"data"], "ii"),
        (lambda: [initial(*pieces(bad_hello(), where(BAD, bad_hello()))), b"data"], "ii"),
        (lambda: [*(initial(one) for one in pieces(bad_hello(), where(BAD, bad_hello()))), b"data"], "iii"),
        (lambda: [first(BAD)[:1] + b"\x1a\x2a\x3a\x4a" + first(BAD)[5:], b"data"], "ii"),
        (lambda: [first(BAD, 2), b"data"], "ii"),
    ],
    ids=[
        "plain", "no length", "another name", "ping ahead", "last byte missing", "split over frames",
        "split over datagrams", "unknown version", "version 2",
    ],
)  # fmt: skip
def test_what_defeats_a_box_that_reads_the_first_datagram_and_what_does_not(payloads: Any, seen: str) -> None:
    assert seen == went(Wire(rule(GFW[0], **GFW[1], latency=0)), *payloads())


def test_the_packet_that_the_study_of_the_great_firewall_sends_is_read() -> None:
    wire = Wire(rule("quic_sni_residual", names=["google.com"], latency=0))

    assert "i-" == went(wire, initial_packets.GOOGLE, b"data", dport=444, sport=60001)
    assert ["google.com", ""] == [event.name for event in wire.events]


@pytest.mark.parametrize(("reassembly", "seen"), [("first", "ii"), ("none", "i-"), ("frames", "i-")])
def test_a_ping_ahead_defeats_who_reads_the_first_frame_alone(reassembly: str, seen: str) -> None:
    wire = Wire(rule(GFW[0], **GFW[1], latency=0, reassembly=reassembly))

    assert seen == went(wire, initial(b"\x01\0\0", crypto(0, bad_hello()), b"\x01"), b"data")


@pytest.mark.parametrize(("checked", "seen"), [(False, "-"), (True, "i")])
@pytest.mark.parametrize("cut", [1, 17, 600])
def test_a_missing_end_hides_nothing_from_who_looks_at_no_tag(checked: bool, seen: str, cut: int) -> None:
    wire = Wire(rule(TSPU[0], **TSPU[1], **({"checked": True} if checked else {})))

    assert seen == went(wire, initial(crypto(0, bad_hello()))[:-cut])


def test_who_looks_at_no_tag_finds_no_names_where_there_are_none() -> None:
    wire = Wire(rule("quic_sni_drop", names=["*"]))
    damaged = [
        bytes([0xC0 | at % 64]) + b"\0\0\0\x01" + bytes((at * 7 + place * 31) % 256 for place in range(1200))
        for at in range(64)
    ]

    assert "i" * 64 == "".join(went(wire, data, sport=40000 + at) for at, data in enumerate(damaged))


def test_a_verdict_that_comes_after_other_rules_hold_condemns_nobody() -> None:
    wire = Wire(rule(GFW[0], **GFW[1]))
    went(wire, first(BAD))
    wire.swap(rule(GFW[0], **GFW[1]))

    wire.wait(1)

    assert "i" == went(wire, first(GOOD), sport=40001)


def handshake(wire: Wire, **more: Any) -> str:
    """A connection up to its first data."""
    long = first(GOOD)
    return went(wire, long, **more) + went(wire, long, long, back=True, **more) + went(wire, long, **more)


@pytest.mark.parametrize("family", [4, 6])
def test_a_connection_is_lost_behind_its_handshake(family: int) -> None:
    wire = Wire(rule("quic_midflow_drop", packets=2))
    data = quic_client.short()

    for sport in (40000, 40001):
        more = {"family": family, "sport": sport}
        assert "icci" == handshake(wire, **more)
        assert "ic--" == went(wire, data, **more) + went(wire, data, back=True, **more) + went(
            wire, data, first(GOOD), **more
        )
    assert ["match", "drop"] * 2 == wire.actions


def test_datagrams_that_are_no_quic_and_handshakes_without_an_answer_are_no_connection() -> None:
    wire = Wire(rule("quic_midflow_drop"))
    data = quic_client.short()

    assert "iii" == went(wire, data, first(GOOD), data)
    assert "ii" == went(wire, first(GOOD), data, sport=40001)
    assert "icci" + "i" == handshake(wire, sport=40002, dport=8443) + went(wire, data, sport=40002, dport=8443)


def test_a_version_negotiation_is_no_handshake() -> None:
    wire = Wire(rule("quic_midflow_drop"))
    went(wire, first(GOOD))
    went(wire, b"\xc0" + bytes(4) + b"\0\0\0\0\0\x01", back=True)

    assert "i" == went(wire, quic_client.short())


@pytest.mark.parametrize("family", [4, 6])
def test_an_endpoint_is_silent_over_udp_and_reached_over_tcp(family: int) -> None:
    wire = Wire(rule("udp_endpoint", prefixes=["198.41.0.4/32", "2001:503:ba3e::2:30/128"]))

    assert "--" == went(wire, first(GOOD), b"x", family=family)
    assert "i" == sides(wire.receive(opening(family=family)))
    assert "i" == went(wire, first(GOOD), family=family, dport=8443)
    assert "i" == went(wire, first(GOOD), to={4: "198.41.0.5", 6: "2001:503:ba3e::2:31"}[family], family=family)


ECH_HELLO = Made(name="cloudflare-ech.com", kinds=(*Made().kinds, ECH), data={ECH: bytes(186)})


@pytest.mark.parametrize("family", [4, 6])
def test_ech_under_cloudflares_name_vanishes_over_quic_and_neither_alone(family: int) -> None:
    wire = Wire(rule("quic_ech_drop"))
    around = [
        ECH_HELLO.but(name=GOOD),
        ECH_HELLO,
        ECH_HELLO.but(kinds=Made().kinds),
        ECH_HELLO,
        ECH_HELLO.but(name=GOOD),
    ]

    seen = [
        went(wire, initial(crypto(0, made.message)), sport=40000 + at, family=family) for at, made in enumerate(around)
    ]

    assert ["i", "-", "i", "-", "i"] == seen
    assert ["match", "drop", "match", "drop"] == wire.actions


def test_an_ech_hello_over_two_datagrams_is_put_together() -> None:
    first_part, second_part = pieces(ECH_HELLO.message, 150)
    frames = initial(first_part), initial(second_part, number=1)

    assert "i-" == went(Wire(rule("quic_ech_drop")), *frames)
    assert "ii" == went(Wire(rule("quic_ech_drop", reassembly="frames")), *frames)
