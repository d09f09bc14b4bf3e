import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire import dns as wire
from harness.wire.malformed import Malformed
from tests.wire.garbage import outcome

ASKED = wire.Question(name="www.example.org", type="A", id=4660)


def answered(*records: str, rcode: str = "NOERROR", asked: wire.Question = ASKED) -> dns.message.Message:
    """An answer as a server makes it, with records like `www.example.org. 60 IN A 192.0.2.1`."""
    message = dns.message.make_response(dns.message.from_wire(wire.question(asked)))
    for record in records:
        name, ttl, _, kind, value = record.split()
        message.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, value))
    message.set_rcode(dns.rcode.from_text(rcode))
    return message


def test_a_question_asks_for_recursion_and_says_how_much_it_can_take() -> None:
    asked = dns.message.from_wire(wire.question(ASKED))

    assert (4660, dns.flags.RD, 1232) == (asked.id, asked.flags, asked.payload)
    assert "www.example.org. IN A" == asked.question[0].to_text()


def test_addresses_behind_aliases_are_followed_with_the_least_ttl() -> None:
    data = answered(
        "www.example.org. 300 IN CNAME edge.example.net.",
        "edge.example.net. 30 IN A 192.0.2.7",
        "other.example.net. 5 IN A 192.0.2.8",
    ).to_wire()

    read = wire.answer(data, ASKED)

    assert (("192.0.2.7",), ("edge.example.net",), 30) == (read.addresses, read.cnames, read.ttl)


def test_an_alias_loop_ends() -> None:
    data = answered("www.example.org. 1 IN CNAME b.example.", "b.example. 1 IN CNAME www.example.org.").to_wire()

    assert () == wire.answer(data, ASKED).addresses


@pytest.mark.parametrize(("rcode", "final"), [("NOERROR", True), ("NXDOMAIN", True), ("SERVFAIL", False)])
def test_only_an_answer_about_the_name_is_final(rcode: str, final: bool) -> None:
    read = wire.answer(answered(rcode=rcode).to_wire(), ASKED)

    assert (rcode, final) == (read.rcode, read.final)


@pytest.mark.parametrize("left", [12, 20, 33, 50, 60])
def test_a_truncated_answer_may_end_anywhere(left: int) -> None:
    message = answered("www.example.org. 60 IN A 192.0.2.1", "www.example.org. 60 IN A 192.0.2.2")
    message.flags |= dns.flags.TC

    assert wire.answer(message.to_wire()[:left], ASKED).truncated


def test_an_answer_that_ends_anywhere_and_does_not_say_so_is_malformed() -> None:
    with pytest.raises(Malformed):
        wire.answer(answered("www.example.org. 60 IN A 192.0.2.1").to_wire()[:50], ASKED)


def test_a_question_may_do_without_edns() -> None:
    assert -1 == dns.message.from_wire(wire.question(ASKED, edns=False)).edns


def test_a_truncated_answer_says_so() -> None:
    message = answered()
    message.flags |= dns.flags.TC

    assert wire.answer(message.to_wire(), ASKED).truncated


@pytest.mark.parametrize(
    "other",
    [
        wire.Question(name="www.example.org", type="A", id=1),
        wire.Question(name="www.example.com", type="A", id=4660),
        wire.Question(name="www.example.org", type="AAAA", id=4660),
    ],
)
def test_an_answer_to_another_question_is_told_apart_from_garbage(other: wire.Question) -> None:
    with pytest.raises(wire.NotOurs):
        wire.answer(answered(asked=other).to_wire(), ASKED)


def test_a_question_that_comes_back_is_no_answer() -> None:
    with pytest.raises(wire.NotOurs):
        wire.answer(wire.question(ASKED), ASKED)


@pytest.mark.parametrize("name", ["a..example", "x" * 64 + ".example"])
def test_what_is_no_name_is_refused_before_it_is_asked(name: str) -> None:
    with pytest.raises(Malformed):
        wire.question(wire.Question(name=name, type="A", id=0))


@given(st.binary(max_size=300))
def test_garbage_is_malformed_and_nothing_else(data: bytes) -> None:
    for message in (data, wire.question(ASKED)[:2] + b"\x81\x80" + data):
        assert outcome(lambda said: wire.answer(said, ASKED), message)


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_answer_is_malformed_or_read_and_nothing_else(at: int, byte: int) -> None:
    data = bytearray(answered("www.example.org. 60 IN A 192.0.2.1", "www.example.org. 60 IN A 192.0.2.2").to_wire())
    data[at % len(data)] = byte

    assert outcome(lambda said: wire.answer(said, ASKED), bytes(data))
