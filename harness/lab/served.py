"""A lab that stays up for others: whoever asks for it by name starts programs in it, reads its log, gives it rules.

They speak over an abstract Unix socket, unix(7): it has no file, so none is left where its owner is killed. Each end
looks whether the other is the same user. Who visits is `harness.lab.visit`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import ApparatusError, HarnessError
from harness.lab import events
from harness.lab.channel import Channel, Closed
from harness.lab.opened import Lab
from harness.lab.program import LabProcess
from harness.lab.world import Rule

ASKS_WITHIN = 10.0  # seconds
GLANCE = 0.1  # seconds between two looks at what a visitor says, and at the log


class Reception:
    """Takes in visitors and does for each what it asks for; a program has the visitor's own descriptors."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab = lab
        self._capturing = threading.Lock()
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._listening.bind(address(name))
        except OSError as fault:
            self._listening.close()
            taken = fault.errno == errno.EADDRINUSE
            why = f'a lab is served as "{name}" already; end it' if taken else f'"{name}" is no name to serve under'
            raise ApparatusError(f"{why}, or write --name OTHER") from fault
        self._listening.listen()
        threading.Thread(target=self._receive, name="lab-reception", daemon=True).start()

    def close(self) -> None:
        """Take in nobody any more."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _receive(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                visitor, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor: socket.socket) -> None:
        with visitor, contextlib.suppress(Closed, TimeoutError):
            if not same_user(visitor):
                return
            channel = Channel(visitor)
            wanted, stdio = channel.receive(ASKS_WITHIN)
            try:
                channel.send({"code": self._fulfil(channel, wanted, stdio)})
            except HarnessError as fault:
                channel.send({"fault": str(fault)})
            except OSError as fault:
                channel.send({"refused": [fault.errno, fault.strerror, fault.filename]})
            finally:
                for fd in stdio:
                    with contextlib.suppress(OSError):
                        os.close(fd)

    def _fulfil(self, channel: Channel, wanted: Mapping[str, Any], stdio: list[int]) -> int:
        if wanted["rules"] is not None:
            self._lab.swap(Rule(behaviour=rule["behaviour"], params=rule["params"]) for rule in wanted["rules"])
            return 0
        visit = Visit(self._lab, channel, wanted)
        with self._captured(wanted["pcap"]):
            return visit.run(stdio) if wanted["argv"] else visit.watch()

    @contextlib.contextmanager
    def _captured(self, folder: str | None) -> Iterator[None]:
        """Packets go to that folder meanwhile; one visitor's capture at a time."""
        if folder is None:
            yield
            return
        if not self._capturing.acquire(blocking=False):
            raise ApparatusError("packets of this world are being captured already; wait until that is over")
        try:
            self._lab.capture(folder)
            yield
        finally:
            with contextlib.suppress(ApparatusError):  # the lab has gone, and its captures with it
                self._lab.capture(None)
            self._capturing.release()


class Visit:
    """What one visitor wants, while it is done."""

    def __init__(self, lab: Lab, channel: Channel, wanted: Mapping[str, Any]) -> None:
        self._lab = lab
        self._channel = channel
        self._wanted = wanted
        self._told = lab.mark() if wanted["argv"] else 0  # up to where the visitor knows the log

    def run(self, stdio: list[int]) -> int:
        """The program's code; it gets the visitor's signals, and is killed where the visitor hangs up."""
        streams = dict(zip(("stdin", "stdout", "stderr"), stdio, strict=True))
        env = {**self._wanted["env"], **self._lab.variables}
        running = self._lab.popen(self._wanted["argv"], env=env, cwd=self._wanted["cwd"], **streams)  # type: ignore[arg-type]
        try:
            while (code := _ended(running)) is None:
                self._tell()
                for number in self._heard():
                    running.pass_on(number)
        except BaseException:
            running.kill()
            raise
        self._tell()
        return self._lab.ended(code)

    def watch(self) -> int:
        """Goes on until the visitor hangs up, where it wants to follow; else it is told what there is."""
        self._tell()
        while self._wanted["follow"]:
            time.sleep(GLANCE)
            self._heard()
            self._tell()
            if self._lab.died:
                raise ApparatusError(self._lab.died)
        return 0

    def _tell(self) -> None:
        """Hands on what the censor has done since the visitor was last told."""
        if self._wanted["log"] and (done := self._lab.log(self._told)):
            self._told += len(done)
            self._channel.send({"events": [events.line(event) for event in done]})

    def _heard(self) -> Iterator[int]:
        """The signals that the visitor has got meanwhile; Closed where it has hung up."""
        found = []
        while self._channel.waiting(0.0):
            found.append(int(self._channel.receive(0.0)[0]["signal"]))
        return iter(found)


def _ended(running: LabProcess) -> int | None:
    """How the program ended; None where it still runs after a while."""
    try:
        return running.wait(GLANCE)
    except subprocess.TimeoutExpired:
        return None


def address(name: str) -> str:
    """Where the lab of that name is asked for, among this user's."""
    return f"\0waygauge-lab-{os.getuid()}-{name}"


def same_user(end: socket.socket) -> bool:
    """True where the other end is the same user's (SO_PEERCRED, unix(7))."""
    credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", credentials)[1]
    return uid == os.getuid()
