"""Under pytest-xdist the controller owns world, engine and record; its workers ask there."""

import json
import os
import pathlib
import threading
from collections.abc import Callable, Iterator

import pytest

from harness.errors import ApparatusError
from harness.model import Claim, Path, ScenarioPlan, Vantage
from harness.vantage import Hushed, Request, Setup
from harness.vantage.broker import Broker, RemoteSession

pytest.importorskip("xdist")

Plan = Callable[..., ScenarioPlan]


@pytest.fixture(scope="module")
def folder(small_run: Callable[..., pathlib.Path]) -> pathlib.Path:
    """The folder of one run by two workers."""
    return small_run("-n", "2", "--record=run.jsonl", "--junitxml=junit.xml")


def test_every_cell_is_reported(folder: pathlib.Path) -> None:
    assert "1 failed, 2 passed, 2 skipped" in (folder / "out.txt").read_text()


def test_no_cell_runs_twice_and_one_record_comes_out(folder: pathlib.Path) -> None:
    lines = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]

    keys = [line["key"] for line in lines if line["type"] == "cell"]
    assert sorted(set(keys)) == sorted(keys)
    assert ["run", "end"] == [line["type"] for line in lines if line["type"] in {"run", "end"}]


def test_the_controller_shows_the_matrix(folder: pathlib.Path) -> None:
    assert "recipes works now by" in (folder / "out.txt").read_text()


def test_messages_in_junit_are_one_line_as_without_workers(folder: pathlib.Path) -> None:
    assert 'message="blocked: tls.reset_on_sni at tls (likely, 1 attempt)"' in (folder / "junit.xml").read_text()


def test_exit_status_is_that_of_a_single_process(small: pytest.Pytester) -> None:
    result = small.runpytest_subprocess("--world", "sni-reset", "-n", "2", "-k", "news and direct")

    assert pytest.ExitCode.TESTS_FAILED == result.ret


@pytest.fixture
def broker(tmp_path: pathlib.Path) -> Iterator[Broker]:
    opened = Broker(Setup(vantage=Vantage(name="here"), record=tmp_path / "run.jsonl"))
    yield opened
    opened.close()


def test_many_workers_get_the_same_cell(broker: Broker, plan: Plan, server: int) -> None:
    key, claims = f"loopback:port-{server}[direct]", []

    def work() -> None:
        session = RemoteSession(broker.address)
        session.submit([plan(server)], Hushed())
        while (outcome := session.result(key, 1.0)) is None:
            continue
        claims.append(outcome.verdict.claim)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [Claim.USABLE] * 8 == claims


def test_only_its_owner_can_reach_the_broker(broker: Broker) -> None:
    assert 0o700 == os.stat(pathlib.Path(broker.address).parent).st_mode & 0o777


def test_a_worker_is_told_why_no_engine_came_up() -> None:
    broker = Broker(Setup(vantage=Vantage(name="here"), inline=True, world="open"))
    worker = RemoteSession(broker.address)

    with pytest.raises(ApparatusError, match="drop --world or --engine inline"):
        worker.submit([], Hushed())
    assert worker.died
    broker.close()


def test_a_worker_without_its_controller_is_told(broker: Broker) -> None:
    broker.close()

    with pytest.raises(ApparatusError, match="the controller's engine is gone"):
        RemoteSession(broker.address).result("loopback:never[direct]", 1.0)


def test_a_worker_fetches_over_the_controllers_engine(broker: Broker) -> None:
    found = RemoteSession(broker.address).fetch(
        Path(name="direct"), Request(method="GET", url="http://127.0.0.1:1/"), 5.0
    )

    assert "connection_refused" == found.failure
