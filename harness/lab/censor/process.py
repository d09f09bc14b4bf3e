"""The censor's process: two packet sockets, the engine between them, and its owner's wishes."""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
import select
import time
from collections.abc import Callable, Mapping
from typing import Any

from harness.lab import events
from harness.lab.censor.engine import Engine
from harness.lab.censor.hops import Routers
from harness.lab.censor.line import Line
from harness.lab.censor.packet import CLIENT, INTERNET
from harness.lab.censor.pcap import Capture
from harness.lab.censor.port import Ports
from harness.lab.censor.rule import compiled
from harness.lab.channel import Channel
from harness.lab.events import Event
from harness.lab.net import syscalls
from harness.lab.net.topology import CLIENT_PORT, INTERNET_PORT

AT_ONCE = 64  # frames before what is due has its turn
ROUNDS = 64  # of those before the owner has its turn
TURN = 0.0001  # seconds, the least that a scheduler grants
IDLE = 1.0  # seconds between two looks at what is over


def prepare(order: Mapping[str, Any], owner: Channel, log: int) -> Callable[[], None]:
    """Everything that can be made ready before there is a network; what comes back does the work in it."""
    world = order["world"]
    seed = int(world["seed"])
    lines = tuple(Line(**world["link"], seed=seed * 2 + side) for side in (CLIENT, INTERNET))
    rules = compiled(order["rules"], seed=seed, generation=0)

    def work() -> None:
        censor = Censor(owner, log, seed)
        censor.engine.lines = (lines[0], lines[1])
        censor.engine.routers = Routers(**world["hops"])
        censor.engine.midnight = time.monotonic() - world["clock"]
        censor.engine.swap(rules)
        censor.capture(order["capture"])
        owner.send({"type": "ready"})
        censor.live()

    return work


class Censor:
    """The loop that moves frames."""

    def __init__(self, owner: Channel, log: int, seed: int) -> None:
        self.owner = owner
        self.seed = seed
        self.ports = Ports(CLIENT_PORT, INTERNET_PORT)
        self.engine = Engine(emit=self.emit, record=self.record, clock=time.time)
        self._log = log
        self._capture: Capture | None = None

    def emit(self, side: int, frame: bytes) -> None:
        """Send a frame to a side."""
        self.engine.counts.sent += 1
        if self._capture:
            self._capture.add(side, frame, time.time())
        self.ports.send(side, frame)

    def record(self, event: Event) -> None:
        """Append an event to the log that the owner reads; unbuffered, so that it stands there before packets leave."""
        os.write(self._log, events.line(event).encode() + b"\n")

    def live(self) -> None:
        """Move frames until the process is ended from outside."""
        with contextlib.suppress(OSError):  # a machine that does not allow it has a slower censor
            syscalls.take_short_turns(TURN)
        gc.freeze()  # what stands now stays; the collector need not look at it again
        readable = [self.ports.fileno(), self.owner.fileno()]
        patience = self._patience()
        while True:
            waiting = select.select(readable, [], [], patience)[0]
            if self.owner.fileno() in waiting:
                self._answer()
            patience = 0.0 if self._move_all() else self._patience()
            if self._capture:
                self._capture.flush()

    def _move_all(self) -> bool:
        """Deals with what comes in until nothing more does; True where it has not come to an end.

        Looking once more costs a glance at the ring, asking the kernel to wait costs as much as a packet.
        """
        for _ in range(ROUNDS):
            moved = self._move()
            self.engine.tick(time.monotonic())
            if not moved:
                return False
        return True

    def _patience(self) -> float:
        due = self.engine.next_due()
        return IDLE if due is None else min(IDLE, max(0.0, due - time.monotonic()))

    def _move(self) -> bool:
        """Deals with what has come in; True where something had."""
        moved = False
        receive, monotonic = self.engine.receive, time.monotonic
        for side, frame in self.ports.frames(AT_ONCE):
            moved = True
            if self._capture:
                self._capture.add(side, frame, time.time())
            receive(side, frame, monotonic())
        return moved

    def _answer(self) -> None:
        message, _ = self.owner.receive(0.0)
        if message["type"] == "swap":
            self.engine.swap(compiled(message["rules"], seed=self.seed, generation=message["generation"]))
            self.owner.send({"type": "swapped"})
        elif message["type"] == "capture":
            self.capture(message["directory"])
            self.owner.send({"type": "capturing"})
        else:
            self.owner.send({"type": "counts", "counts": self.counts()})

    def capture(self, directory: str | None) -> None:
        """Write captures from now on, or no longer."""
        if self._capture:
            self._capture.close()
        self._capture = Capture(pathlib.Path(directory)) if directory else None

    def counts(self) -> dict[str, int]:
        """What went through since the start, and what did not for want of room."""
        counts = self.engine.counts
        return {
            "seen": counts.seen,
            "sent": counts.sent,
            "unreadable": counts.unreadable,
            "lost": counts.lost,
            "missed": self.ports.missed(),
            "flows": len(self.engine.flows),
        }
