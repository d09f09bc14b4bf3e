"""An engine never outlives whoever started it, and nobody can read its secrets from outside."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TypeAlias

import psutil
import pytest

from tests.truth.loopback import free_port

Held: TypeAlias = "tuple[subprocess.Popen[str], psutil.Process]"
ROOT = pathlib.Path(__file__).parents[2]
PASSWORD = "swordfish-and-chips"
HOLDER = f"""
import asyncio, signal, sys
from harness.dial.api import Tape
from harness.dial.deadline import Deadline
from harness.dial.open import open_path
from harness.model import Path, Spec, Trust

async def main():
    params = {{"host": "127.0.0.1", "port": {free_port()}, "method": "aes-256-gcm", "password": "{PASSWORD}"}}
    path = open_path(Path(name="p", hops=(Spec(kind="shadowsocks", params=params),)), Trust())
    tape = Tape(check="c", began=0.0)
    await path.up(Deadline.after(15), tape)
    print(path.dialer.lease.standing.engine._process.pid, flush=True)
    await asyncio.sleep(float(sys.argv[1]))
    path.close()

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are deaf to it
asyncio.run(main())
"""


@pytest.fixture
def holder(tmp_path: pathlib.Path) -> Iterator[Held]:
    """A process that has brought a tunnel up, and the engine that it started."""
    with holding(tmp_path) as held:
        yield held


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def looked_at(folder: pathlib.Path) -> Iterator[Held]:
    """The same, for who only looks."""
    with holding(folder) as held:
        yield held


@contextlib.contextmanager
def holding(folder: pathlib.Path) -> Iterator[Held]:
    given = {**os.environ, "TMPDIR": str(folder), "AWS_SECRET_ACCESS_KEY": "no business of an engine's"}
    argv = [sys.executable, "-c", HOLDER, "60"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=given) as process:
        try:
            assert process.stdout
            yield process, psutil.Process(int(process.stdout.readline()))
        finally:
            process.kill()


def ended(engine: psutil.Process, within: float = 2.0) -> bool:
    """True once the engine is gone; what is left of one that nobody has waited for counts as gone."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_engine_ends_with_whoever_started_it(holder: Held, number: signal.Signals) -> None:
    process, engine = holder

    process.send_signal(number)

    assert ended(engine)


def test_no_argument_and_no_variable_holds_a_secret(looked_at: Held) -> None:
    _, engine = looked_at

    seen = " ".join((*engine.cmdline(), *engine.environ(), *engine.environ().values()))

    assert PASSWORD not in seen
    assert "AWS_SECRET_ACCESS_KEY" not in seen


def test_no_file_is_left_behind_even_while_it_runs(looked_at: Held, folder: pathlib.Path) -> None:
    assert [] == list(folder.iterdir())


def test_its_configuration_is_readable_by_its_owner_alone(looked_at: Held) -> None:
    _, engine = looked_at

    assert 0o600 == os.stat(f"/proc/{engine.pid}/fd/0").st_mode & 0o777


def test_it_leads_a_process_group_of_its_own(looked_at: Held) -> None:
    process, engine = looked_at

    assert engine.pid == os.getpgid(engine.pid) != os.getpgid(process.pid)


def test_it_listens_on_loopback_alone(looked_at: Held) -> None:
    _, engine = looked_at

    heard = [one.laddr.ip for one in engine.net_connections() if one.status == psutil.CONN_LISTEN]

    assert ["127.0.0.1"] == heard
