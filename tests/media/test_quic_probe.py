"""The QUIC probe against servers that answer, stay silent, and answer amiss."""

from __future__ import annotations

import pathlib

from harness.model import Level, Stage
from tests.lab.quic_client import aioquic
from tests.media.loopback import asked, of_lab
from tests.wire import quic_server


def test_the_labs_server_answers_with_a_handshake(tmp_path: pathlib.Path) -> None:
    walk = of_lab("quic", {"host": "www.example.com"}, "http3", tmp_path)

    assert walk.last is not None
    assert (Level.E2, Stage.RESPONSE, "handshake") == (walk.level, walk.last.stage, walk.last.detail["kind"])
    assert "www.example.com" == walk.last.detail["server_name"]


@aioquic
def test_a_name_of_its_own_is_shown_in_place_of_the_host() -> None:
    walk = asked("quic", {"server_name": "www.example.org"}, lambda data: quic_server.answers(data)[0])

    assert walk.last is not None
    assert (True, "www.example.org") == (walk.completed, walk.last.detail["server_name"])


@aioquic
def test_a_server_of_other_versions_is_there() -> None:
    walk = asked("quic", {}, lambda data: quic_server.version_negotiation(data, 0x6B3343CF))

    assert walk.last is not None
    assert (Level.E2, "version_negotiation", None) == (
        walk.level,
        walk.last.detail["kind"],
        walk.last.detail["server_name"],
    )


def test_silence_is_asked_again_by_the_same_initial() -> None:
    heard: list[bytes] = []
    walk = asked("quic", {"seconds": 0.7}, heard.append)

    assert walk.last is not None
    assert ("generic_timeout_error", 2, 2400, 1) == (walk.failure, len(heard), walk.last.sent, len(set(heard)))


def test_what_is_no_answer_is_passed_over() -> None:
    walk = asked("quic", {"seconds": 0.4}, lambda data: data)

    assert walk.last is not None
    assert ("generic_timeout_error", 1) == (walk.failure, walk.last.detail["passed_over"])
