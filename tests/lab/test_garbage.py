"""Garbage into every parser: nothing raises, and what cannot be read never passes."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.lab import rules
from harness.lab.censor import hello, host, preface, question
from harness.lab.censor.packet import ACK, SYN, NotIp, Packet, Piece, Unreadable
from harness.lab.censor.records import Records
from harness.lab.censor.rule import CompiledRule, compiled
from harness.lab.censor.stream import LIMIT, Stream
from harness.lab.world import Rule
from tests.lab import answering, losing
from tests.lab.conftest import hello as true_hello
from tests.lab.conftest import query
from tests.lab.each import behaviour
from tests.lab.frames import Wire, datagram, opening, rule, segment
from tests.lab.test_datagram_rules import INITIATION
from tests.lab.test_fragments import cut, headed

HELLO = true_hello("www.facebook.com")
FRAMES = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(lambda data: bytes(12) + b"\x08\0" + data),
    st.binary(max_size=200).map(lambda data: bytes(12) + b"\x08\0\x45\0" + data),
    st.binary(max_size=200).map(lambda data: bytes(12) + b"\x86\xdd\x60\0\0\0" + data),
)


@st.composite
def mangled(draw: st.DrawFn, whole: bytes) -> bytes:
    """Something true with a few bytes changed and the end cut off."""
    data = bytearray(whole[: draw(st.integers(0, len(whole)))])
    for _ in range(draw(st.integers(0, 4))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


TRUE_FRAMES = st.sampled_from(
    [opening(), segment(HELLO), datagram(query("facebook.com")), opening(family=6), segment(HELLO, family=6)]
)


@given(st.one_of(FRAMES, TRUE_FRAMES.flatmap(mangled)), st.integers(0, 1))
def test_no_frame_makes_the_parser_raise_anything_but_its_own(frame: bytes, side: int) -> None:
    try:
        packet = Packet(frame, side)
    except (NotIp, Piece, Unreadable):
        return
    assert packet.head <= packet.body <= packet.end <= len(frame)
    assert packet.key == Packet(frame, side).key
    assert len(packet.key) == len(packet.reverse_key)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (lambda size: size, b"question"),
        (lambda size: size - 3, b"quest"),  # its receiver takes no more
        (lambda size: 8, b""),
        (lambda size: 7, None),  # its receiver drops it
        (lambda size: size + 1, None),
        (lambda size: 0, None),
    ],
)
def test_a_datagram_is_read_up_to_its_own_end(said: Callable[[int], int], seen: bytes | None, family: int) -> None:
    frame = bytearray(datagram(b"question", family=family))
    at = {4: 38, 6: 58}[family]
    size = said(int.from_bytes(frame[at : at + 2], "big"))
    frame[at : at + 2] = size.to_bytes(2, "big")
    if size == 0 and family == 6:
        seen = b"question"  # as in a jumbogram, and for Linux in any other

    try:
        assert seen == Packet(bytes(frame), 0).payload
    except Unreadable:
        assert seen is None


def test_what_stands_behind_a_datagrams_end_hides_no_size_and_is_not_led_elsewhere() -> None:
    tail = bytearray(datagram(INITIATION + b"tail", dport=51820))
    tail[38:40] = (8 + 148).to_bytes(2, "big")
    asked = bytearray(datagram(query("facebook.com") + b"tail"))
    asked[38:40] = (8 + len(query("facebook.com"))).to_bytes(2, "big")

    assert [] == Wire(rule("wireguard_signature")).receive(bytes(tail))
    ((_, led),) = Wire(rule("dns_hijack", to=["195.208.4.1"])).receive(bytes(asked))
    assert (query("facebook.com"), len(led)) == (Packet(led, 0).payload, Packet(led, 0).end)


RULES = [
    compiled(rules.plain([rule(behaviour(which), **case.params)]), seed=1, generation=0)
    for which, case in {**losing.RULES, **answering.RULES}.items()
]
TAKES_ALL = rule("address_blackhole"), rule("blackout"), rule("domestic_only", allow=["192.0.2.1"], probability=1)

MORE = st.sampled_from(
    [
        segment(at=0, flags=SYN | ACK, back=True),
        segment(b"GET / HTTP/1.1\r\nHost: www.facebook.com\r\n\r\n", dport=80),
        segment(len(query("facebook.com")).to_bytes(2, "big") + query("facebook.com"), dport=53),
        segment(HELLO, back=True, family=6),
        datagram(INITIATION, dport=51820, family=6),
        *cut(segment(HELLO, family=4)),
        *cut(segment(HELLO, family=6)),
        headed(segment(HELLO, family=6), 0, 60),
        headed(datagram(query("facebook.com"), family=6), 44),
    ]
)
ANY = st.one_of(FRAMES, TRUE_FRAMES.flatmap(mangled), MORE, MORE.flatmap(mangled))
TRAFFIC = st.lists(st.tuples(st.integers(0, 1), ANY), max_size=12)


@settings(max_examples=500)  # some for each rule
@given(st.sampled_from(RULES), TRAFFIC)
def test_what_leaves_the_censor_has_been_read_as_a_whole_packet(
    only: list[CompiledRule], frames: list[tuple[int, bytes]]
) -> None:
    wire = Wire()
    wire.engine.swap(only)
    came: list[bytes] = []
    for side, frame in frames:
        came.append(frame)
        for to, out in [*wire.receive(frame, side), *wire.wait(0.5)]:
            try:
                Packet(out, 1 - to)
            except Piece:  # it goes on as it came, once its packet was whole
                assert out in came


@pytest.mark.parametrize("what", TAKES_ALL, ids=lambda one: one.behaviour)
@given(frames=TRAFFIC)
def test_under_a_rule_that_takes_everything_nothing_passes_whatever_comes(
    what: Rule, frames: list[tuple[int, bytes]]
) -> None:
    wire = Wire(what)

    assert [] == [out for side, frame in frames for out in wire.receive(frame, side)] + wire.wait(60)


@given(TRAFFIC)
def test_what_was_dropped_without_a_rule_is_logged_or_no_packet_of_ours(frames: list[tuple[int, bytes]]) -> None:
    wire = Wire()
    for side, frame in frames:
        logged = len(wire.events)
        if wire.receive(frame, side) or len(wire.events) > logged:
            continue
        try:
            Packet(frame, side)
        except (NotIp, Piece):  # neighbours are known for good; a piece waits for the others
            continue
        raise AssertionError(frame.hex())


@given(mangled(HELLO), st.booleans())
def test_a_mangled_hello_is_read_or_refused(data: bytes, join: bool) -> None:
    try:
        seen = hello.read(data, join=join)
    except hello.Other:
        return
    assert seen.name is None or isinstance(seen.name, str)


@given(st.one_of(st.binary(max_size=300), mangled(query("www.facebook.com"))))
def test_a_mangled_question_is_read_or_passed_over(data: bytes) -> None:
    asked = question.read(data)

    assert asked is None or data.startswith(asked.ident)


@given(
    st.lists(st.one_of(st.binary(max_size=60), mangled(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")), max_size=8),
    st.booleans(),
    st.booleans(),
)
def test_mangled_requests_never_raise(parts: list[bytes], each: bool, strict: bool) -> None:
    reader = host.HostReader(each=each, strict=strict)

    assert all(isinstance(one, host.Request) for part in parts for one in reader.add(part))


@given(st.binary(max_size=200), st.integers(1, 6))
def test_what_is_said_to_a_proxy_never_raises(data: bytes, first: int) -> None:
    assert isinstance(preface.beyond(bytes([first]) + data), bytes)
    assert isinstance(preface.beyond(b"CONNECT " + data), bytes)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=40)), max_size=40))
def test_segments_from_anywhere_never_make_more_than_the_limit(parts: list[tuple[int, bytes]]) -> None:
    stream = Stream(0)

    assert all(len(stream.add(seq, data)) <= LIMIT for seq, data in parts)


@given(st.data())
def test_a_stream_cut_and_shuffled_comes_out_as_it_was(data: st.DataObject) -> None:
    whole = data.draw(st.binary(min_size=1, max_size=120))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=8)) | {0, len(whole)})
    pieces = [(start, whole[start:end]) for start, end in itertools.pairwise(cuts)]
    stream = Stream(2**32 - 10)

    for start, piece in data.draw(st.permutations(pieces + pieces[:2])):
        out = stream.add((2**32 - 10 + start) % 2**32, piece)

    assert whole == out


@given(st.lists(st.one_of(st.binary(max_size=60), mangled(b"\x16\3\1\0\5\1\0\0\1\0\x17\3\3\0\1x")), max_size=8))
def test_mangled_records_and_framed_questions_never_raise(parts: list[bytes]) -> None:
    records, asked, at = Records(0), question.TcpReader("tcp", 0), 1
    for part in parts:
        records.add(at, part)
        assert all(isinstance(one, question.Question) for one in asked.add(at, part))
        at += len(part)
