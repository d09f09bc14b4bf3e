"""The servers of a world: one process in the internet namespace that speaks for every host."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.lab.world import World
from harness.model import Json

if TYPE_CHECKING:
    from harness.lab.servers.seat import Elsewhere, Internet, Seat


_FILES = 16_384  # what some programs that we start go through one by one as they start


def serve(world: World, workdir: pathlib.Path, ready: Callable[[dict[str, Json]], None]) -> None:
    """Serve the world for ever. Once every address listens, `ready` is told the anchors of `harness.model.Trust`.

    Keys and configurations lie in `workdir`, readable by their owner alone.
    A program of ours that dies, or does not start, ends it with ApparatusError.
    """
    _allow_foreign_binds()
    asyncio.run(run(world, workdir, ready))


async def run(
    world: World, workdir: pathlib.Path, ready: Callable[[dict[str, Json]], None], elsewhere: Elsewhere | None = None
) -> None:
    """The same, inside a running event loop; `elsewhere` where the world's addresses are not this machine's."""
    from harness.errors import ApparatusError
    from harness.lab.servers.seat import Internet, Seat

    _allow_many_files()
    internet = Internet(world, workdir, elsewhere)
    seats = [Seat(internet=internet, host=host, service=service) for host, service in world.listening()]
    with internet.exits:
        await asyncio.gather(*(_open(seat) for seat in seats))
        ready(internet.trust())
        warming = asyncio.create_task(_warm(internet, seats))
        internet.exits.callback(warming.cancel)
        raise ApparatusError(await internet.failure)


async def _open(seat: Seat) -> None:
    from harness.errors import ApparatusError
    from harness.lab.servers.listen import listen

    try:
        await (seat.server.run() if "program" in seat.row.traits else listen(seat))
    except OSError as exc:
        more = "; allow more open files, such as by ulimit -n 1024" if exc.errno == errno.EMFILE else ""
        raise ApparatusError(f"{seat} cannot listen: {exc}{more}") from exc


async def _warm(internet: Internet, seats: list[Seat]) -> None:
    """Build in idle moments what the first client would have to wait for."""
    for seat in seats:
        _ = seat.server
        if seat.params.alpn:
            internet.authority.chain_file(seat.host)  # making keys takes long; a context around them does not
        await asyncio.sleep(0)
    _ = internet.issuer.chain


def _allow_many_files() -> None:
    """Have as many connections as the machine grants; the usual limit is for programs that use select(2)."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # no other system has the module
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
        if soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _allow_foreign_binds() -> None:
    """Let programs that know no IPV6_FREEBIND bind to addresses that are only routed here."""
    for family in ("ipv4", "ipv6"):
        with contextlib.suppress(OSError):
            pathlib.Path(f"/proc/sys/net/{family}/ip_nonlocal_bind").write_text("1")
