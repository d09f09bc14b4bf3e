"""What each way of putting pieces together sees of a ClientHello, however it arrives: one table says the rule."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor.hello import SEGMENTS_LOOKED_AT
from harness.lab.censor.packet import SYN
from harness.lab.censor.stream import LIMIT
from tests.lab.frames import Wire, rule, segment, shaken
from tests.lab.hellos import Made

BAD, GOOD = Made(name="www.facebook.com").record, Made(name="www.harmless.com").record
NAME = BAD.index(b"www.facebook.com")
AT, BEHIND = NAME + 6, NAME + len(b"www.facebook.com")
NONE, TCP, TLS, BOTH = "none", "tcp", "tls", "both"
ALL = {NONE, TCP, TLS, BOTH}
Pieces = list[tuple[int, bytes]]  # where in the stream, and what


def records(data: bytes, *cuts: int) -> bytes:
    """The message of one record in several, cut at those bytes of the record."""
    edges = [5, *cuts, len(data)]
    parts = [data[start:end] for start, end in itertools.pairwise(edges)]
    return b"".join(data[:3] + len(part).to_bytes(2, "big") + part for part in parts)


def segments(data: bytes, *cuts: int) -> Pieces:
    """The stream in segments, cut at those bytes."""
    edges = [0, *cuts, len(data)]
    return [(start, data[start:end]) for start, end in itertools.pairwise(edges)]


TWO = records(BAD, AT)
TAIL = (LIMIT, b"beyond")

# How it arrives, and which ways see its name.
ARRIVALS: dict[str, tuple[Pieces, set[str]]] = {
    "whole": ([(0, BAD)], ALL),
    "an innocent one": ([(0, GOOD)], set()),
    "in two segments": (segments(BAD, AT), {TCP, BOTH}),
    "in two segments, behind the name": (segments(BAD, BEHIND), ALL),
    "in many small segments": (segments(BAD, *range(8, len(BAD), 8)), {TCP, BOTH}),
    "its first four bytes alone": (segments(BAD, 4), {TCP, BOTH}),
    "in segments out of order": (segments(BAD, AT, AT + 4)[::-1], {TCP, BOTH}),
    "with a gap that is never filled": ([(0, BAD[:AT]), (AT + 4, BAD[AT + 4 :])], set()),
    "twice": ([(0, BAD), (0, BAD)], ALL),
    "its beginning, then all of it": ([(0, BAD[:20]), (0, BAD)], ALL),
    "another first in its place": ([(0, GOOD), (0, BAD)], set()),
    "its end overlapped by another's that came first": ([(AT, GOOD[AT:]), (AT, BAD[AT:]), (0, BAD[:AT])], set()),
    "its end overlapped by another's that came last": ([(AT, BAD[AT:]), (AT, GOOD[AT:]), (0, BAD[:AT])], {TCP, BOTH}),
    "behind bytes from before the stream": ([(-4, b"junk" + BAD)], {TCP, BOTH}),
    "behind one byte of junk": ([(0, b"x"), (1, BAD)], {NONE, TLS}),
    "behind a record of another kind": ([(0, b"\x15\3\3\0\2\1\0" + BAD)], set()),
    "in two records": ([(0, TWO)], {TLS, BOTH}),
    "in two records, behind the name": ([(0, records(BAD, BEHIND))], ALL),
    "in records of one byte": ([(0, records(BAD, *range(6, len(BAD))))], {TLS, BOTH}),
    "in two records, each a segment": (segments(TWO, AT), {BOTH}),
    "in two records, cut elsewhere": (segments(TWO, NAME - 10), {BOTH}),
    "in two records, out of order": (segments(TWO, AT, AT + 20)[::-1], {BOTH}),
    "behind as much as is looked at by itself": (
        [*((9 * at, b"SSH-2.0-x") for at in range(SEGMENTS_LOOKED_AT - 1)), (9 * SEGMENTS_LOOKED_AT, BAD)],
        {NONE, TLS},
    ),
    "behind more than is looked at": (
        [*((9 * at, b"SSH-2.0-x") for at in range(SEGMENTS_LOOKED_AT)), (9 * SEGMENTS_LOOKED_AT, BAD)],
        set(),
    ),
    "with something beyond what is kept": ([TAIL, (0, BAD)], ALL),
}  # fmt: skip


def met(how: str, pieces: Sequence[tuple[int, bytes]], family: int = 4) -> bool:
    """True where the rule found its name, once and in the last piece or not at all."""
    wire = Wire(rule("sni_drop", names=["facebook.com"], reassembly=how))
    shaken(wire, family=family)
    for at, data in pieces:
        wire.receive(segment(data, at=1 + at, family=family))
    assert wire.actions in ([], ["match", "drop"])
    return bool(wire.actions)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("arrival", ARRIVALS)
def test_each_way_sees_what_it_puts_together_and_no_more(arrival: str, family: int) -> None:
    pieces, seen = ARRIVALS[arrival]

    assert seen == {how for how in ALL if met(how, pieces, family)}


@pytest.mark.parametrize("family", [4, 6])
def test_a_decoy_that_the_server_will_not_take_counts_as_what_came_first(family: int) -> None:
    """Neither a wrong checksum nor a TTL that ends on the way is looked at: this is how decoys work."""
    wrong = bytearray(segment(GOOD, family=family, ttl=4))
    wrong[{4: 50, 6: 70}[family]] ^= 0xFF
    for how in ALL:
        wire = Wire(rule("sni_drop", names=["facebook.com"], reassembly=how))
        shaken(wire, family=family)
        wire.receive(bytes(wrong))
        wire.receive(segment(BAD, family=family))

        assert [] == wire.actions


@pytest.mark.parametrize("family", [4, 6])
def test_flows_whose_pieces_alternate_are_put_together_each_by_itself(family: int) -> None:
    for how, found in ((BOTH, True), (TCP, True), (NONE, False)):
        wire = Wire(rule("sni_drop", names=["facebook.com"], reassembly=how))
        ends = [{"sport": sport, "family": family} for sport in (40000, 40001, 40002)]
        for one in ends:
            shaken(wire, **one)
        met = [segments(data, *range(40, len(data), 40)) for data in (GOOD, BAD, GOOD)]
        for row in itertools.zip_longest(*met):
            for one, piece in zip(ends, row, strict=True):
                if piece:
                    wire.receive(segment(piece[1], at=1 + piece[0], **one))

        assert ({40001} if found else set()) == {event.flow.sport for event in wire.events if event.flow}


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("how", sorted(ALL))
def test_what_a_syn_carries_is_the_beginning_of_the_stream(how: str, family: int) -> None:
    """TCP Fast Open (RFC 7413): the first bytes come with the SYN, whose own number lies before them."""
    whole, cut = (Wire(rule("sni_drop", names=["facebook.com"], reassembly=how)) for _ in range(2))
    whole.receive(segment(BAD, at=0, flags=SYN, family=family))
    cut.receive(segment(BAD[:AT], at=0, flags=SYN, family=family))
    cut.receive(segment(BAD[AT:], at=1 + AT, family=family))

    assert (["match", "drop"], how in {TCP, BOTH}) == (whole.actions, bool(cut.actions))


@pytest.mark.parametrize("how", sorted(ALL))
def test_a_syn_with_other_numbers_begins_the_connection_anew_whoever_will_take_it(how: str) -> None:
    wire = Wire(rule("sni_drop", names=["facebook.com"], reassembly=how))
    shaken(wire)
    wire.receive(segment(at=100_000, flags=SYN, ttl=4))
    wire.receive(segment(BAD))

    assert (how in {NONE, TLS}) == bool(wire.actions)  # who counts from the decoy's number waits elsewhere


@pytest.mark.parametrize("how", [TCP, BOTH])
@given(data=st.data())
def test_however_a_hello_is_cut_shuffled_and_sent_again_it_is_seen(how: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(BAD) - 1), max_size=9)))
    pieces = segments(BAD, *cuts)
    again = data.draw(st.lists(st.sampled_from(pieces), max_size=4))

    assert met(how, data.draw(st.permutations(pieces + again)))


@given(data=st.data())
def test_however_a_hello_is_cut_into_records_and_segments_it_is_seen(data: st.DataObject) -> None:
    whole = records(BAD, *sorted(data.draw(st.sets(st.integers(6, len(BAD) - 1), max_size=6))))
    pieces = segments(whole, *sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=6))))

    assert met(BOTH, data.draw(st.permutations(pieces)))


@pytest.mark.parametrize("how", sorted(ALL))
@given(data=st.data())
def test_however_an_innocent_hello_is_cut_nothing_is_seen(how: str, data: st.DataObject) -> None:
    pieces = segments(GOOD, *sorted(data.draw(st.sets(st.integers(1, len(GOOD) - 1), max_size=9))))

    assert not met(how, data.draw(st.permutations(pieces)))
