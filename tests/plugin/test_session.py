import os
import pathlib
import signal
from collections.abc import Callable

import pytest

from harness.errors import ApparatusError
from harness.model import Claim, Path, ScenarioPlan, Vantage
from harness.vantage import Hushed, Outcome, Request, Setup
from harness.vantage.session import EngineSession
from tests import needs

Plan = Callable[..., ScenarioPlan]


def finished(session: EngineSession, key: str) -> Outcome:
    outcome = session.result(key, 20.0)
    assert outcome is not None
    return outcome


def test_a_cell_comes_back_judged(session: EngineSession, plan: Plan, server: int) -> None:
    session.submit([plan(server)], Hushed())

    assert Claim.USABLE is finished(session, f"loopback:port-{server}[direct]").verdict.claim


def test_a_cell_asked_for_twice_runs_once(
    session: EngineSession, plan: Plan, server: int, tmp_path: pathlib.Path
) -> None:
    for _ in range(2):
        session.submit([plan(server)], Hushed())
        finished(session, f"loopback:port-{server}[direct]")

    assert 1 == (tmp_path / "run.jsonl").read_text().count('"type":"cell"')


def test_a_finished_cell_is_in_the_record_at_once(
    session: EngineSession, plan: Plan, server: int, tmp_path: pathlib.Path
) -> None:
    session.submit([plan(server)], Hushed())
    finished(session, f"loopback:port-{server}[direct]")

    assert '"type":"cell"' in (tmp_path / "run.jsonl").read_text()


def test_a_cell_that_does_not_apply_is_answered_without_sending(
    session: EngineSession, plan: Plan, server: int
) -> None:
    session.submit([plan(server, not_applicable="the world does not serve it")], Hushed())

    outcome = finished(session, f"loopback:port-{server}[direct]")

    assert (Claim.NOT_APPLICABLE, ()) == (outcome.verdict.claim, outcome.facts.attempts)


def test_a_killed_engine_is_named_to_whoever_waits(session: EngineSession, plan: Plan, server: int) -> None:
    os.kill(session.pid, signal.SIGKILL)

    with pytest.raises(ApparatusError, match="the engine was killed by SIGKILL"):
        session.result("loopback:never[direct]", 10.0)


def test_a_closed_session_leaves_no_child(plan: Plan, server: int) -> None:
    session = EngineSession.start(Setup(vantage=Vantage(name="here")))
    pid = session.pid
    session.close()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_engine_runs_inline_for_debuggers(plan: Plan, server: int) -> None:
    session = EngineSession.start(Setup(vantage=Vantage(name="here"), inline=True))
    session.submit([plan(server)], Hushed())

    assert Claim.USABLE is finished(session, f"loopback:port-{server}[direct]").verdict.claim
    session.close()


def test_an_inline_engine_cannot_enter_a_world() -> None:
    with pytest.raises(ApparatusError, match="drop --world or --engine inline"):
        EngineSession.start(Setup(vantage=Vantage(name="here"), inline=True, world="open"))


def test_what_is_measured_while_the_servers_of_a_world_are_dead_is_no_verdict(plan: Plan) -> None:
    needs.lab()
    session = EngineSession.start(Setup(vantage=Vantage(name="here"), world="open"))
    session.place.popen(["kill", "-9", "3"]).wait(5)

    session.submit([plan(1)], Hushed())

    with pytest.raises(ApparatusError, match="the lab's servers was killed by signal 9"):
        session.result("loopback:port-1[direct]", 20.0)
    session.close()


def test_a_fetch_that_fails_tells_token_and_stage(session: EngineSession) -> None:
    found = session.fetch(Path(name="direct"), Request(method="GET", url="http://127.0.0.1:1/"), 10.0)

    assert ("connection_refused", "connect") == (found.failure, found.stage)


def test_an_early_end_stands_in_the_record(session: EngineSession, tmp_path: pathlib.Path) -> None:
    session.close("interrupted")

    assert '"reason":"interrupted"' in (tmp_path / "run.jsonl").read_text().splitlines()[-1]
