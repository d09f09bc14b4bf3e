"""The process that holds a lab: `python -m harness.lab.daemon FD`, a fresh interpreter, started by `open_lab`.

It enters fresh namespaces, forks the first process of the new pid namespace, and waits. Whichever of owner, holder and
first process dies, the others take the rest of the lab down: the kernel kills all that live in the pid namespace once
its first process has gone, and network namespaces vanish with the last who was inside.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys

from harness.lab import first, steps
from harness.lab.channel import Channel, Closed

ORDERED_WITHIN = 10.0  # seconds in which the owner says what it wants
LEAVES_WITHIN = 0.5  # seconds that the first process is given once the owner has gone


def main() -> int:
    """Hold one lab until its owner hangs up."""
    control = Channel(socket.socket(fileno=int(sys.argv[1])))
    try:
        plain, fds = control.receive(ORDERED_WITHIN)
    except (Closed, TimeoutError):
        return 1
    sys.path[:] = plain["path"]
    order = first.Order(plain=plain, fds=fds, control=control)
    try:
        steps.enter(order.tier)
    except steps.Refused as refused:
        first.refuse(order, refused)
        return 1
    return _hold(order)


def _hold(order: first.Order) -> int:
    if order.world is not None:
        _load_what_is_shared()
    alive, ours = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        first.run(order, alive)
    os.close(alive)
    _close(order.fds)
    _until_over(order.control, child)
    import shutil  # brings three compressors along, which nobody needs while the lab stands

    shutil.rmtree(order.workdir, ignore_errors=True)
    return 0


def _load_what_is_shared() -> None:
    """What first process, censor and servers import is read before they part, and lies in memory once.

    An import after the fork would write into pages all over, since it counts references to names that are known
    already. The censor's own modules belong here for that; the servers' are so many that reading them first, not
    beside the others, would take longer than they are worth.
    """
    import harness.lab.censor.process
    import harness.lab.names
    import harness.lab.spawn
    import harness.lab.world  # noqa: F401

    gc.freeze()  # the collector would write into them as well


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def _until_over(control: Channel, child: int) -> None:
    """Waits for the end of the first process; kills it where the owner has gone and it has not noticed."""
    ends = select.poll()
    ends.register(control.fileno(), 0)  # says only that the owner hung up
    for pidfd in (os.pidfd_open(child), *_owner()):
        ends.register(pidfd, select.POLLIN)
    ends.poll()
    first = select.poll()
    first.register(os.pidfd_open(child), select.POLLIN)
    if not first.poll(LEAVES_WITHIN * 1000):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _owner() -> list[int]:
    """The owner, to see its end even where a child that it forked still holds its end of the channel."""
    parent = os.getppid()
    with contextlib.suppress(OSError):
        return [os.pidfd_open(parent)] if parent > 1 else []
    return []


if __name__ == "__main__":
    os._exit(main())
