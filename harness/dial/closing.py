"""Whatever is opened is closed where what follows fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol


class Closable(Protocol):
    """Something that holds a socket."""

    def close(self) -> None:
        """Let go of it."""


@contextlib.contextmanager
def closed_on_failure(held: Closable) -> Iterator[None]:
    """Close it where the block raises, cancellation included; leave it open where the block goes through."""
    try:
        yield
    except BaseException:
        held.close()
        raise
