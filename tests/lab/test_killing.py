"""Whoever is killed, and whenever: within a second neither process nor namespace nor file of the lab is left."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.lab.conftest import HERE

ROUNDS = 4
GONE_WITHIN = 1.0

OWNER = """
import sys, time
sys.path[:0] = {paths!r}
from tests.lab.conftest import WORLD
from harness.lab import open_lab
print("starting", flush=True)
lab = open_lab(WORLD, serve="townsfolk:serve")
program = lab.popen(["sh", "-c", "trap '' TERM HUP INT; sleep 600 & setsid sleep 601 & wait"])
{more}print("open", flush=True)
time.sleep(600)
"""

pytestmark = pytest.mark.usefixtures("able")


@pytest.fixture
def tmpdir_of_labs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """A directory for the files of the labs of this test; its name marks their processes too."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield tmp_path
    for pid in marked(tmp_path):
        os.kill(pid, signal.SIGKILL)


def owner(more: str = "") -> subprocess.Popen[bytes]:
    """A process that opens a lab, runs a program that will not die, does something more, and waits."""
    root = str(HERE.parent.parent)
    return subprocess.Popen(
        [sys.executable, "-c", OWNER.format(paths=[root, str(HERE)], more=more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def marked(directory: pathlib.Path) -> list[int]:
    """Every process that was started with that TMPDIR, ourselves left out."""
    found: list[int] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            environment = pathlib.Path("/proc", name, "environ").read_bytes().split(b"\0")
            if f"TMPDIR={directory}".encode() in environment and int(name) != os.getpid():
                found.append(int(name))
    return found


def left(directory: pathlib.Path) -> tuple[list[int], list[str]]:
    """Processes and files that are still there after at most a second."""
    until = time.monotonic() + GONE_WITHIN
    while (marked(directory) or os.listdir(directory)) and time.monotonic() < until:
        time.sleep(0.02)
    return marked(directory), os.listdir(directory)


def kill_at_a_random_moment(process: subprocess.Popen[bytes], chance: random.Random) -> None:
    """Kills an owner while its lab starts, or soon after."""
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(chance.uniform(0, 0.8))
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_killed_owner_leaves_nothing_behind(tmpdir_of_labs: pathlib.Path, number: int) -> None:
    kill_at_a_random_moment(owner(), random.Random(number))

    assert ([], []) == left(tmpdir_of_labs)


def test_a_child_that_outlives_its_owner_does_not_keep_the_lab_alive(tmpdir_of_labs: pathlib.Path) -> None:
    process = owner("import os\nif os.fork() == 0: time.sleep(600)\n")
    holder, first = parts(tmpdir_of_labs, process)
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    time.sleep(GONE_WITHIN)

    assert not {holder, first} & set(marked(tmpdir_of_labs))
    assert [] == os.listdir(tmpdir_of_labs)


def parts(directory: pathlib.Path, process: subprocess.Popen[bytes]) -> list[int]:
    """The holder and the first process of an owner's lab, once it is open."""
    assert process.stdout is not None
    while process.stdout.readline() != b"open\n":
        assert process.poll() is None
    holder = [pid for pid in marked(directory) if parent(pid) == process.pid and holds(pid)]
    first = [pid for pid in marked(directory) if parent(pid) in holder]
    return holder + first


def holds(pid: int) -> bool:
    """True for a process of ours that holds a lab."""
    return b"harness.lab.daemon" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()


def parent(pid: int) -> int:
    """The parent of a process."""
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize("victim", [0, 1], ids=["holder", "first"])
def test_a_killed_part_takes_the_rest_of_the_lab_with_it(tmpdir_of_labs: pathlib.Path, victim: int) -> None:
    process = owner()
    os.kill(parts(tmpdir_of_labs, process)[victim], signal.SIGKILL)
    time.sleep(GONE_WITHIN)

    assert [process.pid] == [pid for pid in marked(tmpdir_of_labs) if not zombie(pid)]
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    assert ([], []) == left(tmpdir_of_labs)


def zombie(pid: int) -> bool:
    """True where only the entry of a process is left, for its parent to read."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_stopped_first_process_does_not_keep_the_lab_alive(tmpdir_of_labs: pathlib.Path) -> None:
    process = owner()
    os.kill(parts(tmpdir_of_labs, process)[1], signal.SIGSTOP)
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()

    assert ([], []) == left(tmpdir_of_labs)
