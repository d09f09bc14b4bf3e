"""The stated policy for pieces, as rules show it: segments out of order, overlapping, sent again, and IP fragments."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from harness.lab.censor.fragments import _cut4, _cut6
from harness.lab.censor.packet import RST
from tests.lab.frames import Wire, rule, segment, shaken, sides
from tests.lab.hellos import Made

BAD, GOOD = Made(name="www.facebook.com").record, Made(name="www.harmless.com").record
AT = BAD.index(b"www.facebook.com") + 6

# Each rule that reads hellos off a stream; Henan's reads packets.
READERS: list[tuple[str, dict[str, Any]]] = [
    ("sni_drop", {}),
    ("sni_reset", {}),
    ("tspu_full_drop", {"reassembly": "both"}),
    ("tls_fingerprint", {"ja4": ["t13*"]}),
    ("gfw_reset", {"hits": 1}),
    ("tspu_rewrite", {"reassembly": "both"}),
]


def begun(behaviour: str, more: dict[str, Any], **ends: Any) -> Wire:
    """A connection that a rule about one name watches."""
    wire = Wire(rule(behaviour, names=["facebook.com"], **more))
    shaken(wire, **ends)
    return wire


def matched(wire: Wire, *pieces: tuple[int, bytes], **ends: Any) -> list[int]:
    """After how many of these pieces, each at its place, the rule had found its name."""
    found: list[int] = []
    for number, (at, data) in enumerate(pieces, 1):
        wire.receive(segment(data, at=1 + at, **ends))
        if wire.actions.count("match") > len(found):
            found.append(number)
    return found


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("behaviour", "more"), READERS)
def test_segments_out_of_order_are_put_in_order(behaviour: str, more: dict[str, Any], family: int) -> None:
    wire = begun(behaviour, more, family=family)

    assert [3] == matched(wire, (AT + 8, BAD[AT + 8 :]), (AT, BAD[AT : AT + 8]), (0, BAD[:AT]), family=family)


@pytest.mark.parametrize(("behaviour", "more"), READERS)
def test_of_overlapping_segments_what_came_first_counts(behaviour: str, more: dict[str, Any]) -> None:
    decoy_first = [(AT, GOOD[AT:]), (AT, BAD[AT:]), (0, BAD[:AT])]
    decoy_last = [(AT, BAD[AT:]), (AT, GOOD[AT:]), (0, BAD[:AT])]

    assert [] == matched(begun(behaviour, more), *decoy_first)
    assert [3] == matched(begun(behaviour, more), *decoy_last)


@pytest.mark.parametrize(("behaviour", "more"), READERS)
def test_what_lies_before_the_first_byte_is_left_out(behaviour: str, more: dict[str, Any]) -> None:
    assert [1] == matched(begun(behaviour, more), (-4, b"junk" + BAD))


@pytest.mark.parametrize(("behaviour", "more"), READERS)
def test_a_hello_that_is_sent_again_is_held_again_and_found_once(behaviour: str, more: dict[str, Any]) -> None:
    wire = begun(behaviour, more)
    first = sides(wire.receive(segment(BAD)))

    again = sides(wire.receive(segment(BAD)))

    assert (first, 1) == (again, wire.actions.count("match"))


@pytest.mark.parametrize(("behaviour", "more"), READERS)
def test_an_innocent_hello_that_is_sent_again_passes_again(behaviour: str, more: dict[str, Any]) -> None:
    wire = begun(behaviour, more)

    assert ["i", "i"] == [sides(wire.receive(segment(GOOD))) for _ in range(2)]
    assert [] == wire.actions


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("behaviour", ["sni_drop", "henan_reset", "tls_fingerprint"])
def test_fragments_are_judged_as_one_packet(behaviour: str, order: int, family: int) -> None:
    wire = begun(behaviour, {}, family=family)
    pieces = cut(segment(BAD, family=family))

    went = [sides(wire.receive(frame)) for frame in pieces[::order]]

    assert ["match"] == [action for action in wire.actions if action == "match"]
    assert [""] * (len(pieces) - 1) == went[:-1]
    assert ("c" + "i" * len(pieces) if behaviour == "henan_reset" else "") == went[-1]


@pytest.mark.parametrize("family", [4, 6])
def test_overlapping_fragments_hide_nothing_since_none_of_them_passes(family: int) -> None:
    wire = begun("sni_drop", {}, family=family)
    true, decoy = cut(segment(BAD, family=family)), cut(segment(GOOD, family=family))

    went = [sides(wire.receive(frame)) for frame in (true[0], decoy[1], true[1], *true[2:])]

    assert {""} == set(went)
    assert "fragment" in wire.actions


def cut(frame: bytes, room: int = 88) -> list[bytes]:
    """A packet in fragments, as a link of so many bytes would ask for."""
    with patch("harness.lab.censor.fragments.ROOM", room):
        return _cut4(frame) if frame[12] == 8 else _cut6(frame, 7)


def test_a_reset_that_never_reaches_the_server_does_not_make_the_censor_look_away() -> None:
    wire = begun("sni_drop", {})
    wire.receive(segment(b"", at=1, flags=RST, ttl=2))

    assert "" == sides(wire.receive(segment(BAD)))
