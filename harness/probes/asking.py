"""One question over datagrams, asked again until it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from harness.dial.api import Datagrams, Note
from harness.dial.deadline import Deadline

_T = TypeVar("_T")

# RFC 8489, section 6.2.1: the first repetition after RTO, each wait twice the one before, Rc requests in all,
# and Rm times RTO for the last of them. The deadline cuts this shorter where it comes first.
RTO, RC, RM = 0.5, 7, 16


async def ask(flow: Datagrams, question: bytes, read: Callable[[bytes], _T | None], until: Deadline, note: Note) -> _T:
    """What `read` makes of the first datagram that answers; others are passed over and counted.

    In the note's detail: `asked` (how often), `passed_over`, and `rtt` where no repetition leaves it in doubt.
    Raises OSError, or TimeoutError where nothing answers.
    """
    note.detail.update(asked=0, passed_over=0)
    for wait in [*(RTO * 2**number for number in range(RC - 1)), RTO * RM]:
        began = until.clock()
        flow.send(question)
        note.detail["asked"] += 1
        try:
            found = await _answer(flow, read, until.sooner(wait), note)
        except TimeoutError:
            until.left()
            continue
        if note.detail["asked"] == 1:  # Karn's algorithm: an answer to a repetition may answer what went before it
            note.detail["rtt"] = round(until.clock() - began, 6)
        return found
    raise TimeoutError


async def _answer(flow: Datagrams, read: Callable[[bytes], _T | None], until: Deadline, note: Note) -> _T:
    while (found := read(await flow.receive(until))) is None:
        note.detail["passed_over"] += 1
    return found
