"""`python -m harness.engine`: one session over stdin and stdout."""

from __future__ import annotations

import asyncio
import signal
import sys

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


async def main() -> int:
    """Serve until the caller is done or gone; a signal cuts everything and is told by the exit status."""
    from harness.engine.pipes import LineWriter, stdin_reader
    from harness.engine.session import serve

    session = asyncio.current_task()
    assert session is not None
    struck: list[int] = []

    def cut(number: int = 0) -> None:
        struck.append(number)
        session.cancel()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, cut, number)
    writer = LineWriter(sys.stdout.fileno(), cut)
    try:
        async with stdin_reader() as reader:
            return await serve(reader, writer)
    except asyncio.CancelledError:
        return 128 + struck[0] if struck and struck[0] else 0
    finally:
        writer.finish()


if __name__ == "__main__":
    # While the rest is imported a Ctrl-C ends us plainly, without a traceback in the terminal.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(asyncio.run(main()))
