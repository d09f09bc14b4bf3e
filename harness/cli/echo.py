"""`waygauge echo`: an echo on a server of one's own, to which calls are measured."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from harness.errors import ApparatusError

PORTS = (3478,)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--host", default="", help="the address to listen on; all of them where none is given")
    parser.add_argument(
        "--port", type=_port, action="append", metavar="N", help="a UDP port, 3478 where none is given; may be repeated"
    )
    parser.add_argument(
        "--rate", type=float, default=4.0, metavar="MBIT", help="all streams together come back no faster (default: 4)"
    )


def run(args: argparse.Namespace) -> int:
    """Answer until a signal comes."""
    try:
        asyncio.run(_serve(args))
    except OSError as exc:
        raise ApparatusError(f"cannot listen: {exc.strerror}") from exc
    return 0


async def _serve(args: argparse.Namespace) -> None:
    from harness.cli.echoing import Echo, listen

    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    with contextlib.ExitStack() as exits:
        bound = await listen(Echo(bytes_a_second=args.rate * 125_000), args.host, args.port or PORTS, exits)
        print(f"waygauge: echoing at {', '.join(f'[{host}]:{port}' for host, port in bound)}", flush=True)
        await over.wait()
    print("waygauge: ended", file=sys.stderr)


def _port(text: str) -> int:
    port = int(text) if text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("write a number from 0 to 65535")
    return port
