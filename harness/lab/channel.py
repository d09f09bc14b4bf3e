"""JSON messages with descriptors over a SEQPACKET pair: how the owner and the lab's processes speak."""

from __future__ import annotations

import array
import json
import os
import select
import socket
from typing import Any

_INLINE = 64 * 1024  # what is longer travels in a memory file: a message is bound by the socket's buffer
_MOST_FDS = 8


class Closed(Exception):
    """The other side has gone."""


class Channel:
    """One end. Every wait takes a limit in seconds; what has not come by then raises TimeoutError."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Two ends that speak with each other."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(one), cls(other)

    def fileno(self) -> int:
        """The descriptor, for `select` and for handing it on."""
        return self.end.fileno()

    def close(self) -> None:
        """Hang up."""
        self.end.close()

    def send(self, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        """Send one message; descriptors arrive as copies."""
        data = json.dumps(message).encode()
        if len(data) <= _INLINE:
            self._send(b"{" + data, fds)
            return
        sheet = os.memfd_create("message")
        try:
            os.write(sheet, data)
            self._send(b"@", (sheet, *fds))
        finally:
            os.close(sheet)

    def _send(self, data: bytes, fds: tuple[int, ...]) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self.end.sendmsg([data], rights, socket.MSG_NOSIGNAL)
        except (BrokenPipeError, ConnectionResetError) as gone:
            raise Closed from gone

    def receive(self, within: float) -> tuple[dict[str, Any], list[int]]:
        """The next message and its descriptors."""
        if not self.waiting(within):
            raise TimeoutError(f"no message within {within:g} s")
        data, fds = self._receive()
        if data[:1] == b"@":
            sheet, fds = fds[0], fds[1:]
            with os.fdopen(sheet, "rb") as whole:
                whole.seek(0)
                return json.loads(whole.read()), fds
        return json.loads(data[1:]), fds

    def waiting(self, within: float = 0.0) -> bool:
        """True where a message, or the end, can be read within that time."""
        poll = select.poll()
        poll.register(self.end, select.POLLIN)
        return bool(poll.poll(max(0.0, within) * 1000))

    def _receive(self) -> tuple[bytes, list[int]]:
        size = array.array("i").itemsize
        try:
            data, extra, _, _ = self.end.recvmsg(
                _INLINE + 64, socket.CMSG_SPACE(_MOST_FDS * size), socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionResetError as gone:
            raise Closed from gone
        fds = array.array("i")
        for level, kind, carried in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(carried[: len(carried) - len(carried) % size])
        if not data:
            raise Closed
        return data, list(fds)
