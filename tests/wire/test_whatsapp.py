import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.failures import Failed
from harness.wire.malformed import Malformed
from tests.wire.garbage import outcome
from tests.wire.responder import (
    MIDDLE,
    NOW,
    ROOT,
    SERVER,
    answer,
    certificate,
    chain,
    details,
    digest,
    opening,
    public,
)


def test_the_hello_is_a_header_and_one_frame_with_an_ephemeral_key() -> None:
    hello = opening(random=lambda size: digest("private")[:size]).hello

    # WA, 6, 3; a length of 36; field 2 of 34 bytes; field 1 of 32 bytes.
    assert bytes.fromhex("57410603 000024 1222 0a20") == hello[:11]
    assert 43 == len(hello)


def test_a_server_under_a_known_issuer_is_proved() -> None:
    begun = opening()

    proof = begun.feed(answer(begun.hello, chain()))

    assert proof is not None
    assert (public(ROOT).hex(), 1, 2) == (proof.issuer, proof.intermediate_serial, proof.leaf_serial)


def test_an_answer_in_single_bytes_proves_as_much() -> None:
    begun = opening()
    whole = answer(begun.hello, chain())

    proofs = [begun.feed(whole[at : at + 1]) for at in range(len(whole))]

    assert [None] * (len(whole) - 1) == proofs[:-1]
    assert proofs[-1] is not None


@pytest.mark.parametrize(
    ("why", "wrong"),
    [
        ("no issuer of ours", chain(intermediate=certificate(details(1, 0, public(MIDDLE)), MIDDLE))),
        ("names another issuer", chain(intermediate=certificate(details(1, 7, public(MIDDLE)), ROOT))),
        ("not signed by the intermediate", chain(leaf=certificate(details(2, 1, public(SERVER)), ROOT))),
        ("names another intermediate", chain(leaf=certificate(details(2, 9, public(SERVER)), MIDDLE))),
        ("for another key", chain(leaf=certificate(details(2, 1, public(ROOT)), MIDDLE))),
        ("expired", chain(leaf=certificate(details(2, 1, public(SERVER), after=int(NOW) - 1), MIDDLE))),
        ("not yet valid", chain(leaf=certificate(details(2, 1, public(SERVER), before=int(NOW) + 1), MIDDLE))),
    ],
)
def test_a_certificate_that_does_not_hold_is_no_proof(why: str, wrong: bytes) -> None:
    begun = opening()

    with pytest.raises(Failed, match="proof_missing") as refused:
        begun.feed(answer(begun.hello, wrong))

    assert why in str(refused.value.detail["why"])


def test_an_answer_to_another_hello_does_not_decrypt() -> None:
    with pytest.raises(Malformed, match="protocol_error"):
        opening().feed(answer(opening().hello, chain()))


@given(st.binary(max_size=200))
def test_garbage_is_malformed_and_nothing_else(data: bytes) -> None:
    assert outcome(opening().feed, data) in (None, Malformed)
