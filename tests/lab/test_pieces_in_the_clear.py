"""The stated policy for pieces where requests and questions are read off a stream, as the rules show it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.conftest import query
from tests.lab.frames import Wire, rule, segment, shaken, sides
from tests.lab.test_pieces import cut

BAD, GOOD = "www.facebook.com", "www.harmless.com"


def request(name: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: {name}\r\nAccept: */*\r\n\r\n".encode()


def framed(name: str) -> bytes:
    return len(query(name)).to_bytes(2, "big") + query(name)


# Each rule that puts segments in order, what it reads, and at which port.
READERS: list[tuple[str, dict[str, Any], Any, int]] = [
    ("http_reset", {}, request, 80),
    ("http_block_page", {}, request, 80),
    ("http_keyword_reset", {"keywords": ["facebook"], "hits": 1, "residual": None}, request, 80),
    ("dns_tcp_reset", {"reassembly": "tcp"}, framed, 53),
    ("dns_drop", {"reassembly": "tcp", "transports": ["tcp"]}, framed, 53),
]
EACH = pytest.mark.parametrize(("behaviour", "more", "say", "port"), READERS)


def matched(behaviour: str, more: dict[str, Any], port: int, *pieces: tuple[int, bytes], family: int = 4) -> list[int]:
    """After how many of these pieces, each at its place, the rule had found its name."""
    wire = Wire(rule(behaviour, **({} if "keywords" in more else {"names": ["facebook.com"]}), **more))
    shaken(wire, dport=port, family=family)
    found: list[int] = []
    for number, (at, data) in enumerate(pieces, 1):
        wire.receive(segment(data, at=1 + at, dport=port, family=family))
        if wire.actions.count("match") > len(found):
            found.append(number)
    return found


@pytest.mark.parametrize("family", [4, 6])
@EACH
def test_segments_out_of_order_are_put_in_order(
    *, behaviour: str, more: dict[str, Any], say: Any, port: int, family: int
) -> None:
    data = say(BAD)
    at = data.index(b"facebook") + 2

    pieces = ((at + 4, data[at + 4 :]), (at, data[at : at + 4]), (0, data[:at]))

    assert [3] == matched(behaviour, more, port, *pieces, family=family)


@EACH
def test_of_overlapping_segments_what_came_first_counts(
    behaviour: str, more: dict[str, Any], say: Any, port: int
) -> None:
    bad, good = say(BAD), say(GOOD)
    at = bad.index(b"facebook")

    assert [] == matched(behaviour, more, port, (at, good[at:]), (at, bad[at:]), (0, bad[:at]))
    assert [3] == matched(behaviour, more, port, (at, bad[at:]), (at, good[at:]), (0, bad[:at]))


@EACH
def test_what_is_sent_again_is_found_once(behaviour: str, more: dict[str, Any], say: Any, port: int) -> None:
    assert [1] == matched(behaviour, more, port, (0, say(BAD)), (0, say(BAD)))
    assert [] == matched(behaviour, more, port, (0, say(GOOD)), (0, say(GOOD)))


@pytest.mark.parametrize("behaviour", ["http_302_stub", "http_403_iran"])
def test_who_reads_each_segment_by_itself_answers_each_that_is_sent_again(behaviour: str) -> None:
    more = {"location": "http://warning.example/"} if behaviour == "http_302_stub" else {"trigger": "pass"}

    assert [1, 2] == matched(behaviour, more, 80, (0, request(BAD)), (0, request(BAD)))


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("behaviour", "more", "say", "port"), [*READERS, ("dns_tcp_reset", {}, framed, 53)])
def test_fragments_are_judged_as_one_packet(
    *, behaviour: str, more: dict[str, Any], say: Any, port: int, order: int, family: int
) -> None:
    wire = Wire(rule(behaviour, **({} if "keywords" in more else {"names": ["facebook.com"]}), **more))
    shaken(wire, dport=port, family=family)
    pieces = cut(segment(say(BAD), dport=port, family=family), 64)

    went = [sides(wire.receive(frame)) for frame in pieces[::order]]

    assert len(pieces) > 1
    assert [""] * (len(pieces) - 1) == went[:-1]
    assert ["match"] == [action for action in wire.actions if action == "match"]
