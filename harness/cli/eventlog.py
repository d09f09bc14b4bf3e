"""What the censor did, as JSON lines for a file or a stream, all of it or some."""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import pathlib
import sys
from collections.abc import Iterable
from types import TracebackType

from harness.document.complaint import nearest
from harness.errors import ScenarioError
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.events import ACTIONS, Event, line

OF_EVENT = ("action", "behaviour", "name", "rule")
OF_FLOW = ("proto", "src", "sport", "dst", "dport")
FILTERS = (*OF_EVENT, *OF_FLOW)


def wanted(text: str) -> tuple[str, str]:
    """A filter as it is written, KEY=VALUE."""
    key, equals, value = text.partition("=")
    if not equals or key not in FILTERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE with one of {', '.join(FILTERS)}")
    known = {"action": ACTIONS, "behaviour": [row.name for row in BEHAVIOURS]}.get(key)
    if known is not None and not fnmatch.filter(known, value):
        raise argparse.ArgumentTypeError(f'no {key} is called "{value}"; {nearest(value, known)}')
    return key, value


class EventLog:
    """Writes events to a file as they come, else to stdout; `late` ones to stderr at the end, so as not to mix with
    what a program says."""

    def __init__(self, *, file: str | None, only: Iterable[tuple[str, str]] = (), late: bool = False) -> None:
        self._only = tuple(only)
        self._held: list[str] | None = [] if late and file is None else None
        try:
            # Closed when we are left: the lines come for as long as a program runs.
            self._out = pathlib.Path(file).open("w", buffering=1, encoding="utf-8") if file else None  # noqa: SIM115
        except OSError as fault:
            raise ScenarioError(f'no log can be written to "{file}": {fault.strerror}') from fault

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # each line has been flushed; what found no room has been told
            if self._out:
                self._out.close()
        for each in self._held or ():
            print(each, file=sys.stderr)

    def tell(self, event: Event) -> None:
        """Take an event in, where it is wanted."""
        if not self._fits(event):
            return
        if self._held is None:
            print(line(event), file=self._out, flush=True)
        else:
            self._held.append(line(event))

    def _fits(self, event: Event) -> bool:
        """True where for each key that is filtered by one of the values fits."""
        fits: dict[str, bool] = {}
        for key, value in self._only:
            seen = getattr(event if key in OF_EVENT else event.flow, key, "")
            fits[key] = fits.get(key, False) or fnmatch.fnmatchcase(str(seen), value)
        return all(fits.values())
