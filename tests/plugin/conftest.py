import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from harness.model import Cell, Check, Level, Path, Retry, ScenarioPlan, Target, Vantage
from harness.vantage import Setup
from harness.vantage.session import EngineSession
from tests import needs

SMALL = """
scenario: small
targets:
  - {name: news, check: {tls: {host: news.example.org, port: 443}}}
  - {name: recipes, check: {tls: {host: recipes.example.org, port: 443}}}
paths: [direct, control-abroad]
controls: {foreign: [neutral-abroad], domestic: [neutral-home], paths: [control-abroad]}
retry: {attempts: 1, deadline: 20s}
"""
"""In the world sni-reset `news` is reset on the direct path; `recipes` is let through."""

OTHERS = """targets:
  - service: orchard
  - {name: later, check: {tls: {host: recipes.example.org, port: 443}}, marks: [{skip: not today}]}"""
"""A service that no world serves, and a target that is skipped by its mark."""

ORCHARD = """
service: orchard
date: 2026-11-22
sources: [https://example.org/]
capabilities: {fruit: {checks: [{tls: {host: orchard.example.org, port: 443}}]}}
"""


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """No live network, and no consent or key of whoever runs the tests."""
    monkeypatch.setenv("WAYGAUGE_OFFLINE", "1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("WAYGAUGE_CONSENT", raising=False)


@pytest.fixture(scope="session")
def lab() -> None:
    """For tests that run in a world: skips by name where this machine holds no lab."""
    needs.lab()


@pytest.fixture
def small(pytester: pytest.Pytester, lab: None) -> pytest.Pytester:
    """A project with one small scenario."""
    (pytester.path / "small.reach.yaml").write_text(SMALL)
    return pytester


@pytest.fixture
def reach(small: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Runs pytest on the small scenario in the world sni-reset."""
    return lambda *args: small.runpytest_subprocess("--world", "sni-reset", "-p", "no:cacheprovider", *args, timeout=90)


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory, lab: None) -> Callable[..., pathlib.Path]:
    """Runs a scenario that shows every outcome, once for many findings; gives the folder, with `out.txt` in it."""

    def run(*words: str) -> pathlib.Path:
        folder = tmp_path_factory.mktemp("small")
        (folder / "small.reach.yaml").write_text(SMALL.replace("targets:", OTHERS))
        (folder / "services").mkdir()
        (folder / "services" / "orchard.yaml").write_text(ORCHARD)
        environment = {**os.environ, "WAYGAUGE_OFFLINE": "1", "XDG_STATE_HOME": str(folder)}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "--world",
            "sni-reset",
            "-p",
            "no:cacheprovider",
            "-k",
            "direct",
            *words,
        ]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=90, check=False
        )
        (folder / "out.txt").write_text(done.stdout + done.stderr)
        return folder

    return run


@pytest.fixture
def server() -> Iterator[int]:
    """The port of a loopback server that accepts and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]


def _accept(listening: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            listening.accept()[0].close()


@pytest.fixture
def session(tmp_path: pathlib.Path) -> Iterator[EngineSession]:
    """A session with a real engine on this machine, which may speak to loopback only."""
    opened = EngineSession.start(Setup(vantage=Vantage(name="here"), record=tmp_path / "run.jsonl"))
    yield opened
    opened.close()


@pytest.fixture
def plan() -> Callable[..., ScenarioPlan]:
    """Makes a plan of cells that open a TCP connection to loopback, by port."""
    return lambda *ports, **more: ScenarioPlan(
        scenario="loopback",
        cells=tuple(_cell(port, **more) for port in ports),
        retry=Retry(attempts=1, wait_min=0.0, wait_max=0.0, deadline=10.0),
    )


def _cell(port: int, **more: str) -> Cell:
    check = Check(name=f"port-{port}", probe="tcp", params={"host": "127.0.0.1", "port": port}, level=Level.E1)
    target = Target(name=f"port-{port}", checks=(check,), needs=Level.E1)
    return Cell(
        key=f"loopback:port-{port}[direct]", scenario="loopback", target=target, path=Path(name="direct"), **more
    )
