"""`python -m harness.engine`: one session over stdin and stdout."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)  # Windows has no SIGHUP


async def main() -> int:
    """Serve until the caller is done or gone; a signal cuts everything and is told by the exit status."""
    from harness.engine.pipes import line_writer, stdin_reader
    from harness.engine.session import serve

    session = asyncio.current_task()
    assert session is not None
    struck: list[int] = []

    def cut(number: int = 0) -> None:
        struck.append(number)
        session.cancel()

    for number in SIGNALS:
        _handle(number, cut)
    writer = line_writer(sys.stdout.fileno(), cut)
    try:
        async with stdin_reader() as reader:
            return await serve(reader, writer)
    except asyncio.CancelledError:
        return 128 + struck[0] if struck and struck[0] else 0
    finally:
        writer.finish()


def _handle(number: int, cut: Callable[[int], None]) -> None:
    """Call `cut` in the loop once the signal comes."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, cut, number)
    except RuntimeError:  # the loops of Windows take none, and say so by a kind of this error
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(cut, number))


if __name__ == "__main__":
    # While the rest is imported a Ctrl-C ends us plainly, without a traceback in the terminal.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # the loop of Windows' own choosing watches no datagram sockets
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        sys.exit(runner.run(main()))
