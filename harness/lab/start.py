"""Starting the process that holds a lab, and everything said until it is up. No wait is without a limit."""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import harness
from harness.errors import ApparatusError
from harness.lab.channel import Channel, Closed
from harness.lab.tiers import Missing, Tier, Unavailable
from harness.lab.workdir import PREFIX, temporary

UP_WITHIN = 15.0  # seconds; a lab is up in 0.2, twenty at once on two cores in 5
LEAVES_WITHIN = 2.0  # seconds in which a lab whose owner hangs up has gone; 0.03 is usual
_QUOTED = 2000  # characters of the lab's stderr that a message carries


@dataclass(slots=True, kw_only=True)
class Holder:
    """The process that holds the lab, and the owner's ends of what it speaks through."""

    process: subprocess.Popen[bytes]
    control: Channel
    stderr: int
    workdir: pathlib.Path
    pidfds: list[int] = field(default_factory=list)

    def quote(self) -> str:
        """The end of what the lab's processes said on stderr."""
        size = os.fstat(self.stderr).st_size
        text = os.pread(self.stderr, _QUOTED, max(0, size - _QUOTED)).decode(errors="replace").strip()
        if "\n" in text:
            return f"; it said:\n{text}"
        return f": {text}" if text else ""

    def end(self) -> None:
        """Take the lab down, whatever state it is in; nothing of it is left afterwards."""
        self.control.close()
        if not self._gone(LEAVES_WITHIN):
            self._kill()
        self.process.wait()
        for fd in (self.stderr, *self.pidfds):
            os.close(fd)
        shutil.rmtree(self.workdir, ignore_errors=True)

    def _kill(self) -> None:
        for pidfd in self.pidfds:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self.process.kill()

    def _gone(self, within: float) -> bool:
        """True once the holder has ended; `Popen.wait` would look again only now and then."""
        pidfd = os.pidfd_open(self.process.pid)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        gone = bool(poll.poll(within * 1000))
        os.close(pidfd)
        return gone


def launch(tier: Tier, plain: Mapping[str, Any], fds: tuple[int, ...] = ()) -> Holder:
    """A holder that has been told what to hold; the descriptors go to it."""
    workdir = pathlib.Path(temporary(), PREFIX + secrets.token_hex(8))
    ours, theirs = Channel.pair()
    stderr = os.memfd_create("lab-stderr")
    argv = [sys.executable, "-P", "-m", "harness.lab.daemon", str(theirs.fileno())]
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=stderr,
        stderr=stderr,
        pass_fds=(theirs.fileno(),),
        env=environment(),
        start_new_session=True,  # the owner's Ctrl-C is the owner's
    )
    theirs.close()
    holder = Holder(process=process, control=ours, stderr=stderr, workdir=workdir)
    with contextlib.suppress(Closed):
        order = {**plain, "tier": tier.value, "workdir": str(workdir), "path": sys.path}
        ours.send(order, fds)
    return holder


def environment() -> dict[str, str]:
    """The owner's environment, with the place that our own package was imported from."""
    root = str(pathlib.Path(harness.__file__).parent.parent)
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, *([before] if before else [])])}


def heard(holder: Holder, until: float) -> tuple[dict[str, Any], list[int]]:
    """The next message of the holder; whatever keeps it from coming is said, with the lab's stderr."""
    try:
        message, fds = holder.control.receive(max(0.0, until - time.monotonic()))
    except TimeoutError:
        raise ApparatusError(f"the lab was not up within {UP_WITHIN:g} s{holder.quote()}") from None
    except Closed:
        raise ApparatusError(f"the lab ended while starting{holder.quote()}") from None
    if message["type"] == "missing":
        raise Unavailable(Missing(step=message["step"], errno=message["errno"], remedy=message["remedy"]))
    if message["type"] == "died":
        raise ApparatusError(f"the lab's {message['who']} ended while starting{holder.quote()}")
    return message, fds


def probe(tier: Tier) -> None:
    """Try a tier: namespaces, links and a packet socket; Unavailable where this machine refuses a step."""
    if tier is Tier.LOOPBACK:
        return  # asks nothing of the machine
    holder = launch(tier, {"world": None})
    try:
        heard(holder, time.monotonic() + UP_WITHIN)
    finally:
        holder.end()
