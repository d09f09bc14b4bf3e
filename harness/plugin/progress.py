"""The line that says what is waited for, on a terminal only: it stands right of pytest's cursor and leaves no trace."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable

from harness.vantage import Sight

# Remember the cursor, no wrapping, dim; and back again (ECMA-48; DECSC, DECAWM of the VT100).
BEFORE, AFTER, WIPE = "\x1b7\x1b[?7l  \x1b[2m", "\x1b[0m\x1b[K\x1b[?7h\x1b8", "\x1b[K"


class Progress:
    """Writes to the terminal past pytest's capture; where there is none, it writes nothing."""

    def __init__(self, *, shown: bool, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._terminal: int | None = None
        self._drawn = False
        if shown and os.environ.get("TERM", "dumb") != "dumb":
            with contextlib.suppress(OSError, ValueError, AttributeError):
                self._terminal = os.dup(sys.stdout.fileno()) if sys.stdout.isatty() else None

    @property
    def shown(self) -> bool:
        """True where somebody can see it."""
        return self._terminal is not None

    def wait(self, key: str, sight: Sight) -> None:
        """Say that this cell is waited for."""
        self.say(waiting(key, sight, self._clock()))

    def say(self, text: str) -> None:
        """Say what is waited for."""
        self._write(f"{BEFORE}{text}{AFTER}")
        self._drawn = True

    def wipe(self) -> None:
        """Take the line away, before pytest writes on."""
        if self._drawn:
            self._write(WIPE)
            self._drawn = False

    def close(self) -> None:
        """Let go of the terminal."""
        self.wipe()
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None

    def _write(self, text: str) -> None:
        if self._terminal is not None:
            with contextlib.suppress(OSError):
                os.write(self._terminal, text.encode())


def waiting(key: str, sight: Sight, now: float) -> str:
    """`3 of 60 finished; waiting for telegram.web[direct], 4 of at most 45 s`."""
    name = key.partition(":")[2] or key
    started = next((one for one in sight.started if one.key == key), None)
    spent = f", {max(0.0, now - started.at):.0f} of at most {started.limit:.0f} s" if started else ", in the queue"
    return f"{len(sight.outcomes)} of {len(sight.cells)} finished; waiting for {name}{spent}"
