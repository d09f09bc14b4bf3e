import pytest

from harness.wire.http2 import Frames


def frame(kind: int, payload: bytes, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, 0]) + stream.to_bytes(4, "big") + payload


def goaway(last: int, code: int = 0, why: bytes = b"") -> bytes:
    return frame(7, last.to_bytes(4, "big") + code.to_bytes(4, "big") + why)


SETTINGS, DATA = frame(4, b""), frame(0, b"hello", stream=1)


@pytest.mark.parametrize("piece", [1, 5, 9, 1000])
def test_a_goaway_in_good_order_is_taken_out_however_the_bytes_come(piece: int) -> None:
    frames, said = Frames(), SETTINGS + goaway(1, why=b"bye") + DATA

    passed = b"".join(frames.whole(said[at : at + piece]) for at in range(0, len(said), piece))

    assert SETTINGS + DATA == passed
    assert (1, True, False) == (frames.last, frames.answers(1), frames.answers(3))


def test_of_two_goaways_the_later_counts() -> None:
    frames = Frames()

    assert b"" == frames.whole(goaway(2**31 - 1) + goaway(1))
    assert 1 == frames.last


@pytest.mark.parametrize("said", [goaway(0, code=11), frame(7, b"\0\0"), DATA])
def test_an_error_and_every_other_frame_are_handed_on(said: bytes) -> None:
    frames = Frames()

    assert said == frames.whole(said)
    assert frames.answers(1)


def test_what_is_no_frame_is_handed_on_at_once() -> None:
    assert b"HTTP/1.1 400 Bad Request\r\n" == Frames().whole(b"HTTP/1.1 400 Bad Request\r\n")
