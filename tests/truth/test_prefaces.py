"""Plain proxies hide nothing: a middlebox finds what is said behind them."""

from __future__ import annotations

import pytest

from harness.lab.censor.preface import beyond

HELLO = b"\x16\x03\x01hello"
SOCKS_NAME = b"\x05\x01\x00" + b"\x05\x01\x00\x03\x0bexample.com\x01\xbb"
SOCKS_PASSWORD = b"\x05\x02\x00\x02" + b"\x01\x05alice\x02pw" + b"\x05\x01\x00\x01\x01\x02\x03\x04\x01\xbb"
CONNECT = b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"


@pytest.mark.parametrize("opening", [b"", SOCKS_NAME, SOCKS_PASSWORD, CONNECT, CONNECT + SOCKS_PASSWORD])
def test_what_is_said_behind_proxies_is_found(opening: bytes) -> None:
    assert HELLO == beyond(opening + HELLO)


@pytest.mark.parametrize("opening", [SOCKS_NAME, SOCKS_PASSWORD, CONNECT])
def test_nothing_is_found_while_an_opening_is_not_whole(opening: bytes) -> None:
    assert [b""] * len(opening) == [beyond(opening[:size]) for size in range(len(opening))]


def test_other_protocols_are_left_as_they_are() -> None:
    assert b"GET / HTTP/1.1\r\n" == beyond(b"GET / HTTP/1.1\r\n")
