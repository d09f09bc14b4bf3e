"""One session for many processes: pytest-xdist's controller owns world, engine and record, its workers ask here.

A socket in a folder that only its owner may enter; a connection for each question, so that an answer that takes long
keeps nobody else waiting. No path is started twice and no cell run twice, because there is one engine that knows them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from harness.errors import ApparatusError, HarnessError
from harness.lab.workdir import PREFIX, temporary
from harness.model import Path, ScenarioPlan
from harness.vantage import Fetched, Hushed, Outcome, Request, Session, Setup, Sight, open_session
from harness.vantage.messages import (
    Answer,
    Ask,
    Fetch,
    Result,
    Scrub,
    Submit,
    answer_line,
    ask_line,
    read_answer,
    read_ask,
)

SLICE = 1.0  # seconds for which one question may wait; whoever asks comes back


class Broker:
    """Answers the workers; the session is opened by the first question that needs it."""

    def __init__(self, setup: Setup, *, announce: Callable[[Submit], None] = lambda _: None) -> None:
        self._setup, self._announce = setup, announce
        self._opening = threading.Lock()
        self._session: Session | None = None
        self._fault: str | None = None
        self._folder = tempfile.mkdtemp(prefix=PREFIX, dir=temporary())  # 0700 by itself
        self.address = os.path.join(self._folder, "broker")
        self._server = _Server(self.address, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="waygauge-broker", daemon=True
        )
        self._thread.start()

    @property
    def session(self) -> Session | None:
        """The session, once a worker needed one."""
        return self._session

    @property
    def fault(self) -> str | None:
        """Why no session could be opened."""
        return self._fault

    def answer(self, ask: Ask) -> Answer:
        """What one question comes to; an apparatus that is broken is told, never raised."""
        try:
            return _ANSWERS[type(ask)](self._open(ask), ask)
        except HarnessError as exc:
            return Answer(fault=str(exc))

    def close(self, how: str = "") -> None:
        """Stop answering and end the session."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(SLICE)
        if self._session:
            self._session.close(how)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self, ask: Ask) -> Session:
        with self._opening:
            if isinstance(ask, Submit):
                self._announce(ask)
            if self._fault:
                raise ApparatusError(self._fault)
            if self._session is None:
                # What only a worker knows that has read the scenarios.
                known: dict[str, Any] = (
                    {"catalogue": ask.catalogue, "whole": ask.whole} if isinstance(ask, Submit) else {}
                )
                try:
                    self._session = open_session(replace(self._setup, **known))
                except HarnessError as exc:
                    self._fault = str(exc)
                    raise
            return self._session


def _submit(session: Session, ask: Submit) -> Answer:
    session.submit(ask.plans, Hushed(secrets=ask.secrets, private=ask.private))
    return Answer()


def _result(session: Session, ask: Result) -> Answer:
    return Answer(outcome=session.result(ask.key, min(ask.wait, SLICE)))


def _fetch(session: Session, ask: Fetch) -> Answer:
    return Answer(fetched=session.fetch(ask.path, ask.request, ask.timeout))


def _scrub(session: Session, ask: Scrub) -> Answer:
    return Answer(text=session.scrub(ask.text))


_ANSWERS: dict[type, Callable[[Session, Any], Answer]] = {
    Submit: _submit,
    Result: _result,
    Fetch: _fetch,
    Scrub: _scrub,
}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False  # a question under way must not keep the run from ending
    request_queue_size = 128

    def __init__(self, address: str, broker: Broker) -> None:
        self.broker = broker
        super().__init__(address, _Question)


class _Question(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        try:
            if line := self.rfile.readline():
                self.wfile.write(answer_line(self.server.broker.answer(read_ask(line))))
        except OSError:
            return  # the worker is gone


class RemoteSession:
    """The controller's session, seen from a worker."""

    def __init__(self, address: str, *, catalogue: str = "", whole: tuple[str, ...] = ()) -> None:
        self._address, self._catalogue, self._whole = address, catalogue, whole
        self._gone: str | None = None

    @property
    def died(self) -> str | None:
        """Why nothing will come any more, as far as it was told."""
        return self._gone

    def submit(self, plans: Sequence[ScenarioPlan], hushed: Hushed) -> None:
        """Ask for cells, in this order. A cell asked for before, by whomever, is not run again."""
        known: dict[str, Any] = {"catalogue": self._catalogue, "whole": self._whole}
        self._ask(Submit(plans=tuple(plans), secrets=hushed.secrets, private=hushed.private, **known))

    def result(self, key: str, wait: float) -> Outcome | None:
        """The finished cell, waiting at most so many seconds. Raises ApparatusError where it will never come."""
        return self._ask(Result(key=key, wait=wait)).outcome

    def fetch(self, path: Path, request: Request, timeout: float) -> Fetched:
        """Make one HTTP request over a path. Raises ApparatusError where the engine is gone."""
        fetched = self._ask(Fetch(path=path, request=request, timeout=timeout)).fetched
        if fetched is None:
            raise ApparatusError("the broker does not answer")
        return fetched

    def scrub(self, text: str) -> str:
        """The text without secrets, and with pseudonyms for private names."""
        with contextlib.suppress(ApparatusError):
            return self._ask(Scrub(text=text)).text
        return text  # the caller has taken out what it knows of itself

    def sight(self) -> Sight:
        """Nothing: what there is to show is the controller's to show."""
        return Sight()

    def close(self, how: str = "") -> None:
        """Nothing: the session is the controller's to end."""

    def _ask(self, ask: Ask) -> Answer:
        try:
            answer = self._answer(ask)
        except (OSError, ValueError) as exc:
            raise ApparatusError(f"the controller's engine is gone: {exc}") from exc
        if answer.fault:
            self._gone = answer.fault
            raise ApparatusError(answer.fault)
        return answer

    def _answer(self, ask: Ask) -> Answer:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self._address)
            line.sendall(ask_line(ask))
            with line.makefile("rb") as answers:
                return read_answer(answers.readline())
