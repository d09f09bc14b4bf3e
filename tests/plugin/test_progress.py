"""What is waited for is said on a terminal, and nowhere else."""

import os
import pty
import re
import subprocess
import sys

import pytest

from harness.plugin.progress import waiting
from harness.vantage import Sight, Started

KEY = "small:news[direct]"
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
WORDS = [*PYTEST, "--world", "address-blackhole", "-k", "news and direct"]


def test_a_cell_under_way_is_told_with_its_limit() -> None:
    sight = Sight(started=(Started(key=KEY, at=100.0, limit=45.0),))

    assert "0 of 0 finished; waiting for news[direct], 4 of at most 45 s" == waiting(KEY, sight, 104.2)


def test_a_cell_that_has_not_begun_is_in_the_queue() -> None:
    assert "0 of 0 finished; waiting for news[direct], in the queue" == waiting(KEY, Sight(), 104.2)


def test_a_terminal_shows_what_is_waited_for(small: pytest.Pytester) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(WORDS, cwd=small.path, env=environment, stdout=theirs, stderr=theirs):
        os.close(theirs)
        shown = _all(ours)

    assert re.search(r"waiting for news\[direct\], \d+ of at most \d+ s", shown)


def _all(terminal: int) -> str:
    """All that is written to a terminal until nobody holds it any more."""
    parts = []
    try:
        while part := os.read(terminal, 65536):
            parts.append(part)
    except OSError:  # EIO: the last holder is gone
        pass
    os.close(terminal)
    return b"".join(parts).decode()


def test_a_log_file_is_spared_the_progress(small: pytest.Pytester) -> None:
    done = subprocess.run(WORDS, cwd=small.path, capture_output=True, text=True, timeout=60, check=False)

    assert "\x1b" not in done.stdout
    assert "waiting for" not in done.stdout
