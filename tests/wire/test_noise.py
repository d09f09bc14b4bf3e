import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from harness.wire import noise
from harness.wire.malformed import Malformed

# haskell-cryptography/cacophony, vectors/cacophony.txt, Noise_XX_25519_AESGCM_SHA256: the first two messages.
PROLOGUE = bytes.fromhex("4a6f686e2047616c74")
EPHEMERAL = bytes.fromhex("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a")
PEER_STATIC = bytes.fromhex("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893")
FIRST = bytes.fromhex(
    "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573"
)
SECOND = bytes.fromhex(
    "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843757117acceb05bd7a45733bc22015c97"
    "a9d0cbaf41b80446d5988ff5127235d76b79eade70f473d6a4ef521fdcbeda5340d01e028ba793fc059f2724a83af05f"
    "12dda0448a7621a926b379a92477fd"
)


def opened() -> tuple[noise.Symmetric, X25519PrivateKey]:
    state, private = noise.Symmetric(PROLOGUE), X25519PrivateKey.from_private_bytes(EPHEMERAL)
    state.mix_hash(noise.public(private))
    state.mix_hash(FIRST[32:])
    return state, private


def test_the_published_handshake_decrypts_to_the_published_key_and_payload() -> None:
    state, private = opened()
    state.mix_hash(SECOND[:32])
    state.mix_key(noise.agree(private, SECOND[:32]))

    static = state.decrypt(SECOND[32:80])
    state.mix_key(noise.agree(private, static))

    assert noise.public(X25519PrivateKey.from_private_bytes(PEER_STATIC)) == static
    assert b"Murray Rothbard" == state.decrypt(SECOND[80:])


def test_the_ephemeral_key_is_sent_as_published() -> None:
    assert FIRST[:32] == noise.public(X25519PrivateKey.from_private_bytes(EPHEMERAL))


def test_a_message_under_another_transcript_does_not_decrypt() -> None:
    state, private = opened()
    state.mix_key(noise.agree(private, SECOND[:32]))

    with pytest.raises(Malformed, match="protocol_error"):
        state.decrypt(SECOND[32:80])


@pytest.mark.parametrize("key", [b"", b"short", bytes(32)])
def test_a_key_that_gives_no_secret_is_refused(key: bytes) -> None:
    with pytest.raises(Malformed):
        noise.agree(X25519PrivateKey.from_private_bytes(EPHEMERAL), key)
