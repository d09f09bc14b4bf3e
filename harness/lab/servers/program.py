"""A real program that does a server's work."""

from __future__ import annotations

import asyncio
import ipaddress
import pathlib
import struct
from collections.abc import Awaitable, Callable

from harness.errors import ApparatusError
from harness.lab.servers.seat import Internet

_LOOK_AGAIN = 0.01  # seconds
TABLES = (pathlib.Path("/proc/self/net/tcp"), pathlib.Path("/proc/self/net/tcp6"))  # of our own network namespace
LISTEN = "0A"  # linux/include/net/tcp_states.h


class Program:
    """A running program; its end, while the lab is up, is the end of the lab."""

    def __init__(
        self, internet: Internet, name: str, argv: tuple[str, ...], folder: pathlib.Path | None = None
    ) -> None:
        self._internet = internet
        self._name = name
        self._argv = argv
        self._folder = folder or internet.workdir  # in which it starts
        self._log = internet.workdir / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it and watch over it."""
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder
            )
        self._watch = asyncio.create_task(self._watched(self._process))

    async def listening(self, address: str, port: int, within: float) -> None:
        """Wait until it takes connections; raises ApparatusError with its last words where it does not."""
        await self._until(lambda: _open(address, port), within)

    async def says(self, mark: bytes, within: float) -> None:
        """Wait until its log holds the mark, for a program whose open ports do not say that it is ready."""

        async def said() -> bool:
            return mark in self._log.read_bytes()

        await self._until(said, within)

    async def _until(self, ready: Callable[[], Awaitable[bool]], within: float) -> None:
        try:
            async with asyncio.timeout(within):
                while not await ready():
                    if self._internet.failure.done():
                        raise ApparatusError(self._internet.failure.result())
                    await asyncio.sleep(_LOOK_AGAIN)
        except TimeoutError as exc:
            raise ApparatusError(f"{self._name} was not ready after {within:g} s: {self._last_words()}") from exc

    async def _watched(self, process: asyncio.subprocess.Process) -> None:
        try:
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        self._internet.fail(f"{self._name} ended with status {status}: {self._last_words()}")

    def _last_words(self) -> str:
        text = pathlib.Path(self._log).read_text(errors="replace").strip()
        return text.splitlines()[-1][-300:] if text else "it said nothing"


async def _open(address: str, port: int) -> bool:
    """True where connections are taken; the kernel's table says so without one being made, which some servers mind."""
    if TABLES[0].exists():
        return any(_listens(line.split(), address, port) for table in TABLES for line in _lines(table))
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError:
        return False
    writer.close()
    return True


def _lines(table: pathlib.Path) -> list[str]:
    return table.read_text().splitlines()[1:] if table.exists() else []


def _listens(entry: list[str], address: str, port: int) -> bool:
    """True where an entry (proc(5): `sl local_address rem_address st …`) is a socket that listens there."""
    ours = {f"{where}:{port:04X}" for where in (_spelled(address), "0" * 8, "0" * 32)}
    return entry[1] in ours and entry[3] == LISTEN


def _spelled(address: str) -> str:
    """An address as the kernel's tables have it: words of the machine's own order, in hex."""
    packed = ipaddress.ip_address(address).packed
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))
