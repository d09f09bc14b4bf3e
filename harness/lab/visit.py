"""Asking a lab that somebody keeps up, `harness.lab.served`, for what one wants of it."""

from __future__ import annotations

import pathlib
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import ApparatusError
from harness.lab import events
from harness.lab.channel import Channel, Closed
from harness.lab.events import Event
from harness.lab.program import environment, here
from harness.lab.served import GLANCE, address, same_user
from harness.lab.world import Rule


@dataclass(slots=True, kw_only=True)
class Wish:
    """A program to run in a lab, or none; what is wanted beside it; and what has to be passed on to it."""

    argv: Sequence[str] = ()
    tell: Callable[[Event], None] | None = None  # is told what the censor does
    pcap: pathlib.Path | None = None  # where the packets go meanwhile
    follow: bool = False  # without a program: until we are ended ourselves
    rules: Sequence[Rule] | None = None  # other rules for the censor, and nothing else
    signals: deque[int] = field(default_factory=deque)  # that we have got, for the program

    def plain(self) -> dict[str, Any]:
        """The wish as a message."""
        return {
            "argv": [*self.argv],
            "env": environment() if self.argv else {},
            "cwd": str(here()) if self.argv else "/",
            "log": self.tell is not None,
            "pcap": str(self.pcap.absolute()) if self.pcap else None,
            "follow": self.follow,
            "rules": None
            if self.rules is None
            else [{"behaviour": rule.behaviour, "params": rule.params} for rule in self.rules],
        }


def visit(name: str, wish: Wish) -> int:
    """Have a wish fulfilled by the lab that is served under a name, a program on our own stdin, stdout and stderr: its
    code. Raises ApparatusError where no such lab is served, OSError where the program cannot be executed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
        try:
            end.connect(address(name))
        except ConnectionRefusedError:
            up = f"up {'is' if len(names) == 1 else 'are'} {', '.join(names)}" if (names := served()) else ""
            remedy = up or f"start one: waygauge lab serve {name}"
            raise ApparatusError(f'no lab is served as "{name}"; {remedy}') from None
        if not same_user(end):
            raise ApparatusError(f'the lab that is served as "{name}" is another user\'s')
        try:
            return _attended(Channel(end), wish)
        except Closed:
            raise ApparatusError(f'the lab that was served as "{name}" has gone') from None


def served() -> list[str]:
    """The names of this user's labs that are up, as the kernel lists its sockets."""
    begin = "@" + address("")[1:]
    sockets = pathlib.Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").split()
    return sorted({word.removeprefix(begin) for word in sockets if word.startswith(begin)})


def _attended(channel: Channel, wish: Wish) -> int:
    channel.send(wish.plain(), (0, 1, 2) if wish.argv else ())
    while True:
        while wish.signals:
            channel.send({"signal": wish.signals.popleft()})
        if not channel.waiting(GLANCE):
            continue
        told, _ = channel.receive(0.0)
        if "fault" in told:
            raise ApparatusError(told["fault"])
        if "refused" in told:
            raise OSError(*told["refused"])
        if "code" in told:
            return int(told["code"])
        for line in told["events"]:
            assert wish.tell
            wish.tell(events.read(line))
