from hypothesis import given
from hypothesis import strategies as st

from harness.wire import xeddsa

# libsignal's own vector: libsignal-protocol-c, tests/test_curve25519.c, test_curve25519_signature.
KEY = bytes.fromhex("ab7e717d4a163b7d9a1d8071dfe9dcf8cdcd1cea3339b6356be84d887e322c64")
MESSAGE = bytes.fromhex("05edce9d9c415ca78cb7252e72c2c4a554d3eb29485a0e1d503118d1a82d99fb4a")
SIGNATURE = bytes.fromhex(
    "5de88ca9a89b4a115da79109c67c9c7464a3e4180274f1cb8c63c2984e286dfb"
    "ede82deb9dcd9fae0bfbb821569b3d9001bd8130cd11d486cef047bd60b86e88"
)


def test_a_signature_by_libsignal_holds() -> None:
    assert xeddsa.verify(KEY, MESSAGE, SIGNATURE)


@given(at=st.integers(0, 63), bit=st.integers(0, 7))
def test_no_changed_bit_of_a_signature_holds(at: int, bit: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[at] ^= 1 << bit

    assert not xeddsa.verify(KEY, MESSAGE, bytes(changed))


def test_a_key_that_is_no_field_element_verifies_nothing() -> None:
    assert not xeddsa.verify(b"\xff" * 32, MESSAGE, SIGNATURE)


@given(key=st.binary(max_size=40), signature=st.binary(max_size=70))
def test_garbage_is_refused_and_never_raises(key: bytes, signature: bytes) -> None:
    assert not xeddsa.verify(key, b"anything", signature)
