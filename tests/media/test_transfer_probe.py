"""Transfers from servers that give all, stop, close, refuse, and answer in small pieces."""

from __future__ import annotations

import asyncio
import pathlib
import socket
import struct
from typing import Any

import pytest

from harness.model import Level, Stage, Walk
from tests.engine.conftest import vouched
from tests.engine.loopback import Authority, Handler, see
from tests.media.loopback import of_lab
from tests.truth.loopback import NAME

__all__ = ["vouched"]

PARAMS = {"url": "https://site.example:PORT/", "down": 65536, "up": 65536, "seconds": 5.0, "stall": 0.4}
LAB = PARAMS | {"url": f"https://{NAME}:PORT/", "stall": 5.0}


def measured(walk: Walk) -> dict[str, Any]:
    seen = walk.at(Stage.MEDIA)
    assert seen is not None
    return dict(seen.detail)


def pages(body: bytes, *, after: int = 10**9, status: str = "200 OK", then: str = "") -> Handler:
    """Answers requests in order; after so many, or in the midst of a body, it does what `then` says."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(10**6):
            head = await reader.readuntil(b"\r\n\r\n")
            if number >= after:
                await _end(then, reader, writer)
            close = "Connection: close\r\n" if then == "announce" and number + 1 == after else ""
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{close}\r\n".encode())
            if not head.startswith(b"HEAD"):
                writer.write(body)
            await writer.drain()

    return handle


async def _end(then: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if then == "silence":
        while await reader.read(65536):
            pass
    elif then == "reset":
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        await asyncio.sleep(0.1)
    writer.close()
    raise ConnectionError


def test_64_kib_each_way_are_a_sustained_transfer(tmp_path: pathlib.Path) -> None:
    walk = of_lab("transfer", LAB, "web", tmp_path)

    assert (True, Level.E4) == (walk.completed, walk.level)
    assert [True, True] == [measured(walk)[way]["bytes"] >= 65536 for way in ("down", "up")]


def test_a_small_document_is_fetched_as_often_as_is_needed(tmp_path: pathlib.Path) -> None:
    walk = of_lab("transfer", LAB, "web", tmp_path, pages={"*": {"body": "small"}})

    assert (True, Level.E4) == (walk.completed, walk.level)


def test_an_empty_answer_counts_with_its_head(tmp_path: pathlib.Path) -> None:
    walk = of_lab("transfer", LAB, "web", tmp_path, pages={"*": {"status": 204}})

    assert 65536 <= measured(walk)["down"]["bytes"]


def test_a_series_and_the_kernels_figures_are_kept(tmp_path: pathlib.Path) -> None:
    down = measured(of_lab("transfer", LAB | {"down": 1 << 20}, "web", tmp_path))["down"]

    assert down["bytes"] == down["series"][-1][1] == max(moved for _, moved in down["series"])
    assert 0 < down["rtt_least"] <= down["rtt"]
    assert 3 <= len(down["series"]) <= 26


def test_over_plain_http_anybody_may_have_answered(tmp_path: pathlib.Path) -> None:
    walk = of_lab("transfer", LAB | {"url": f"http://{NAME}:PORT/"}, "web", tmp_path, tls=False)

    assert (True, Level.E1) == (walk.completed, walk.level)


def test_a_transfer_ends_after_its_time_once_64_kib_have_moved(tmp_path: pathlib.Path) -> None:
    walk = of_lab("transfer", LAB | {"down": 1 << 27, "seconds": 0.3}, "web", tmp_path, pages={"*": {"size": 500_000}})

    assert (True, True) == (walk.completed, 65536 <= measured(walk)["down"]["bytes"] < 1 << 27)


@pytest.mark.parametrize(
    ("then", "token"),
    [("silence", "generic_timeout_error"), ("reset", "connection_reset"), ("close", "eof_error")],
)
def test_where_it_stops_is_told_by_bytes_and_segments(vouched: Authority, then: str, token: str) -> None:
    walk = see(pages(b"x" * 9000, after=18, then=then), "transfer", PARAMS, vouched)

    assert (Stage.MEDIA, token, Level.E2) == (walk.failed_at, walk.failure, walk.level)
    stopped = measured(walk)["stopped"]
    assert ("down", then == "silence") == (stopped["way"], stopped["stalled"])
    assert 65536 < stopped["sent"] < 80_000
    assert 9000 < stopped["received"] < 65536
    assert stopped["segments_in"] > 0


def test_a_server_that_announces_its_end_too_early_shows_no_transfer(vouched: Authority) -> None:
    walk = see(pages(b"x" * 9000, after=18, then="announce"), "transfer", PARAMS, vouched)

    assert (Stage.MEDIA, "proof_missing") == (walk.failed_at, walk.failure)


@pytest.mark.parametrize("status", ["431 Request Header Fields Too Large", "400 Bad Request"])
def test_a_server_that_takes_no_padding_is_told_at_once(vouched: Authority, status: str) -> None:
    walk = see(pages(b"", status=status), "transfer", PARAMS, vouched)

    assert (Stage.RESPONSE, "http_unexpected_status_code") == (walk.failed_at, walk.failure)


def test_a_document_that_is_not_there_is_no_transfer(vouched: Authority) -> None:
    walk = see(pages(b"x" * 9000, status="404 Not Found"), "transfer", PARAMS, vouched)

    assert (Stage.MEDIA, "http_unexpected_status_code") == (walk.failed_at, walk.failure)
