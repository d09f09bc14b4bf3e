"""Who asks an outside program for its version leaves nothing of it behind, even where nobody waits for the answer."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib

import psutil
import pytest

from harness.tunnels.program import identity

SLOW = "#!/bin/sh\nexec sleep 60\n"  # says nothing, and does not end


@pytest.fixture
def slow(tmp_path: pathlib.Path) -> str:
    program = tmp_path / "slow"
    program.write_text(SLOW)
    program.chmod(0o755)
    return str(program)


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_a_question_that_is_given_up_leaves_no_process(slow: str) -> None:
    before = children()

    async def given_up() -> set[int]:
        asking = asyncio.create_task(identity(slow))
        while not (started := children() - before):  # noqa: ASYNC110 - the start of a process is no event
            await asyncio.sleep(0.01)
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        return started

    started = asyncio.run(given_up())

    assert started
    assert not started & children()
