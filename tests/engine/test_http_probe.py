import hashlib
from typing import Any

import pytest
from hyperframe.frame import GoAwayFrame

from harness.model import Level, Stage
from tests.engine.loopback import Authority, Handler, answering, http2_answering, page, see, silent

URL = "https://site.example:PORT/"


def test_any_answer_over_verified_tls_is_authenticated_transport(vouched: Authority) -> None:
    walk = see(answering(page("hello")), "http", {"url": URL}, vouched)

    assert [Stage.RESOLVE, Stage.CONNECT, Stage.TLS, Stage.REQUEST, Stage.RESPONSE, Stage.BODY] == [
        seen.stage for seen in walk.observations
    ]
    assert (True, Level.E2) == (walk.completed, walk.level)


def test_an_answer_over_plain_http_shows_a_connection_only() -> None:
    walk = see(answering(page("hello")), "http", {"url": "http://site.example:PORT/"})

    assert (True, Level.E1) == (walk.completed, walk.level)


def test_the_response_keeps_what_a_page_is_known_by(vouched: Authority) -> None:
    body = "<html><title>Not\n here</title>no</html>"
    walk = see(answering(page(body, "403 Forbidden", "Server: x", "Set-Cookie: a=b")), "http", {"url": URL}, vouched)

    seen = walk.at(Stage.RESPONSE)
    assert seen is not None
    assert {
        "status": 403,
        "http_version": "HTTP/1.1",
        "headers": {"content-length": str(len(body)), "server": "x"},
        "title": "Not here",
        "length": len(body),
        "body_sha256": hashlib.sha256(body.encode()).hexdigest(),
        "body_head": body,
    } == seen.detail


def test_http2_is_spoken_where_the_server_agrees_to_it(vouched: Authority) -> None:
    walk = see(http2_answering(b"over frames"), "http", {"url": URL, "proof": {"body": "frames$"}}, vouched, alpn="h2")

    seen = walk.at(Stage.RESPONSE)
    assert seen is not None
    assert ("HTTP/2", Level.E3) == (seen.detail["http_version"], walk.level)


def test_http2_that_ends_in_good_order_still_brings_its_answer(vouched: Authority) -> None:
    first = GoAwayFrame(last_stream_id=1).serialize()
    walk = see(
        http2_answering(b"x" * 100_000, first), "http", {"url": URL, "proof": {"body": "x$"}}, vouched, alpn="h2"
    )

    assert Level.E3 == walk.level


def test_http2_that_ends_before_our_request_says_so(vouched: Authority) -> None:
    first = GoAwayFrame(last_stream_id=0).serialize()
    seen = see(http2_answering(b"x", first), "http", {"url": URL}, vouched, alpn="h2").last

    assert seen is not None
    assert (Stage.RESPONSE, "http_request_failed") == (seen.stage, seen.failure)


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (b"<html>a page alone", "http_request_failed"),
        (b"SSH-2.0-x\r\n", "http_request_failed"),
        (b"", "eof_error"),
        (b"HT", "eof_error"),
        (b"HTTP/1.1 200 OK\r\nServer", "eof_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "eof_error"),
    ],
)
def test_an_end_is_told_apart_from_what_is_no_http(vouched: Authority, said: bytes, failure: str) -> None:
    assert failure == see(answering(said), "http", {"url": URL}, vouched).failure


def test_a_change_of_protocol_is_an_answer(vouched: Authority) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    said = hint + b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nno HTTP"
    headers = {"Connection": "upgrade", "Upgrade": "x"}
    walk = see(answering(said), "http", {"url": URL, "headers": headers, "proof": {"status": [101]}}, vouched)

    assert Level.E3 == walk.level


def test_a_long_head_is_read_to_its_end(vouched: Authority) -> None:
    long = [f"Set-Cookie: c{number}={'x' * 4000}" for number in range(12)]

    assert (
        Level.E3
        == see(answering(page("hi", "200 OK", *long)), "http", {"url": URL, "proof": {"body": "hi"}}, vouched).level
    )


PROOFS: list[dict[str, Any]] = [
    {"status": [200, 204]},
    {"headers": {"X-Service": "^real$"}},
    {"body": "tru[e]"},
    {"json": {"ok": True, "deep.list.1": "b"}},
    {"json": {"deep": {"list": ["a", "b"]}}},
    {"has": ["deep.list.0"]},
    {"min_bytes": 10},
    {"sha256": hashlib.sha256(b'{"ok": true, "deep": {"list": ["a", "b"]}}').hexdigest()},
]


@pytest.mark.parametrize("proof", PROOFS, ids=str)
def test_a_proof_that_holds_over_verified_tls_is_the_service_itself(vouched: Authority, proof: dict[str, Any]) -> None:
    answer = page('{"ok": true, "deep": {"list": ["a", "b"]}}', "200 OK", "X-Service: real")

    assert Level.E3 == see(answering(answer), "http", {"url": URL, "proof": proof}, vouched).level


FALLING_SHORT: list[tuple[dict[str, Any], str]] = [
    ({"status": [201]}, "http_unexpected_status_code"),
    ({"redirect": "^https://real/"}, "http_unexpected_redirect_url"),
    ({"headers": {"X-Service": "^real$"}}, "proof_missing"),
    ({"body": "false"}, "proof_missing"),
    ({"json": {"ok": 1}}, "proof_missing"),
    ({"has": ["nothing"]}, "proof_missing"),
    ({"min_bytes": 1000}, "proof_missing"),
    ({"sha256": "0" * 64}, "proof_missing"),
]


@pytest.mark.parametrize(("proof", "failure"), FALLING_SHORT, ids=str)
def test_a_proof_that_falls_short_is_told_by_its_part(vouched: Authority, proof: dict[str, Any], failure: str) -> None:
    walk = see(answering(page('{"ok": true}')), "http", {"url": URL, "proof": proof}, vouched)

    assert (Stage.BODY, failure, Level.E2) == (walk.failed_at, walk.failure, walk.level)
    assert walk.last is not None
    assert [*proof] == [walk.last.detail["proof"]]


def test_a_page_where_json_was_due_is_no_json(vouched: Authority) -> None:
    walk = see(answering(page("<html>")), "http", {"url": URL, "proof": {"json": {"ok": True}}}, vouched)

    assert "json_parse_error" == walk.failure


def test_a_redirect_is_an_answer_and_is_not_followed(vouched: Authority) -> None:
    answer = answering(page("", "302 Found", "Location: https://real/login"))

    assert see(answer, "http", {"url": URL, "proof": {"redirect": "^https://real/"}}, vouched).completed


CUT: list[tuple[Handler, Stage, str]] = [
    (answering(b""), Stage.RESPONSE, "eof_error"),
    (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"), Stage.BODY, "eof_error"),
    (answering(b"SSH-2.0-OpenSSH\r\n\r\n"), Stage.RESPONSE, "http_request_failed"),
]


@pytest.mark.parametrize(("handler", "stage", "failure"), CUT, ids=lambda value: str(value)[:20])
def test_an_answer_cut_short_is_told_at_its_stage(
    vouched: Authority, handler: Handler, stage: Stage, failure: str
) -> None:
    walk = see(handler, "http", {"url": URL}, vouched)

    assert (stage, failure) == (walk.failed_at, walk.failure)


def test_a_certificate_of_another_authority_ends_the_walk_before_the_request(vouched: Authority) -> None:
    walk = see(answering(page("forged")), "http", {"url": "https://127.0.0.1:PORT/"}, vouched)
    other = see(answering(page("forged")), "http", {"url": "https://other.example:PORT/"}, vouched)

    assert walk.completed
    assert Stage.RESOLVE == other.failed_at


def test_a_long_body_is_read_as_far_as_asked(vouched: Authority) -> None:
    walk = see(answering(page("x" * 5000)), "http", {"url": URL, "max_bytes": 100}, vouched)

    assert walk.last is not None
    assert {"length": 100, "cut": True} == walk.last.detail


def test_a_header_that_a_scenario_names_replaces_our_own() -> None:
    async def echo(reader: Any, writer: Any) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.write(page(head))
        await writer.drain()

    params = {"url": "http://site.example:PORT/a?b=c", "headers": {"User-Agent": "mine"}, "credentials": {"X-Key": "k"}}
    seen = see(echo, "http", params).at(Stage.RESPONSE)

    assert seen is not None
    for line in ("GET /a?b=c HTTP/1.1", "User-Agent: mine", "X-Key: k"):
        assert line.lower() in seen.detail["body_head"].lower()
    assert "Mozilla" not in seen.detail["body_head"]


def test_silence_after_the_request_is_a_response_that_timed_out(vouched: Authority) -> None:
    walk = see(silent, "http", {"url": URL}, vouched, seconds=0.3)

    assert (Stage.RESPONSE, "generic_timeout_error") == (walk.failed_at, walk.failure)


def test_a_reflector_tells_the_source_that_it_saw(vouched: Authority) -> None:
    walk = see(answering(page('{"source": "192.0.2.1"}')), "exit", {"url": URL}, vouched)

    assert walk.last is not None
    assert ("192.0.2.1", Level.E2) == (walk.last.detail["exit"], walk.level)


def test_a_reflector_that_names_no_address_has_shown_nothing(vouched: Authority) -> None:
    assert "proof_missing" == see(answering(page('{"source": "you"}')), "exit", {"url": URL}, vouched).failure
