import os
import struct

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from hypothesis import given
from hypothesis import strategies as st

from harness.failures import Failed
from harness.wire import mtproto
from harness.wire.malformed import Malformed
from harness.wire.obfuscated import Obfuscation
from tests.wire.garbage import outcome

# core.telegram.org/mtproto/samples-auth_key, steps 1 and 2; the request there is req_pq, of which only the
# constructor differs.
NONCE = bytes.fromhex("3E0549828CCA27E966B301A48FECE2FC")
RES_PQ = bytes.fromhex(
    "000000000000000001C8831EC97AE55140000000632416053E0549828CCA27E966B301A48FECE2FC"
    "A5CF4D33F4A11EA877BA4AA5739073300817ED48941A08F98100000015C4B51C01000000216BE86C022BB4C3"
)
KNOWN = "c3b42b026ce86b21"


def fixed(size: int) -> bytes:
    """The sample's nonce, and a start that is no reserved one."""
    return NONCE if size == 16 else bytes(range(1, size + 1))


def opening(*known: str, transport: str = "intermediate") -> mtproto.Opening:
    return mtproto.Opening(fingerprints=known or (KNOWN,), now=1.5, random=fixed, transport=transport)


def keystream(material: bytes) -> CipherContext:
    return Cipher(AES(material[8:40]), CTR(material[40:56])).encryptor()


def server(hello: bytes) -> tuple[bytes, CipherContext]:
    """What a server reads in the client's first bytes, and the key stream of its answers."""
    return keystream(hello).update(hello), keystream(hello[:64][::-1])


def test_the_request_is_the_published_one_but_for_its_constructor() -> None:
    published = bytes.fromhex("00000000000000004A967027C47AE55114000000789746603E0549828CCA27E966B301A48FECE2FC")

    made = mtproto.request(NONCE, 0x51E57AC42770964A / 2**32)

    assert published[:8] + published[16:20] + b"\xf1\x8e\x7e\xbe" + NONCE == made[:8] + made[16:]


@pytest.mark.parametrize(("now", "identity"), [(1.5, 0x1_8000_0000), (1e9 + 1 / 3, 0x3B9ACA00_55555554)])
def test_a_message_id_is_the_time_and_divisible_by_four(now: float, identity: int) -> None:
    (made,) = struct.unpack("<Q", mtproto.request(NONCE, now)[8:16])

    assert 0 == made % 4
    assert identity == pytest.approx(made, rel=1e-9)


def test_the_published_answer_is_read() -> None:
    assert (NONCE, 0x17ED48941A08F981, (0xC3B42B026CE86B21,)) == mtproto.answer(RES_PQ)


@pytest.mark.parametrize(
    ("transport", "tag", "length"), [("intermediate", b"\xee" * 4, b"\x28\0\0\0"), ("abridged", b"\xef" * 4, b"\x0a")]
)
def test_a_server_finds_the_transport_and_the_request(transport: str, tag: bytes, length: bytes) -> None:
    plain, _ = server(opening(transport=transport).hello)

    assert tag == plain[56:60]
    assert length + mtproto.request(NONCE, 1.5) == plain[64:]


@pytest.mark.parametrize(("transport", "head"), [("intermediate", b"\x54\0\0\0"), ("abridged", b"\x15")])
def test_an_answer_to_our_nonce_with_a_known_key_is_a_proof(transport: str, head: bytes) -> None:
    begun = opening(transport=transport)
    _, out = server(begun.hello)
    sealed = out.update(head + RES_PQ)

    assert begun.feed(sealed[:50]) is None
    proof = begun.feed(sealed[50:])

    assert mtproto.Proof(fingerprint=KNOWN, fingerprints=(KNOWN,), pq=0x17ED48941A08F981) == proof


@pytest.mark.parametrize(
    ("why", "known", "body"),
    [
        ("no key of ours", "00000000deadbeef", RES_PQ),
        ("another nonce", KNOWN, RES_PQ.replace(NONCE, bytes(16))),
    ],
)
def test_an_answer_that_anybody_can_make_is_no_proof(why: str, known: str, body: bytes) -> None:
    begun = opening(known)
    _, out = server(begun.hello)

    with pytest.raises(Failed, match="proof_missing") as refused:
        begun.feed(out.update(b"\x54\0\0\0" + body))

    assert why in str(refused.value.detail["why"])


def test_a_transport_error_keeps_its_code() -> None:
    begun = opening()
    _, out = server(begun.hello)

    with pytest.raises(Malformed) as refused:
        begun.feed(out.update(b"\4\0\0\0" + struct.pack("<i", -429)))

    assert 429 == refused.value.detail["code"]


@pytest.mark.parametrize("start", [b"\xef123", b"HEAD", b"POST", b"GET ", b"\xee" * 4, b"\xdd" * 4, b"\x16\3\1\2"])
def test_a_reserved_start_is_thrown_again(start: bytes) -> None:
    throws = iter([start + bytes(range(60)), b"fine" + bytes(range(60))])

    assert b"fine" == Obfuscation("intermediate", lambda _size: next(throws)).opening[:4]


def test_the_data_centre_is_named_where_a_front_asks_for_it() -> None:
    plain, _ = server(mtproto.Opening(fingerprints=(), now=0, random=fixed, centre=-2).hello)

    assert (-2).to_bytes(2, "little", signed=True) == plain[60:62]


@given(st.binary(max_size=200))
def test_garbage_is_malformed_and_nothing_else(data: bytes) -> None:
    begun = mtproto.Opening(fingerprints=(KNOWN,), now=0, random=os.urandom)

    assert outcome(begun.feed, data) in (None, Malformed)


@given(st.binary(max_size=120))
def test_no_message_raises_anything_but_malformed(data: bytes) -> None:
    assert outcome(mtproto.answer, RES_PQ[:20] + data)
