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
WAITING = r"waiting for news\[direct\], \d+ of at most \d+ s"
WORDS = [*PYTEST, "--world", "address-blackhole", "-k", "news and direct"]


def test_a_cell_under_way_is_told_with_its_limit() -> None:
    sight = Sight(started=(Started(key=KEY, at=100.0, limit=45.0),))

    assert "0 of 0 finished; waiting for news[direct], 4 of at most 45 s" == waiting(KEY, sight, 104.2)


def test_a_cell_that_has_not_begun_is_in_the_queue() -> None:
    assert "0 of 0 finished; waiting for news[direct], in the queue" == waiting(KEY, Sight(), 104.2)


def test_a_terminal_shows_what_is_waited_for(small: pytest.Pytester) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(WORDS, cwd=small.path, env=environment, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        shown = _until(ours, WAITING)
        running.terminate()

    assert "waiting for the world address-blackhole to come up, at most 35 s" in shown
    assert re.search(WAITING, shown)


def _until(terminal: int, said: str) -> str:
    """All that is written to a terminal until this is said, or until nobody holds it any more."""
    shown = ""
    try:
        while not re.search(said, shown) and (part := os.read(terminal, 65536)):
            shown += part.decode(errors="replace")
    except OSError:  # EIO: the last holder is gone
        pass
    os.close(terminal)
    return shown


def test_a_log_file_is_spared_the_progress(small: pytest.Pytester) -> None:
    words = [*PYTEST, "--world", "sni-reset", "-k", "recipes and direct"]
    done = subprocess.run(words, cwd=small.path, capture_output=True, text=True, timeout=60, check=False)

    assert "1 passed" in done.stdout
    assert "\x1b" not in done.stdout
    assert "waiting for" not in done.stdout
