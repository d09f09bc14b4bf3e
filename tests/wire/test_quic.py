"""QUIC's first packet and the answers to it, held against aioquic and against the reader of the lab's censor."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.censor import hello, quic_initial
from harness.wire import quic
from tests.lab.quic_client import aioquic
from tests.wire import quic_server

ASKED = quic.Question(name="www.example.com")


def test_the_initial_fills_a_datagram_and_names_the_target() -> None:
    sent = ASKED.datagram()
    (frame,) = quic_initial.read(sent)

    shown = hello.told(frame.data)
    assert (1200, ASKED.target, True) == (len(sent), frame.dcid, shown.whole)
    assert ("www.example.com", (b"h3",), 0x0304) == (shown.name, shown.protocols, shown.newest)


def test_without_a_name_none_is_shown() -> None:
    (frame,) = quic_initial.read(quic.Question(name=None).datagram())

    assert hello.told(frame.data).name is None


def test_what_is_sent_again_is_the_same_and_another_question_is_not() -> None:
    assert ASKED.datagram() == ASKED.datagram()
    assert quic.Question(name="www.example.com").datagram()[6:] != ASKED.datagram()[6:]


@aioquic
def test_a_real_server_shakes_hands() -> None:
    answer = ASKED.answer(quic_server.answers(ASKED.datagram())[0])

    assert answer is not None
    assert ("handshake", 8, None) == (answer.kind, len(answer.source), answer.code)


@aioquic
def test_a_real_server_that_speaks_something_else_closes() -> None:
    found = [ASKED.answer(data) for data in quic_server.answers(ASKED.datagram(), alpn="smtp")]

    # 0x0100 and the alert no_application_protocol (RFC 9001 section 4.8)
    assert ("close", 0x0178) in [(one.kind, one.code) for one in found if one]


@aioquic
def test_a_real_server_ends_the_connection_when_told_farewell() -> None:
    first = quic_server.answers(ASKED.datagram())
    answer = ASKED.answer(first[0])
    assert answer is not None

    sent = ASKED.farewell(answer)

    assert (1200, answer.source) == (len(sent), sent[6 : 6 + sent[5]])


@aioquic
def test_a_retry_is_an_answer_where_its_tag_is_right() -> None:
    sent = quic_server.retry(ASKED.datagram())
    answer = ASKED.answer(sent)

    assert ("retry", b"retrying") == (answer and answer.kind, answer and answer.source)
    assert ASKED.answer(sent[:-1] + bytes([sent[-1] ^ 1])) is None


@aioquic
def test_other_versions_are_an_answer_under_our_ids_alone() -> None:
    answer = ASKED.answer(quic_server.version_negotiation(ASKED.datagram(), 0x6B3343CF, 0x1A2A3A4A))

    assert ("version_negotiation", (0x6B3343CF, 0x1A2A3A4A)) == (answer and answer.kind, answer and answer.versions)
    assert ASKED.answer(quic_server.version_negotiation(quic.Question(name=None).datagram(), 1)) is None


@aioquic
def test_an_answer_to_another_question_is_none_to_ours() -> None:
    other = quic.Question(name="www.example.com")

    assert [None] == [ASKED.answer(data) for data in quic_server.answers(other.datagram())[:1]]
    swapped = quic.Question(name=None, target=os.urandom(8), source=ASKED.source)
    assert ASKED.answer(quic_server.answers(swapped.datagram())[0]) is None


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc0", ASKED.datagram(), b"\x40" + ASKED.source + bytes(40)],
    ids=["nothing", "one byte", "our own question", "a short header"],
)
def test_what_is_no_answer_is_passed_over(data: bytes) -> None:
    assert ASKED.answer(data) is None


@given(st.binary(max_size=300), st.integers(0, 0xFF))
def test_no_bytes_make_the_reader_raise(junk: bytes, first: int) -> None:
    head = bytes([first | 0x80]) + quic.VERSION + b"\x08" + ASKED.source + b"\x04abcd"

    assert [None, None] == [ASKED.answer(junk), ASKED.answer(head + junk)]
