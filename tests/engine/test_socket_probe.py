from typing import Any

import pytest

from harness.model import Level, Stage
from tests.engine.loopback import Authority, answering, json_reply, page, see, talking

URL = "wss://site.example:PORT/chat"
HELLO = {"send": {"cmd": 0, "seq": "<int>", "device": "<uuid>"}, "expect": {"json": {"cmd": 1, "seq": "<int>"}}}


def test_an_upgrade_over_verified_tls_is_authenticated_transport(vouched: Authority) -> None:
    walk = see(talking(str), "websocket", {"url": URL}, vouched)

    assert (True, Level.E2) == (walk.completed, walk.level)


def test_an_upgrade_over_plain_tcp_shows_a_connection_only() -> None:
    assert Level.E1 == see(talking(str), "websocket", {"url": "ws://site.example:PORT/chat"}).level


def test_a_reply_that_carries_our_fresh_value_is_the_service_itself(vouched: Authority) -> None:
    walk = see(talking(json_reply(cmd=1)), "websocket", {"url": URL, "proof": {"steps": [HELLO]}}, vouched)

    assert (True, Level.E3) == (walk.completed, walk.level)


def test_a_reply_to_another_question_proves_nothing(vouched: Authority) -> None:
    params = {"url": URL, "proof": {"steps": [HELLO]}}
    walk = see(talking(json_reply(cmd=1, seq=7)), "websocket", params, vouched, seconds=0.3)

    assert (Stage.BODY, "proof_missing", Level.E2) == (walk.failed_at, walk.failure, walk.level)


def test_a_page_in_place_of_the_upgrade_is_a_refusal_that_keeps_the_page(vouched: Authority) -> None:
    walk = see(answering(page("go away", "403 Forbidden")), "websocket", {"url": URL}, vouched)

    assert (Stage.RESPONSE, "websocket_refused") == (walk.failed_at, walk.failure)
    assert walk.last is not None
    assert {"status": 403, "body_head": "go away"} == walk.last.detail


def test_a_close_before_the_upgrade_is_an_end_of_file(vouched: Authority) -> None:
    assert "eof_error" == see(answering(b""), "websocket", {"url": URL}, vouched).failure


def test_a_close_that_the_server_says_is_its_answer(vouched: Authority) -> None:
    params = {"url": URL, "proof": {"steps": [HELLO]}}
    walk = see(talking(str, close=1008), "websocket", params, vouched)

    assert (Stage.BODY, "proof_missing") == (walk.failed_at, walk.failure)
    assert walk.last is not None
    assert {"steps": 0, "closed": 1008, "reason": "no"} == walk.last.detail


def test_a_message_without_an_end_is_not_held(vouched: Authority) -> None:
    params = {"url": URL, "proof": {"steps": [HELLO]}}
    walk = see(talking(str, endless=True), "websocket", params, vouched)

    assert (Stage.BODY, "protocol_error") == (walk.failed_at, walk.failure)


STEPS: list[dict[str, Any]] = [
    {"send": "ping 7", "expect": {"text": "ping [0-9]"}},
    {"send": "<uuid>", "expect": {"text": "^<uuid>$"}},
]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_text_frames_are_matched_by_expression(vouched: Authority, step: dict[str, Any]) -> None:
    assert Level.E3 == see(talking(str), "websocket", {"url": URL, "proof": {"steps": [step]}}, vouched).level
