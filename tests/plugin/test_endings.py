"""However a run ends, finished cells are kept, nothing is left running, and nobody waits for ever."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator

import psutil
import pytest

WITHIN = 60.0  # far more than any of this takes, on a machine that others use too


# A shell without job control makes the programs that it puts into the background deaf to Ctrl-C.
PYTEST = "import pytest, signal; signal.signal(signal.SIGINT, signal.default_int_handler); exit(pytest.console_main())"


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@pytest.fixture
def running(small: pytest.Pytester) -> Iterator[subprocess.Popen[bytes]]:
    """A pytest with one finished cell in its record, which it has reported, and one that waits for silence."""
    words = ["--world", "address-blackhole", "-p", "no:cacheprovider", "--record=run.jsonl", "--junitxml=junit.xml"]
    command = [sys.executable, "-c", PYTEST, "-v", "-k", "direct", *words]
    with (small.path / "out.txt").open("wb") as out:
        started = subprocess.Popen(command, cwd=small.path, stdout=out)
        try:
            record = small.path / "run.jsonl"
            until(lambda: record.exists() and '"type":"cell"' in record.read_text())
            until(lambda: "::news[direct]" in (small.path / "out.txt").read_text())  # the item before it is done with
            yield started
        finally:
            started.kill()
            started.wait()


def lines(small: pytest.Pytester) -> list[dict[str, object]]:
    return [json.loads(line) for line in (small.path / "run.jsonl").read_text().splitlines()]


def gone(processes: list[psutil.Process]) -> bool:
    """True where none of them runs any more."""
    return not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def engine(running: subprocess.Popen[bytes]) -> psutil.Process:
    """The engine of this run: a process below it, so that no other run's is meant."""
    below = psutil.Process(running.pid).children(recursive=True)
    return next(one for one in below if "harness.engine" in one.cmdline())


def test_ctrl_c_is_exit_status_two(running: subprocess.Popen[bytes]) -> None:
    running.send_signal(signal.SIGINT)

    assert pytest.ExitCode.INTERRUPTED == running.wait(WITHIN)


def test_ctrl_c_keeps_finished_cells_and_says_how_it_ended(
    running: subprocess.Popen[bytes], small: pytest.Pytester
) -> None:
    running.send_signal(signal.SIGINT)
    running.wait(WITHIN)

    found = lines(small)
    assert "cell" in {line["type"] for line in found}
    assert ("end", "interrupted") == (found[-1]["type"], found[-1]["reason"])


def test_ctrl_c_leaves_a_name_on_every_case(running: subprocess.Popen[bytes], small: pytest.Pytester) -> None:
    running.send_signal(signal.SIGINT)
    running.wait(WITHIN)

    cases = list(ET.parse(small.path / "junit.xml").iter("testcase"))
    assert cases
    assert all(case.get("name") for case in cases)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left(running: subprocess.Popen[bytes], number: int) -> None:
    below = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(number)
    running.wait(WITHIN)

    assert len(below) > 1
    until(lambda: gone(below))


def test_a_try_that_is_ended_leaves_no_process(lab: None, tmp_path: pathlib.Path) -> None:
    words = [sys.executable, "-m", "harness.cli.main", "try", "--", "-k", "facebook-web and direct"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        until((tmp_path / "out" / "run.jsonl").exists)
        below = psutil.Process(running.pid).children(recursive=True)
        running.terminate()

    assert len(below) > 1
    until(lambda: gone(below))


def test_a_killed_run_keeps_finished_cells(running: subprocess.Popen[bytes], small: pytest.Pytester) -> None:
    running.kill()
    running.wait()

    assert "cell" in {line["type"] for line in lines(small)}


def test_a_dead_engine_is_told_to_every_cell_that_waits_and_leaves_no_process(
    running: subprocess.Popen[bytes], small: pytest.Pytester
) -> None:
    below = psutil.Process(running.pid).children(recursive=True)
    engine(running).kill()

    assert 3 == running.wait(WITHIN)
    out = (small.path / "out.txt").read_text()
    assert "the engine was killed by SIGKILL" in out
    assert "Traceback" not in out
    assert "cell" in {line["type"] for line in lines(small)}
    until(lambda: gone(below))


def test_a_dead_engine_is_an_error_in_junit(running: subprocess.Popen[bytes], small: pytest.Pytester) -> None:
    engine(running).kill()
    running.wait(WITHIN)

    errors = [error.text for error in ET.parse(small.path / "junit.xml").iter("error")]
    assert {"the engine was killed by SIGKILL"} == set(errors)


def test_a_lab_that_dies_is_named(running: subprocess.Popen[bytes], small: pytest.Pytester) -> None:
    inside = psutil.Process(engine(running).pid).parent()
    assert inside is not None
    inside.kill()

    assert 3 == running.wait(WITHIN)
    assert "the lab" in (small.path / "out.txt").read_text()


def test_a_world_that_cannot_come_up_is_told_once(small: pytest.Pytester) -> None:
    result = small.runpytest_subprocess("--world", "nowhere")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(['*no world "nowhere"*'])


def test_nobody_else_reads_the_record(running: subprocess.Popen[bytes], small: pytest.Pytester) -> None:
    assert 0o600 == os.stat(small.path / "run.jsonl").st_mode & 0o777
