import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.http_connect import Answer, Exchange
from harness.wire.malformed import Malformed
from tests.wire.garbage import outcome


def test_a_request_names_the_target_and_carries_credentials() -> None:
    # RFC 7617, section 2: Aladdin and "open sesame".
    request = Exchange("a.example", 443, ("Aladdin", "open sesame")).request

    assert request.startswith(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n")
    assert b"Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" in request


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert Exchange("2001:db8::1", 443).request.startswith(b"CONNECT [2001:db8::1]:443 ")


def test_bytes_behind_the_answer_are_the_targets_first() -> None:
    answer = Exchange("a.example", 443).feed(b"HTTP/1.1 200 Connection established\r\n\r\nSSH-2.0")

    assert answer is not None
    assert (True, 200, b"SSH-2.0") == (answer.open, answer.status, answer.rest)


def test_an_answer_in_pieces_is_waited_for() -> None:
    exchange = Exchange("a.example", 443)

    assert exchange.feed(b"HTTP/1.0 40") is None
    answer = exchange.feed(b"7 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n")

    assert answer is not None
    assert (407, True, {"proxy-authenticate": "Basic realm=x"}) == (
        answer.status,
        answer.wants_credentials,
        answer.headers,
    )


def test_a_provisional_answer_is_passed_over() -> None:
    answer = Exchange("a.example", 443).feed(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 502 Bad Gateway\r\n\r\n")

    assert answer is not None
    assert 502 == answer.status


def test_an_answer_that_is_no_http_is_malformed() -> None:
    with pytest.raises(Malformed) as refused:
        Exchange("a.example", 443).feed(b"\x05\xff\r\n\r\n")

    assert "\x05\xff\r\n\r\n" == refused.value.detail["head"]


@given(st.binary(max_size=200))
def test_garbage_is_malformed_and_nothing_else(data: bytes) -> None:
    answer = outcome(Exchange("a.example", 443).feed, data)

    assert answer in (None, Malformed) or isinstance(answer, Answer)
