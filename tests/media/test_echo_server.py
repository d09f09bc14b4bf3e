"""What `waygauge echo` answers, and above all what it does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.cli.echoing import EPOCH, HELLOS, LONGEST, MOST, STREAM, Bucket, Echo, Flow
from harness.wire import echo

HERE, ELSEWHERE = ("192.0.2.7", 40000), ("198.51.100.9", 40000)
NONCE = bytes(range(16))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def serving(rate: float = 1e9) -> tuple[Echo, Clock]:
    clock = Clock()
    return Echo(bytes_a_second=rate, clock=clock), clock


def token(server: Echo) -> bytes:
    found = echo.token(server.answer(echo.hello(NONCE), HERE) or b"", NONCE)
    assert found is not None
    return found


def voice(mark: bytes, number: int = 0) -> bytes:
    return echo.voice(number, 7, mark, bytes(132))


@given(st.one_of(st.binary(max_size=2000), st.binary(max_size=1300).map(lambda data: echo.HELLO + data)))
def test_no_answer_is_longer_than_its_question(datagram: bytes) -> None:
    server, _ = serving()

    assert len(server.answer(datagram, HERE) or b"") <= len(datagram)


def test_a_stream_comes_back_counted_and_no_longer_than_it_was() -> None:
    server, _ = serving()
    mark = token(server)

    back = [server.answer(voice(mark, number), HERE) or b"" for number in range(3)]

    assert {len(voice(mark))} == set(map(len, back))
    assert [1, 2, 3] == [found.count for one in back if (found := echo.echoed(one, 7, mark))]


def test_nothing_is_echoed_before_the_source_has_shown_that_it_receives() -> None:
    server, _ = serving()

    assert server.answer(voice(bytes(16)), HERE) is None


def test_a_token_serves_nobody_but_its_source() -> None:
    server, _ = serving()

    assert server.answer(voice(token(server)), ELSEWHERE) is None


def test_a_short_hello_is_not_answered() -> None:
    server, _ = serving()

    assert server.answer(echo.hello(NONCE)[:-1], HERE) is None


def test_a_token_runs_out() -> None:
    server, clock = serving()
    mark = token(server)
    clock.now += 2 * EPOCH

    assert server.answer(voice(mark), HERE) is None


def test_a_stream_comes_back_no_faster_than_its_cap() -> None:
    server, _ = serving()
    mark = token(server)

    back = [server.answer(voice(mark, number), HERE) for number in range(300)]

    assert STREAM == sum(one is not None for one in back)


def test_all_together_come_back_no_faster_than_the_cap_of_the_server() -> None:
    server, _ = serving(rate=1000.0)
    mark = token(server)

    assert [True] * 5 + [False] * 3 == [server.answer(voice(mark), HERE) is not None for _ in range(8)]


def test_no_more_tokens_are_given_out_than_the_cap_allows() -> None:
    server, _ = serving()

    assert HELLOS == sum(server.answer(echo.hello(NONCE), ("192.0.2.7", port)) is not None for port in range(500))


def test_what_is_too_long_for_one_piece_is_not_echoed() -> None:
    server, _ = serving()
    mark = token(server)

    assert server.answer(echo.voice(0, 7, mark, bytes(LONGEST)), HERE) is None


def test_silent_streams_make_room_for_new_ones() -> None:
    server, clock = serving()
    server.flows = dict.fromkeys(
        (number.to_bytes(16, "big") for number in range(MOST)), Flow(Bucket(1.0), at=clock.now)
    )
    mark = token(server)

    assert server.answer(voice(mark), HERE) is None
    clock.now += 40
    assert server.answer(voice(mark), HERE) is not None
