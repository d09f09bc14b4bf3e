"""A lab that stays up for others: whoever asks for it by name starts programs in it.

They speak over an abstract Unix socket, unix(7): it has no file, so none is left where its owner is killed. Each end
looks whether the other is the same user.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import socket
import struct
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.errors import ApparatusError
from harness.lab import events
from harness.lab.channel import Channel, Closed
from harness.lab.events import Event
from harness.lab.opened import Lab
from harness.lab.program import LabProcess

ASKS_WITHIN = 10.0  # seconds
GLANCE = 0.2  # seconds between two looks at whether a visitor has hung up
LONG = 3600.0  # seconds between two looks of a visitor at a program that takes its time


class Wish(NamedTuple):
    """A program to run in a served lab, and what is wanted beside its exit code."""

    argv: Sequence[str]
    log: bool = False
    pcap: pathlib.Path | None = None


class Reception:
    """Takes in visitors and runs for each the program that it asks for, on the visitor's own descriptors."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab = lab
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._listening.bind(_address(name))
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
            if not _ours(visitor):
                return
            channel = Channel(visitor)
            wanted, stdio = channel.receive(ASKS_WITHIN)
            try:
                channel.send(self._run(channel, wanted, stdio))
            except ApparatusError as fault:
                channel.send({"fault": str(fault)})
            except OSError as fault:
                channel.send({"refused": [fault.errno, fault.strerror, fault.filename]})
            finally:
                for fd in stdio:
                    with contextlib.suppress(OSError):
                        os.close(fd)

    def _run(self, channel: Channel, wanted: Mapping[str, Any], stdio: list[int]) -> dict[str, Any]:
        mark = self._lab.mark()
        if wanted["pcap"]:
            self._lab.capture(wanted["pcap"])
        try:
            streams = dict(zip(("stdin", "stdout", "stderr"), stdio, strict=True))
            env = {**wanted["env"], **self._lab.variables}
            running = self._lab.popen(wanted["argv"], env=env, cwd=wanted["cwd"], **streams)  # type: ignore[arg-type]
            code = _ended(running, channel)
        finally:
            if wanted["pcap"]:
                self._lab.capture(None)
        return {"code": code, "events": [events.line(event) for event in self._lab.log(mark)] if wanted["log"] else []}


def _ended(running: LabProcess, channel: Channel) -> int:
    """How the program ended; it is killed where its visitor hangs up."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return running.wait(GLANCE)
        if channel.waiting(0.0):
            running.kill()
            raise Closed


def attach(name: str, wish: Wish) -> tuple[int, list[Event]]:
    """Run a program in the lab that is served under a name, on our own stdin, stdout and stderr: its exit code, and
    what the censor did meanwhile where that is wanted. Raises ApparatusError where no such lab is served, OSError where
    the program cannot be executed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
        try:
            end.connect(_address(name))
        except ConnectionRefusedError:
            raise ApparatusError(f'no lab is served as "{name}"; start one: waygauge lab serve {name}') from None
        if not _ours(end):
            raise ApparatusError(f'the lab that is served as "{name}" is another user\'s')
        channel = Channel(end)
        pcap = str(wish.pcap.absolute()) if wish.pcap else None
        wanted = {"argv": [*wish.argv], "env": dict(os.environ), "cwd": os.getcwd(), "log": wish.log, "pcap": pcap}
        try:
            channel.send(wanted, (0, 1, 2))
            while not channel.waiting(LONG):
                continue
            told, _ = channel.receive(0.0)
        except Closed:
            raise ApparatusError(f'the lab that was served as "{name}" has gone') from None
    if "fault" in told:
        raise ApparatusError(told["fault"])
    if "refused" in told:
        raise OSError(*told["refused"])
    return told["code"], [events.read(line) for line in told["events"]]


def _address(name: str) -> str:
    return f"\0waygauge-lab-{os.getuid()}-{name}"


def _ours(end: socket.socket) -> bool:
    """True where the other end is the same user's (SO_PEERCRED, unix(7))."""
    credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", credentials)[1]
    return uid == os.getuid()
