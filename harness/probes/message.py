"""An HTTP request and the head of its answer, whichever version carries them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from harness.dial.deadline import Deadline

CHUNK = 65536
LONGEST_HEAD = 262144
"""Bytes of an answer's head that are read: as much as browsers take, since cookies and policies may fill it."""

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request, ready to be written. The headers hold `host`."""

    method: bytes
    scheme: bytes
    authority: bytes
    target: bytes
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """An answer's status, headers and version."""

    status: int
    headers: Headers
    version: str


class Exchange(Protocol):
    """One request and its answer on one connection."""

    async def send(self, message: Message, until: Deadline) -> None:
        """Write the request."""

    async def head(self, until: Deadline) -> Head:
        """The answer's status and headers. Raises EOFError or Failed where there is none."""

    def chunks(self, until: Deadline) -> AsyncIterator[bytes]:
        """The answer's body as it comes. Raises EOFError or Failed where it ends short."""
