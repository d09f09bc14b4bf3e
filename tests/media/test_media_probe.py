"""The stream against echoes that are whole, lossy, mute, and gone."""

from __future__ import annotations

import asyncio
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest

from harness.cli.echoing import Echo
from harness.model import Level, Stage, Trust, Walk
from tests.engine.loopback import walked
from tests.media.loopback import HERE, Answer, asked, of_lab

SHORT = {"seconds": 0.6, "interval": 0.02, "size": 172}


def figures(walk: Walk) -> dict[str, Any]:
    seen = walk.at(Stage.MEDIA)
    assert seen is not None
    return dict(seen.detail)


def echo(passing: Answer = lambda data: data) -> Answer:
    """An echo that answers what `passing` lets through."""
    server = Echo(bytes_a_second=1e9)
    # on the loopback the source is always the same
    return lambda data: server.answer(kept, ("127.0.0.1", 1)) if (kept := passing(data)) is not None else None


def every(number: int, answer: Answer) -> Answer:
    """The same answers, but each so many-th voice datagram is lost on the way back."""
    voices = iter(range(10**6))

    def some(data: bytes) -> bytes | None:
        back = answer(data)
        return None if data[:1] == b"\x80" and next(voices) % number == number - 1 else back

    return some


def test_a_stream_to_the_labs_echo_comes_back_whole(tmp_path: pathlib.Path) -> None:
    walk = of_lab("media", {"host": "127.0.0.1", **SHORT}, "echo", tmp_path)

    assert ([Stage.RESPONSE, Stage.MEDIA], Level.E5) == ([one.stage for one in walk.observations], walk.level)
    assert (30, 30, 0.0) == (figures(walk)["sent"], figures(walk)["received"], figures(walk)["loss"])
    assert 4.3 < figures(walk)["mos"]


def test_what_is_lost_on_the_way_back_is_said_of_the_way_back() -> None:
    found = figures(asked("media", SHORT, every(5, echo())))

    assert 0.0 == found["up"]["loss"]
    assert 0.2 == pytest.approx(found["down"]["loss"], abs=0.04)


def test_an_echo_that_gives_no_token_is_silent_before_the_stream() -> None:
    walk = asked("media", SHORT, lambda _: None, seconds=0.8)

    assert (Stage.RESPONSE, "generic_timeout_error") == (walk.failed_at, walk.failure)


def test_a_stream_that_falls_silent_says_after_how_many() -> None:
    voices = iter(range(10**6))
    walk = asked("media", SHORT, echo(lambda data: data if data[:1] == b"W" or next(voices) < 11 else None))

    assert (Stage.MEDIA, "generic_timeout_error", Level.E2) == (walk.failed_at, walk.failure, walk.level)
    assert (11, 11) == (figures(walk)["stopped"]["sent"], figures(walk)["stopped"]["received"])


def test_without_an_echo_nothing_is_asked() -> None:
    walk = asyncio.run(walked("media", {"host": "", "port": 3478, **SHORT}, trust=Trust(), path=HERE))

    assert (["not_declared"], Level.NONE) == ([one.failure for one in walk.observations], walk.level)


def test_the_command_echoes_until_it_is_told_to_stop() -> None:
    argv = [sys.executable, "-m", "harness.cli.main", "echo", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(re.findall(r":(\d+)$", server.stdout.readline().strip())[0])
        walk = asyncio.run(walked("media", {"host": "127.0.0.1", "port": port, **SHORT}, trust=Trust(), path=HERE))
        server.terminate()
        _, said = server.communicate(timeout=10)

    assert (True, 30, 0) == (walk.completed, figures(walk)["received"], server.returncode)
    assert "ended" in said
