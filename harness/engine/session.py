"""One session with an engine: orders come in as lines, events go out as lines."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import platform
import ssl
from collections.abc import AsyncIterator, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

from pydantic import ValidationError

import harness
from harness.dial import machine
from harness.dial.direct import Permit, anywhere
from harness.engine import protocol as say
from harness.engine.desk import Desk
from harness.tunnels.program import at_hand

DONE = 0
MALFORMED = 70  # EX_SOFTWARE (sysexits.h)
UNREADABLE = 66  # EX_NOINPUT
_CHUNK = 1 << 18
_NAMED = ("httpx", "dnspython", "h11", "h2", "wsproto", "tenacity", "cryptography")


class Reader(Protocol):
    """Where orders come from; `asyncio.StreamReader` is one."""

    async def read(self, n: int = -1, /) -> bytes:
        """Some bytes; b"" at the end."""


class Writer(Protocol):
    """Where events go; `asyncio.StreamWriter` is one."""

    def write(self, data: bytes, /) -> None:
        """Take a whole line."""


async def serve(reader: Reader, writer: Writer) -> int:
    """Serve one caller to the end, and give the exit status.

    After `close` it ends when everything is finished; at the end of the orders at once. Nothing is left running.
    """

    def tell(event: say.Event) -> None:
        writer.write(say.event_line(event))

    lines = _lines(reader)
    try:
        desk = _opened(await anext(lines, b""), tell)
    except ValueError as exc:
        return _malformed(exc, tell)
    except OSError as exc:
        tell(say.Error(text=f"the trust's bundle cannot be read: {exc.strerror}"))
        return UNREADABLE
    if desk is None:
        return DONE
    try:
        return await _take_all(lines, desk, tell)
    except ValueError as exc:
        return _malformed(exc, tell)
    finally:
        await desk.close()


async def _take_all(lines: AsyncIterator[bytes], desk: Desk, tell: Callable[[say.Event], None]) -> int:
    async for line in lines:
        match say.read_order(line):
            case say.Scenario(plan=plan):
                desk.scenario(plan)
            case say.Fetch() as order:
                desk.fetch(order)
            case say.Cancel():
                desk.cancel()
            case say.Close():
                return await _finished(lines, desk, tell)
            case say.Hello():
                raise ValueError("a second hello")
    return DONE


async def _finished(lines: AsyncIterator[bytes], desk: Desk, tell: Callable[[say.Event], None]) -> int:
    """Wait until everything is done, or until the caller is gone; orders that come after `close` are not heard."""
    work = asyncio.create_task(desk.finish())
    gone = asyncio.create_task(_drained(lines))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        work.cancel()
    if work.done():
        tell(say.End())
    return DONE


async def _drained(lines: AsyncIterator[bytes]) -> None:
    async for _ in lines:
        pass


async def _lines(reader: Reader) -> AsyncIterator[bytes]:
    """Whole lines, of any length; what stands unfinished at the end is nobody's order."""
    pending = bytearray()
    while data := await reader.read(_CHUNK):
        pending += data
        while (end := pending.find(b"\n")) >= 0:
            line = bytes(pending[:end])
            del pending[: end + 1]
            if line.strip():
                yield line


def _opened(line: bytes, tell: Callable[[say.Event], None]) -> Desk | None:
    if not line:
        return None
    hello = say.read_order(line)
    if not isinstance(hello, say.Hello):
        raise ValueError(f"{hello.type!r} before the hello")
    machine.take(hello.machine)
    desk = Desk(hello, tell, _permit(hello))
    tell(say.Ready(pid=os.getpid(), versions=_versions()))
    return desk


def _permit(hello: say.Hello) -> Permit:
    """Anywhere; with WAYGAUGE_OFFLINE=1 and outside a lab nothing but loopback. An entrance leads nowhere else."""
    if hello.lab or os.environ.get("WAYGAUGE_OFFLINE") != "1":
        return anywhere
    return lambda address: ipaddress.ip_address(address).is_loopback


def _malformed(exc: ValueError, tell: Callable[[say.Event], None]) -> int:
    # A plan may hold secrets: what stood in the line is not told, only what kind of fault it has.
    kinds = {fault["type"] for fault in exc.errors()} if isinstance(exc, ValidationError) else {str(exc)}
    tell(say.Error(text=f"a line that cannot be read: {', '.join(sorted(kinds))}"))
    return MALFORMED


def _versions() -> dict[str, str]:
    found = {"waygauge": harness.__version__, "python": platform.python_version(), "openssl": ssl.OPENSSL_VERSION}
    found |= at_hand()
    for name in _NAMED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
