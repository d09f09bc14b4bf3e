"""Engines that run: one for each tunnel, shared by all that walk it, ended with the last that held it."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
import weakref
from dataclasses import dataclass, field

from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.model import Json
from harness.tunnels import program
from harness.tunnels.process import Process
from harness.tunnels.settings import Settings

START = 8.0  # seconds until the local port must listen; 0.1 on an idle machine
_LOOK_AGAIN = 0.004
_TAKEN, _TRIES = "address already in use", 3


class Engine:
    """One sing-box for one tunnel; started when it is first needed, and again where it has died."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.password = secrets.token_urlsafe(18)
        self.port = 0
        self.holders = 0
        self._process: Process | None = None
        self._shaken: Process | None = None  # the one whose handshake has been seen; of its log only the end is kept
        self._facts: dict[str, Json] = {}
        self._starting = asyncio.Lock()

    @property
    def alive(self) -> bool:
        """True while its process runs."""
        return self._process is not None and self._process.alive

    @property
    def died(self) -> bool:
        """True where its process has ended, and not by us."""
        return self._process is not None and not self._process.alive

    async def says(self, mark: str, until: Deadline) -> str | None:
        """The last line of its log that holds the mark, None where none has come by then."""
        return await self._process.says(mark, until) if self._process else None

    async def up(self, until: Deadline) -> dict[str, Json]:
        """Facts of the engine, once its local port listens. Raises Failed where it is missing or does not start."""
        async with self._starting:
            if self.alive:
                return {**self._facts, "fresh": False}
            began = time.monotonic()
            binary = program.find()
            if binary is None:
                raise Failed("engine_missing", engine=program.NAME, remedy=program.REMEDY)
            looking = asyncio.ensure_future(program.identity(binary))
            try:
                await self._start(binary, until.sooner(START))
                seconds = round(time.monotonic() - began, 4)
                known = await looking
            finally:
                looking.cancel()
            self._facts = {"version": known.version, "sha256": known.sha256, "seconds": seconds}
            return {**self._facts, "fresh": True}

    async def shaken(self, until: Deadline) -> bool:
        """True once the tunnel's own handshake is through, False where that has not come by then."""
        if not self.settings.up or (self.alive and self._shaken is self._process):
            return True
        if await self.says(self.settings.up, until) is None:
            return False
        self._shaken = self._process
        return True

    def stop(self) -> None:
        """End its process."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def failed(self) -> Failed:
        """Why it is not running, in its own last words."""
        said = self._process.last_words() if self._process else "it was never started"
        return Failed("engine_failed", engine=program.NAME, said=said)

    async def _start(self, binary: str, until: Deadline) -> None:
        for _ in range(_TRIES):
            self.stop()
            self.port = _free_port()
            config = self.settings.config(self.port, self.password)
            self._process = started = Process((binary, "run", "--disable-color", "-c", "stdin"), config)
            if await self._listening(started, until):
                return
            # Somebody else may have taken the port between our look and its own.
            if not any(_TAKEN in line for line in started.lines):
                break
        failed = self.failed()
        self.stop()
        raise failed

    async def _listening(self, started: Process, until: Deadline) -> bool:
        loop = asyncio.get_running_loop()
        while started.alive and until.clock() < until.at:
            with socket.socket() as knock:
                knock.setblocking(False)
                try:
                    await loop.sock_connect(knock, ("127.0.0.1", self.port))
                except OSError:
                    await asyncio.sleep(_LOOK_AGAIN)
                else:
                    return True
        return False


_RUNNING: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Engine]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An engine that is up, and the address of its server."""

    engine: Engine
    address: str


@dataclass(slots=True)
class Lease:
    """The engines that one open path holds; `standing` is the one by which it goes, where one is up."""

    held: dict[str, Engine] = field(default_factory=dict)
    standing: Standing | None = None

    def engine(self, settings: Settings) -> Engine:
        """The engine of these settings, the same for every path that asks for it.

        Those of other tunnels that its server would take for it are ended first. Those of the same tunnel, to other
        addresses of the server, may still be waited for by others who bring it up: they are left until one stands.
        """
        key = settings.key
        if key not in self.held:
            shared = _RUNNING.setdefault(asyncio.get_running_loop(), {})
            engine = shared.setdefault(key, Engine(settings))
            engine.holders += 1
            self.held[key] = engine
        for other in _mistaken_for(self.held[key]):
            if other.settings.tunnel != settings.tunnel:
                other.stop()
        return self.held[key]

    def stand(self, standing: Standing) -> Standing:
        """The one by which the path goes from now on; whatever its server would take for it is ended."""
        for other in _mistaken_for(standing.engine):
            other.stop()
        self.standing = standing
        return standing

    def close(self) -> None:
        """Let go of all of them; who is the last ends the process."""
        for key, engine in self.held.items():
            engine.holders -= 1
            if not engine.holders:
                engine.stop()
                for shared in _RUNNING.values():
                    if shared.get(key) is engine:
                        del shared[key]
        self.held.clear()


def _mistaken_for(engine: Engine) -> list[Engine]:
    """All others that the engine's server would take for it."""
    mine = engine.settings.known_by
    shared = _RUNNING.get(asyncio.get_running_loop(), {})
    return [other for other in shared.values() if mine and other.settings.known_by == mine and other is not engine]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
