"""STUN messages, by the vectors of RFC 5769."""

import pytest

from harness.failures import Failed
from harness.wire import stun

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
HEAD = "2112a442" + TRANSACTION.hex()
SOFTWARE = "8022000b7465737420766563746f7220"
V4 = bytes.fromhex(
    f"0101003c{HEAD}{SOFTWARE}002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
V6 = bytes.fromhex(
    f"01010048{HEAD}{SOFTWARE}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)


@pytest.mark.parametrize(
    ("message", "source"), [(V4, "192.0.2.1"), (V6, "2001:db8:1234:5678:11:2233:4455:6677")], ids=["v4", "v6"]
)
def test_the_sample_answer_tells_its_source(message: bytes, source: str) -> None:
    found = stun.answer(message, TRANSACTION)

    assert found is not None
    assert (source, 32853, "test vector") == (found.source, found.port, found.software)


def test_a_request_is_a_header_alone() -> None:
    assert bytes.fromhex(f"00010000{HEAD}") == stun.request(TRANSACTION)


@pytest.mark.parametrize(
    "message",
    [V4[:-1], V4 + b"\0", stun.request(TRANSACTION), V4.replace(TRANSACTION, bytes(12)), b"", b"\x80" * 40],
    ids=["short", "long", "a request", "another's", "nothing", "voice"],
)
def test_what_is_no_answer_to_us_is_passed_over(message: bytes) -> None:
    assert stun.answer(message, TRANSACTION) is None


def test_an_error_tells_its_code() -> None:
    found = stun.answer(bytes.fromhex(f"01110008{HEAD}0009000400000401"), TRANSACTION)

    assert found is not None
    assert (401, None) == (found.code, found.source)


@pytest.mark.parametrize("attribute", ["", "002000080003a147e112a643", "00200004 0001a147"])
def test_an_answer_without_a_source_is_none(attribute: str) -> None:
    size = len(bytes.fromhex(attribute))

    with pytest.raises(Failed, match="protocol_error"):
        stun.answer(bytes.fromhex(f"0101{size:04x}{HEAD}{attribute}"), TRANSACTION)
