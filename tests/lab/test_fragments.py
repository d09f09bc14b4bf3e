"""The stated policy for IP fragments and extension headers: judged as one packet, and sent on as they came or lost."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor import forge
from harness.lab.censor.fragments import HELD_FOR, MOST_DATAGRAMS, _cut4, _cut6
from harness.lab.censor.packet import CLIENT, ETHER, INTERNET
from tests.lab.conftest import hello, query
from tests.lab.frames import Wire, datagram, rule, segment, shaken, sides

BAD, GOOD = hello("www.facebook.com"), hello("www.harmless.com")
FAMILIES = pytest.mark.parametrize("family", [4, 6])
SETTINGS = ("none", "tcp", "tls", "both")
HOP, ROUTING, FRAGMENT, AUTHENTICATION, NONE, OPTIONS = 0, 43, 44, 51, 59, 60


def cut(frame: bytes, room: int = 88, ident: int = 7) -> list[bytes]:
    """A packet in fragments, as a link of so many bytes would ask for."""
    with patch("harness.lab.censor.fragments.ROOM", room):
        if frame[12] == 8:
            return _cut4(frame[:18] + ident.to_bytes(2, "big") + frame[20:])
        return _cut6(frame, ident)


def watched(family: int = 4, reassembly: str = "none") -> Wire:
    """A connection that a rule about one name watches; what it finds is held back."""
    wire = Wire(rule("sni_drop", names=["facebook.com"], reassembly=reassembly))
    shaken(wire, family=family)
    return wire


def went(wire: Wire, frames: Iterable[bytes], side: int = CLIENT) -> list[bytes]:
    """What left of those frames, which must be some of them or resets."""
    return [frame for each in frames for _, frame in wire.receive(each, side)]


@FAMILIES
@pytest.mark.parametrize("reassembly", SETTINGS)
@pytest.mark.parametrize("room", [60, 88, 300])
@pytest.mark.parametrize("order", [1, -1])
def test_a_hello_in_fragments_is_met_whatever_a_rule_puts_together(
    family: int, reassembly: str, room: int, order: int
) -> None:
    for data, left in ((GOOD, True), (BAD, False)):
        wire = watched(family, reassembly)
        pieces = cut(segment(data, family=family), room)
        assert len(pieces) > 1

        assert (pieces[::order] if left else []) == went(wire, pieces[::order])
        assert ([] if left else ["match", "drop"]) == wire.actions


@FAMILIES
def test_a_segment_in_fragments_is_put_together_with_the_segments_around_it(family: int) -> None:
    at = BAD.index(b"facebook") + 3
    first, second = segment(BAD[:at], family=family), segment(BAD[at:], at=1 + at, family=family)

    for reassembly, met in (("none", 0), ("tls", 0), ("tcp", 1), ("both", 1)):
        wire = watched(family, reassembly)
        went(wire, [*cut(first), *cut(second, ident=8)])
        assert met == wire.actions.count("match")


@FAMILIES
def test_datagrams_of_several_senders_and_both_sides_are_told_apart(family: int) -> None:
    one = cut(datagram(query("a.example"), family=family), 64)
    other = cut(datagram(query("b.example"), family=family, dport=54), 64)
    wire = Wire()
    other = [frame.replace(b"\x64\x40\0\2", b"\x64\x40\0\3") if family == 4 else renamed(frame) for frame in other]
    answer = cut(datagram(query("a.example"), family=family, back=True), 64)

    mixed = [*one[:1], *other[:1], *one[1:], *other[1:]]

    assert [*one, *other] == went(wire, mixed)
    assert [(CLIENT, frame) for frame in answer] == [out for each in answer for out in wire.receive(each, INTERNET)]
    assert [] == wire.actions


def renamed(frame: bytes) -> bytes:
    """A fragment of IPv6 with another identification."""
    return frame[: ETHER + 44] + (9).to_bytes(4, "big") + frame[ETHER + 48 :]


Spoil = Callable[[list[bytes]], list[bytes]]
SPOILT: dict[str, Spoil] = {
    "a piece twice": lambda pieces: [pieces[0], pieces[0], *pieces[1:]],
    "the last piece twice": lambda pieces: [pieces[-1], *pieces[:-1][:1], pieces[-1], *pieces[1:-1]],
    "a piece within another": lambda pieces: [pieces[0], moved(pieces[1], -8), *pieces[1:]],
    "a piece beyond the last": lambda pieces: [pieces[-1], moved(pieces[1], 4096), *pieces[:-1]],
    "two ends": lambda pieces: [pieces[-1], moved(pieces[-1], 800), *pieces[:-1]],
    "more than a packet can hold": lambda pieces: [moved(pieces[1], 65528 - 48), *pieces],
    "a piece that ends nowhere": lambda pieces: [shortened(pieces[0]), *pieces[1:]],
}


def moved(frame: bytes, by: int) -> bytes:
    """The fragment at another offset."""
    at = ETHER + 6 if frame[12] == 8 else ETHER + 42
    unit, keep = (8, 0xE000) if frame[12] == 8 else (1, 7)
    (bits,) = struct.unpack_from("!H", frame, at)
    bits = bits & keep | (bits & ~keep & 0xFFFF) + by // unit
    return frame[:at] + struct.pack("!H", bits) + frame[at + 2 :]


def shortened(frame: bytes) -> bytes:
    """The fragment with a byte less, so that what follows it does not fit."""
    at = ETHER + 2 if frame[12] == 8 else ETHER + 4
    (size,) = struct.unpack_from("!H", frame, at)
    return frame[:at] + struct.pack("!H", size - 1) + frame[at + 2 :]


@FAMILIES
@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("data", [GOOD, BAD], ids=["innocent", "listed"])
def test_fragments_that_do_not_fit_are_lost_with_their_whole_packet(family: int, how: str, data: bytes) -> None:
    wire = watched(family, "both")
    pieces = cut(segment(data, family=family))

    assert [] == went(wire, SPOILT[how](pieces))
    assert {"fragment"} == set(wire.actions)
    assert cut(segment(GOOD, family=family), ident=8) == went(wire, cut(segment(GOOD, family=family), ident=8))


@FAMILIES
def test_fragments_wait_for_each_other_half_a_minute(family: int) -> None:
    pieces = cut(segment(GOOD, family=family))
    for seconds, left in ((HELD_FOR, pieces), (HELD_FOR + 0.1, [])):
        wire = watched(family)
        went(wire, pieces[:1])
        wire.wait(seconds)
        assert left == went(wire, pieces[1:])


def test_who_sends_nothing_but_beginnings_is_not_kept_count_of() -> None:
    wire = watched()
    pieces = cut(segment(GOOD))
    went(wire, pieces[:1])
    for ident in range(1000, 1000 + MOST_DATAGRAMS):
        went(wire, cut(segment(GOOD), ident=ident)[:1])

    assert [] == went(wire, pieces[1:])


@FAMILIES
@given(data=st.data())
def test_however_a_packet_is_cut_and_shuffled_it_is_judged_as_a_whole(family: int, data: st.DataObject) -> None:
    room = data.draw(st.integers(56, 600).map(lambda size: size // 8 * 8))
    pieces = data.draw(st.permutations(cut(segment(BAD, family=family), room)))
    wire = watched(family)

    assert ([], ["match", "drop"]) == (went(wire, pieces), wire.actions)


# Extension headers of IPv6 (RFC 8200, section 4).


def headed(frame: bytes, *kinds: int, size: int = 0) -> bytes:
    """The packet with those extension headers between its own and what it carries."""
    data, kind = frame[ETHER + 40 :], frame[ETHER + 6]
    for each in reversed(kinds):
        data = bytes((kind, size)) + bytes(6 + 8 * size) + data
        kind = each
    length = struct.pack("!H", len(data))
    return frame[: ETHER + 4] + length + bytes((kind,)) + frame[ETHER + 7 : ETHER + 40] + data


CHAINS = [(HOP,), (ROUTING,), (OPTIONS,), (HOP, OPTIONS, ROUTING, OPTIONS), (135,), (139,), (140,), (OPTIONS,) * 7]


@pytest.mark.parametrize("kinds", CHAINS, ids=str)
@pytest.mark.parametrize("size", [0, 3])
def test_what_stands_behind_extension_headers_is_judged(kinds: tuple[int, ...], size: int) -> None:
    wire = watched(6)
    good, bad = (headed(segment(data, family=6), *kinds, size=size) for data in (GOOD, BAD))

    assert [bad] == went(Wire(), [bad])
    assert [] == went(wire, [bad])
    wire = watched(6)
    assert [good] == went(wire, [good])


@pytest.mark.parametrize("kinds", [(FRAGMENT,), (HOP, FRAGMENT), (FRAGMENT, OPTIONS), (OPTIONS, FRAGMENT, OPTIONS)])
def test_a_fragment_that_is_all_of_its_packet_is_judged_too(kinds: tuple[int, ...]) -> None:
    good, bad = (headed(segment(data, family=6), *kinds) for data in (GOOD, BAD))  # RFC 6946

    assert [good] == went(watched(6), [good])
    assert [] == went(watched(6), [bad])


@pytest.mark.parametrize("kinds", [(OPTIONS,) * 9, (FRAGMENT, FRAGMENT)])
def test_what_no_honest_packet_has_is_dropped_and_logged(kinds: tuple[int, ...]) -> None:
    wire = Wire()

    assert [] == went(wire, [headed(segment(GOOD, family=6), *kinds)])
    assert wire.actions in (["malformed"], ["fragment"])


@pytest.mark.parametrize("size", [200, 255])
def test_an_extension_header_longer_than_its_packet_is_dropped_and_logged(size: int) -> None:
    frame = bytearray(headed(segment(b"x", family=6), OPTIONS))
    frame[ETHER + 41] = size
    wire = Wire()

    assert ([], ["malformed"]) == (went(wire, [bytes(frame)]), wire.actions)


def test_an_answer_to_a_packet_with_extension_headers_has_none() -> None:
    asked = headed(datagram(query("www.facebook.com"), family=6), OPTIONS)
    ((_, frame),) = Wire(rule("dns_forge", names=["facebook.com"], rcode="nxdomain")).receive(asked)

    assert (17, 8 + len(query("www.facebook.com"))) == (frame[ETHER + 6], len(frame) - ETHER - 40)


@pytest.mark.parametrize("kind", [AUTHENTICATION, 50, NONE])
def test_what_is_not_opened_meets_the_rules_about_addresses(kind: int) -> None:
    frame = headed(segment(BAD, family=6), kind)

    assert [frame] == went(Wire(rule("sni_drop", names=["facebook.com"])), [frame])
    assert [] == went(Wire(rule("address_blackhole", prefixes=["2001:503:ba3e::/48"])), [frame])


def test_options_of_ipv4_hide_nothing() -> None:
    plain = segment(BAD)
    head = bytearray(plain[ETHER : ETHER + 20] + bytes((1, 1, 1, 0)))
    head[0] = 0x46
    head[2:4] = struct.pack("!H", len(plain) - ETHER + 4)
    head[10:12] = bytes(2)
    head[10:12] = forge.checksum(bytes(head)).to_bytes(2, "big")
    frame = plain[:ETHER] + bytes(head) + plain[ETHER + 20 :]

    assert "i" == sides(Wire().receive(frame))
    assert [] == went(watched(), [frame])
    assert [] == went(watched(), cut(frame))
