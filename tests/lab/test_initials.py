"""Initials however they are laid out: what a reader must find, what it finds by how much it joins, what hides all."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor import hello, quic_initial
from tests.lab import initial_packets, quic_client
from tests.lab.frames import Wire, datagram, rule, sides
from tests.lab.hellos import Made, sized
from tests.lab.quic_client import VERSIONS, Head, crypto, packet

pytestmark = quic_client.aioquic

NAME = "www.facebook.com"
HELLO = Made(name=NAME).message
ENOUGH = HELLO.index(NAME.encode()) + len(NAME)  # bytes from the start that show the name
ACK, ACK_ECN = b"\x02\x09\x40\x00\x01\x01\x02\x03", b"\x03\x00\x00\x00\x00\x01\x02\x40\x03"
FILLERS = (b"", b"\0", b"\x01", b"\0" * 30 + b"\x01", ACK, ACK_ECN)


def name(datagrams: list[bytes]) -> str | None:
    """The name in the hello that lies whole in the first frames."""
    frames = sorted((one for each in datagrams for one in quic_initial.read(each)), key=lambda one: one.offset)
    return hello.told(b"".join(one.data for one in frames)).name


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("size", range(21))
def test_a_connection_id_of_any_length_is_read(version: int, size: int) -> None:
    for head in (Head(dcid=bytes(size), version=version), Head(scid=bytes(size), version=version)):
        (frame,) = quic_initial.read(packet(crypto(0, HELLO), head=head))

        assert (head.dcid, HELLO) == (frame.dcid, frame.data)


def test_a_longer_connection_id_is_none_of_these_versions() -> None:
    for head in (Head(dcid=bytes(21)), Head(scid=bytes(21))):
        assert () == quic_initial.read(packet(crypto(0, HELLO), head=head))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("token", [0, 1, 63, 64, 600])
@pytest.mark.parametrize("digits", [1, 2, 3, 4])
def test_a_token_and_a_number_of_any_length_are_read(version: int, token: int, digits: int) -> None:
    head = Head(token=b"\xff" * token, digits=digits, number=(1 << 8 * digits) - 1, version=version)

    assert NAME == name([packet(crypto(0, HELLO), head=head)])


@pytest.mark.parametrize("version", [1, 2])
def test_what_a_real_client_says_after_a_retry_is_read_under_its_new_keys(version: int) -> None:
    retry, sent = quic_client.after_retry(NAME, version)

    assert ((), NAME) == (quic_initial.read(retry), name(sent))
    assert b"token" * 20 in sent[0]
    assert {b"anew"} == {frame.dcid for frame in quic_initial.read(sent[0])}


@pytest.mark.parametrize("version", [1, 2])
def test_behind_a_retry_a_datagram_holds_nothing(version: int) -> None:
    kind = 0xC0 | {1: 3, 2: 0}[version] << 4
    retry = (
        bytes([kind]) + VERSIONS[version].to_bytes(4, "big") + b"\0\0" + sized(1, bytes(40))
    )  # its token and its tag

    assert () == quic_initial.read(retry + packet(crypto(0, HELLO), head=Head(version=version)))


def other(kind: int, version: int, size: int) -> bytes:
    """A packet with a long header of another type, which only its keys' owners can read."""
    ends = sized(1, b"censored") + sized(1, b"")
    body = (0x4000 | size).to_bytes(2, "big") + b"\x55" * size
    return bytes([0xC0 | kind << 4]) + VERSIONS[version].to_bytes(4, "big") + ends + body


@pytest.mark.parametrize(("version", "kinds"), [(1, (1, 2)), (2, (2, 3))], ids=["1", "2"])
def test_a_name_is_found_behind_early_data_and_handshakes_of_its_datagram(version: int, kinds: tuple[int, int]) -> None:
    behind = packet(crypto(0, HELLO), head=Head(version=version), size=400)

    for ahead in ([], [kinds[0]], [kinds[1]], [*kinds, *kinds]):
        assert NAME == name([b"".join(other(kind, version, 60) for kind in ahead) + behind])


@dataclass(frozen=True)
class Laid:
    """A hello laid out: frames by datagram, each by where it lies in the hello, and the datagrams that they made."""

    spans: list[list[tuple[int, int]]]
    datagrams: list[bytes]


@st.composite
def laid(draw: st.DrawFn) -> Laid:
    """The hello cut, with overlaps, shuffled, filled up, put into packets, those into datagrams."""
    cuts = sorted(draw(st.sets(st.integers(1, len(HELLO) - 1), max_size=5)))
    ends = [0, *cuts, len(HELLO)]
    spans = [
        (max(0, start - draw(st.integers(0, 9))), min(len(HELLO), end + draw(st.integers(0, 9))))
        for start, end in itertools.pairwise(ends)
    ]
    spans = draw(st.permutations(spans))
    split = draw(st.lists(st.integers(0, 2), min_size=len(spans), max_size=len(spans)))
    by_datagram = [[span for span, where in zip(spans, split, strict=True) if where == at] for at in sorted(set(split))]
    head = Head(
        dcid=draw(st.binary(max_size=20)),
        scid=draw(st.binary(max_size=20)),
        token=draw(st.binary(max_size=70)),
        version=draw(st.sampled_from([1, 2])),
        digits=draw(st.integers(1, 4)),
    )
    return Laid(by_datagram, [draw(datagrams(head, spans)) for spans in by_datagram])


@st.composite
def datagrams(draw: st.DrawFn, head: Head, spans: list[tuple[int, int]]) -> bytes:
    """These frames in one packet or in several of a datagram, with fillers, other packets ahead and junk behind."""
    filler = st.sampled_from(FILLERS)
    frames = [draw(filler) + crypto(start, HELLO[start:end]) for start, end in spans]
    cut = draw(st.integers(0, len(frames) - 1))
    packets = [packet(*part, draw(filler), head=head, size=40) for part in (frames[:cut], frames[cut:]) if part]
    ahead = draw(st.sampled_from([b"", other(2, head.version, 50), packet(b"\x01", head=head, size=60)]))
    return ahead + b"".join(packets) + draw(st.sampled_from([b"", b"\0" * 30, b"\x40" + b"\7" * 50]))


def reach(spans: list[tuple[int, int]]) -> int:
    """How far from the start these stretches reach without a gap."""
    end = 0
    for start, stop in sorted(spans):
        if start > end:
            break
        end = max(end, stop)
    return end


@functools.cache
def wired(how: str) -> Any:
    return rule("quic_sni_drop", names=["facebook.com"], versions=[1, 2], reassembly=how, checked=True)


@given(laid())
def test_however_it_is_laid_out_a_name_is_found_as_soon_as_what_is_joined_shows_it(made: Laid) -> None:
    shown = {
        "none": [any(start == 0 and end >= ENOUGH for start, end in spans) for spans in made.spans],
        "frames": [reach(spans) >= ENOUGH for spans in made.spans],
        "datagrams": [reach(list(itertools.chain(*made.spans[: at + 1]))) >= ENOUGH for at in range(len(made.spans))],
    }
    for how, found in shown.items():
        wire, lost = Wire(wired(how)), found.index(True) if True in found else len(found)
        went = [sides(wire.receive(datagram(data, dport=443))) or "-" for data in made.datagrams]

        assert ["i"] * lost + ["-"] * (len(found) - lost) == went


@given(
    st.sampled_from([initial_packets.VERSION_1, initial_packets.VERSION_2]), st.integers(0, 1199), st.integers(1, 255)
)
def test_one_byte_that_is_changed_hides_all_from_who_looks_at_tags(whole: bytes, at: int, change: int) -> None:
    changed = whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :]

    assert () == quic_initial.read(changed)
    assert quic_initial.read(whole) == quic_initial.read(whole + bytes([change]) * 20)
