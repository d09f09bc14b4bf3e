"""Rules about what calls begin with, without a network: DTLS, Discord, whatever is not recognised, losses in spells."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor import dtls, fingerprint
from harness.lab.censor.behaviours.udp_unknown_drop import entropy
from tests.lab import dtls_packets, initial_packets, quic_client
from tests.lab.conftest import query
from tests.lab.dtls_packets import CHROME_124, CHROME_JA3, CHROME_JA4, FIREFOX_127, flight, server_hello, with_cookie
from tests.lab.frames import Wire, datagram, rule, sides
from tests.lab.test_datagram_rules import DATA, INITIATION, REQUEST, VOICE, call, went

HELLO = flight(dtls_packets.CLIENT_HELLO, CHROME_124)
NEWER = flight(dtls_packets.CLIENT_HELLO, FIREFOX_127)
OLDER = flight(dtls_packets.CLIENT_HELLO, b"\xfe\xff" + CHROME_124[2:])
OTHER = flight(dtls_packets.CLIENT_HELLO, CHROME_124.replace(bytes.fromhex("c02bc02f"), bytes.fromhex("c02fc030")))
GROUPS, MASTER = 10, 23


def test_a_browsers_hello_has_the_fingerprints_that_others_see() -> None:
    seen = dtls.client_hello(CHROME_124)

    assert (CHROME_JA4, CHROME_JA3) == (fingerprint.ja4(seen, "d"), fingerprint.ja3_digest(seen))


def test_a_hello_that_is_sent_again_with_a_cookie_is_the_same_hello() -> None:
    assert dtls.client_hello(CHROME_124) == dtls.client_hello(with_cookie(CHROME_124))


def test_a_browser_that_offers_1_3_is_known_by_it() -> None:
    assert "dd3i" == fingerprint.ja4(dtls.client_hello(FIREFOX_127), "d")[:4]


@quic_client.aioquic  # which brings pyOpenSSL along
def test_what_openssl_sends_first_is_read_whole() -> None:
    ((kind, body),) = dtls.messages(dtls_packets.of_openssl())

    assert (dtls.CLIENT_HELLO, True, 0xFEFD) == (kind, dtls.client_hello(body).whole, dtls.client_hello(body).newest)


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_bytes_make_the_reader_raise(junk: bytes, at: int) -> None:
    for data in (junk, HELLO[:at] + junk + HELLO[at + len(junk) :]):
        for _, body in dtls.messages(data):
            assert len(body) < len(data)
            dtls.client_hello(body)
            dtls.server_hello(body)


@pytest.mark.parametrize("family", [4, 6])
def test_a_call_dies_shortly_after_a_known_hello_and_other_calls_live(family: int) -> None:
    wire = Wire(rule("dtls_fingerprint", ja4=[CHROME_JA4], delay="500ms"))
    seen = []
    for at, hello in enumerate([OTHER, HELLO, OTHER, HELLO, NEWER]):
        more = {"family": family, "dport": 50000, "sport": 40000 + at}
        seen.append(went(wire, REQUEST, hello, **more))
        wire.wait(0.45)
        seen[-1] += went(wire, VOICE, **more)
        wire.wait(0.1)
        seen[-1] += went(wire, VOICE, **more) + went(wire, VOICE, **more, back=True)

    assert ["iiiic", "iii--", "iiiic", "iii--", "iiiic"] == seen
    assert ["match", "drop"] * 2 == wire.actions
    assert CHROME_JA4 == wire.events[0].detail["shown"]


@pytest.mark.parametrize(
    ("params", "hello", "seen"),
    [
        ({"ja3": [CHROME_JA3]}, HELLO, "-"),
        ({"ja3": [CHROME_JA3]}, flight(1, with_cookie(CHROME_124)), "-"),
        ({"ja3": ["0" * 32]}, HELLO, "i"),
        ({"ja4": ["dd2i*_c45550529adf_*"]}, HELLO, "-"),
        ({"ja4": ["dd2i*"]}, NEWER, "i"),
        ({}, OTHER, "-"),
        ({}, NEWER, "i"),
        ({"newest": ["1.3"]}, NEWER, "-"),
        ({"newest": ["1.0"]}, HELLO, "i"),
        ({"newest": ["1.0"]}, OLDER, "-"),
        ({}, OLDER, "-"),
        ({"exempt_prefixes": ["198.41.0.0/16"]}, HELLO, "i"),
        ({"ports": ["443"]}, HELLO, "i"),
    ],
)
def test_what_of_a_hello_the_rule_is_about(params: Any, hello: bytes, seen: str) -> None:
    assert seen == went(Wire(rule("dtls_fingerprint", delay=0, **params)), hello, dport=50000)


@pytest.mark.parametrize(
    "evasion",
    [
        flight(1, CHROME_124[:60], of=len(CHROME_124)),
        flight(1, CHROME_124, epoch=1),
        b"\x17" + HELLO[1:],
        HELLO[:-1],
        b"\x16\x03\x03" + HELLO[3:],
    ],
    ids=["fragment", "encrypted", "application data", "cut short", "TLS"],
)
def test_what_is_no_whole_hello_in_the_clear_passes(evasion: bytes) -> None:
    assert "i" == went(Wire(rule("dtls_fingerprint", delay=0)), evasion, dport=50000)


def test_the_hello_counts_on_the_side_that_the_rule_names() -> None:
    wire = Wire(rule("dtls_fingerprint", delay=0, of="server"))

    assert "i" == went(wire, HELLO, dport=50000)
    assert "-" == went(wire, HELLO, dport=50000, back=True)


@pytest.mark.parametrize(
    ("mark", "seen"), [("client_hello", "iii"), ("server_groups", "-ii"), ("verify_request", "ii-")]
)
def test_answers_give_a_library_away_too(mark: str, seen: str) -> None:
    answers = [
        flight(dtls_packets.SERVER_HELLO, server_hello(MASTER, GROUPS)),
        flight(dtls_packets.SERVER_HELLO, server_hello(MASTER)),
        flight(dtls_packets.HELLO_VERIFY_REQUEST, b"\xfe\xfd\x14" + bytes(20)),
    ]
    wires = [Wire(rule("dtls_fingerprint", mark=mark, of="client", delay=0)) for _ in answers]

    assert seen == "".join(went(wire, each, dport=50000) for wire, each in zip(wires, answers, strict=True))


def test_a_handshake_after_its_sentence_is_judged_anew() -> None:
    wire = Wire(rule("dtls_fingerprint", delay=0, residual={"key": "4tuple", "seconds": 30}))
    assert "--" == went(wire, HELLO, VOICE, dport=50000)
    wire.wait(31)

    assert "i-" == went(wire, VOICE, HELLO, dport=50000)


ASKED = b"\0\x01\0\x46" + (123456).to_bytes(4, "big") + bytes(66)
TOLD = b"\0\x02\0\x46" + (123456).to_bytes(4, "big") + b"203.0.113.5".ljust(64, b"\0") + b"\xc3\x50"


@pytest.mark.parametrize("family", [4, 6])
def test_discords_question_vanishes_and_the_voice_around_it_passes(family: int) -> None:
    wire = Wire(rule("discord_discovery_drop"))
    more = {"family": family, "dport": 50010}

    assert "i-i-" == went(wire, VOICE, ASKED, VOICE, ASKED, **more)
    assert "c" == went(wire, TOLD, **more, back=True)
    assert ["match", "drop"] == wire.actions


@pytest.mark.parametrize(
    ("payload", "dport", "seen"),
    [
        (ASKED, 50000, "-"),
        (ASKED, 50100, "-"),
        (ASKED, 50101, "i"),
        (ASKED, 49999, "i"),
        (ASKED, 19293, "i"),
        (ASKED, 19294, "-"),
        (ASKED, 19344, "-"),
        (ASKED, 19345, "i"),
        (ASKED + b"\0", 50000, "i"),
        (ASKED[:-1], 50000, "i"),
        (ASKED[:-1] + b"\1", 50000, "i"),
        (ASKED[:7] + b"\xff\0" + ASKED[9:], 50000, "-"),
        (ASKED[:7] + b"\0\xff" + ASKED[9:], 50000, "i"),
        (TOLD, 50000, "i"),
    ],
)
def test_the_question_is_known_by_ports_size_and_zeros(payload: bytes, dport: int, seen: str) -> None:
    assert seen == went(Wire(rule("discord_discovery_drop")), payload, dport=dport)


def test_a_decoy_ahead_of_the_question_defeats_who_looks_at_the_first_datagram_alone() -> None:
    wire = Wire(rule("discord_discovery_drop", first=1))

    assert "ii" == went(wire, b"decoy", ASKED, dport=50000)
    assert "-" == went(wire, ASKED, dport=50000, sport=40001)


NTP = b"\x23" + bytes(47)
KNOWN = {
    "dns": query("example.org"),
    "ntp": NTP,
    "stun": REQUEST,
    "dtls": HELLO,
    "quic": initial_packets.VERSION_1,
    "quic 2": initial_packets.VERSION_2,
}


@pytest.mark.parametrize("family", [4, 6])
def test_what_is_not_recognised_vanishes_with_its_flow(family: int) -> None:
    wire = Wire(rule("udp_unknown_drop"))
    seen = ""
    for at, first in enumerate([*KNOWN.values(), INITIATION, REQUEST, os.urandom(200), REQUEST, DATA]):
        more = {"family": family, "dport": 3478, "sport": 40000 + at}
        seen += went(wire, first, VOICE, **more) + went(wire, VOICE, **more, back=True) + " "

    assert "iic " * 6 + "--- iic --- iic --- " == seen
    assert ["match", "drop"] * 3 == wire.actions


@pytest.mark.parametrize(("first", "seen"), [(0x03, "-"), (0x0B, "i"), (0x23, "i"), (0x2B, "-"), (0xE3, "i")])
def test_a_question_for_the_time_is_of_versions_1_to_4(first: int, seen: str) -> None:
    assert seen == went(Wire(rule("udp_unknown_drop")), bytes([first]) + NTP[1:])


def test_a_handshake_that_gives_itself_away_is_lost_half_a_second_later_where_nothing_else_is_said() -> None:
    wire = Wire(rule("dtls_fingerprint"))
    assert "i" == went(wire, HELLO, dport=50000)
    wire.wait(0.499)
    assert "i" == went(wire, VOICE, dport=50000)
    wire.wait(0.002)

    assert "-" == went(wire, VOICE, dport=50000)


@pytest.mark.parametrize("size", [20, 24])
def test_a_question_for_the_time_with_a_digest_is_recognised_too(size: int) -> None:
    assert "i-" == went(Wire(rule("udp_unknown_drop")), NTP + bytes(size)) + went(
        Wire(rule("udp_unknown_drop")), NTP + bytes(size + 1)
    )


@pytest.mark.parametrize("known", ["dns", "ntp", "stun", "dtls", "quic"])
def test_a_protocol_that_the_rule_does_not_know_vanishes_too(known: str) -> None:
    others = [one for one in ("dns", "ntp", "stun", "dtls", "quic") if one != known]
    seen = [went(Wire(rule("udp_unknown_drop", known=others)), KNOWN[one]) for one in (known, others[0])]

    assert ["-", "i"] == seen


@pytest.mark.parametrize(
    "payload",
    [
        NTP[:-1],
        b"\x24" + NTP[1:],
        b"\x83" + NTP[1:],
        initial_packets.VERSION_1[:1199],
        b"\x17\xfe\xfb" + bytes(40),
        b"",
    ],
    ids=["short ntp", "ntp answer", "no version of ntp", "small quic", "no version of dtls", "empty"],
)
def test_what_only_looks_like_a_protocol_is_not_recognised(payload: bytes) -> None:
    assert "-" == went(Wire(rule("udp_unknown_drop")), payload, dport=3478)


def test_a_decoy_of_a_known_protocol_ahead_defeats_it_and_one_behind_does_not() -> None:
    wire = Wire(rule("udp_unknown_drop"))

    assert "ii" == went(wire, REQUEST, INITIATION, dport=51820)
    assert "--" == went(wire, INITIATION, REQUEST, dport=51820, sport=40001)


@pytest.mark.parametrize(("payload", "seen"), [(bytes(range(128)), "-"), (bytes(range(127)), "i"), (bytes(148), "i")])
def test_only_what_looks_random_vanishes_where_the_rule_says_so(payload: bytes, seen: str) -> None:
    assert seen == went(Wire(rule("udp_unknown_drop", entropy=7.0)), payload, dport=51820)


def test_entropy_is_that_of_shannon() -> None:
    assert [0, 1, 8] == [entropy(data) for data in (b"aaaa", b"abab", bytes(range(256)))]


def test_a_server_may_be_lost_with_what_is_not_recognised() -> None:
    wire = Wire(rule("udp_unknown_drop", residual={"seconds": 60}))
    went(wire, INITIATION, dport=3478)
    assert "-" == went(wire, REQUEST, dport=3478, sport=40001)
    wire.wait(61)

    assert "i" == went(wire, REQUEST, dport=3478, sport=40002)


@pytest.mark.parametrize("family", [4, 6])
def test_voice_is_lost_in_one_spell_of_each_ten_seconds(family: int) -> None:
    prefixes = ["198.41.0.0/16", "2001:503:ba3e::/48"]  # in place of Discord's
    wire = Wire(rule("udp_loss_bursts", prefixes=prefixes, ports=["3478"], loss=1.0, lasting="4s"))
    came = call(wire, 1500, family=family)

    lost = set(range(1500)) - set(came)
    assert {0, 500, 1000} == {number // 500 * 500 for number in lost}
    assert all(number % 500 < 201 for number in lost)
    assert 600 == pytest.approx(len(lost), abs=6)
    assert ["lose"] == wire.actions


@pytest.mark.parametrize(
    ("to", "seen"),
    [("104.29.135.255", "i"), ("104.29.136.0", "-"), ("104.29.159.255", "-"), ("104.29.160.0", "i")],
)
def test_spells_come_over_discords_voice_servers_alone(to: str, seen: str) -> None:
    wire = Wire(rule("udp_loss_bursts", loss=1.0))

    assert seen == (sides(wire.receive(datagram(VOICE, dport=50050, to=to))) or "-")


def test_where_nothing_else_is_said_nine_in_ten_are_lost_for_five_seconds_of_ten() -> None:
    came = call(Wire(rule("udp_loss_bursts")), 1500, to="104.29.136.1")
    within = [number for number in came if number % 500 < 250]

    assert 75 == pytest.approx(len(within), abs=6)
    assert 750 == pytest.approx(len(came) - len(within), abs=6)


def test_other_ports_and_prefixes_know_no_spells() -> None:
    wire = Wire(rule("udp_loss_bursts", prefixes=["198.41.0.4"], ports=["50000-50100"], loss=1.0))

    assert "i-i" == (
        went(wire, VOICE, dport=3478)
        + went(wire, VOICE, dport=50050)
        + sides(wire.receive(datagram(VOICE, dport=50050, to="198.41.0.5")))
    )
