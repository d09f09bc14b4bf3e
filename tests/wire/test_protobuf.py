import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire import protobuf
from harness.wire.malformed import Malformed
from tests.wire.garbage import outcome


def test_the_documented_bytes_are_read() -> None:
    # protobuf.dev/programming-guides/encoding: field 1 = 150, field 2 = "testing".
    assert {1: 150, 2: b"testing"} == protobuf.read(bytes.fromhex("089601120774657374696e67"))


def test_fixed_numbers_are_read_lowest_byte_first() -> None:
    assert {1: 1, 2: 2} == protobuf.read(b"\x09" + b"\1" + bytes(7) + b"\x15" + b"\2" + bytes(3))


@given(st.integers(1, 2**29 - 1), st.binary(max_size=300))
def test_a_field_that_was_written_is_read_back(number: int, value: bytes) -> None:
    assert {number: value} == protobuf.read(protobuf.field(number, value))


@pytest.mark.parametrize("data", [b"\x00", b"\x0a\x05abc", b"\x08" + b"\xff" * 10, b"\x0b", b"\x80"])
def test_what_is_no_message_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        protobuf.read(data)


@given(st.binary(max_size=200))
def test_garbage_is_malformed_and_nothing_else(data: bytes) -> None:
    fields = outcome(protobuf.read, data)

    assert fields is Malformed or isinstance(fields, dict)
