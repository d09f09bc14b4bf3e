"""A server that is a program of whoever writes the world: a binary and its configuration, on a host of its own."""

from __future__ import annotations

import os
import pathlib
import shutil

from harness.errors import ApparatusError
from harness.lab.servers import singbox
from harness.lab.servers.authority import write_private
from harness.lab.servers.params import Program as ProgramParams
from harness.lab.servers.program import Program
from harness.lab.servers.seat import Seat

_START = 10.0  # seconds


class OwnProgram:
    """The program in its folder. Its end is the end of the lab, with its last words."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._params: ProgramParams = seat.params
        self._name = f"program-{seat.host.name}-{seat.service.port}"
        host = seat.host
        self._stands_for = {
            "{address}": host.addresses[0],
            "{address6}": (host.v6 or host.addresses)[0],
            "{port}": str(seat.service.port),
            "{here}": os.getcwd(),
        }

    async def run(self) -> None:
        """Start it, and wait until it listens where it speaks TCP."""
        folder = self._seat.internet.workdir / self._name
        self._furnish(folder)
        word, *arguments = map(self._filled, self._params.argv)
        running = Program(self._seat.internet, self._name, (_found(word), *arguments), folder)
        await running.start()
        if self._params.transport == "tcp":
            await running.listening(self._seat.host.addresses[0], self._seat.service.port, _START)

    def _furnish(self, folder: pathlib.Path) -> None:
        folder.mkdir(mode=0o700)
        authority = self._seat.internet.authority
        shutil.copy(authority.chain_file(self._seat.host), folder / "chain.pem")
        shutil.copy(authority.ca_file, folder / "ca.pem")
        for name, text in self._params.files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            write_private(file, self._filled(text).encode())

    def _filled(self, text: str) -> str:
        """The text with what its words in braces stand for; other braces are the program's own."""
        for word, meaning in self._stands_for.items():
            text = text.replace(word, meaning)
        return text


def _found(word: str) -> str:
    """The program on PATH, or by its path from where the lab was started; sing-box as the lab's own servers find it."""
    if found := singbox.program() if word == "sing-box" else shutil.which(word):
        return str(pathlib.Path(found).absolute())
    raise ApparatusError(f'this world runs "{word}", which is not there; install it, or write its path')
