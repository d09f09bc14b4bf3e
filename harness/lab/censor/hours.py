"""Times of the day: when a rule is at work.

Networks were off in Myanmar on 72 nights of 2021 from 01:00 to 09:00 (Padmanabhan 2021, "A multi-perspective view of
Internet censorship in Myanmar", FOCI); the Great Firewall's eye for QUIC is duller in busy hours (Zohaib 2025).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

DAY = 86400.0  # seconds
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def seconds(text: str) -> float:
    """Seconds since midnight from `02:30` or `02:30:15`; `24:00` is the end of the day. ValueError for all else."""
    match = _TIME.fullmatch(text)
    hour, minute, second = (int(part or 0) for part in match.groups()) if match else (99, 0, 0)
    whole = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or whole > DAY:
        raise ValueError(f"{text!r} is no time of day; write one such as 02:30")
    return float(whole)


def spelled(time: float) -> str:
    """A time of day as `seconds` reads it."""
    minutes, second = divmod(int(time), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{second:02}" if second else "")


def span(text: str) -> tuple[float, float]:
    """Begin and end of `01:00-09:00`; an end before the begin lies on the next day. ValueError for all else."""
    begin, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f"{text!r} is no span of a day; write one such as 01:00-09:00")
    whole = seconds(begin.strip()), seconds(end.strip())
    if whole[0] == whole[1] or whole[0] == DAY:
        raise ValueError(f"{text!r} holds no time; write one such as 01:00-09:00")
    return whole


class Hours:
    """Spans of the day, ready to be asked."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._spans = tuple(map(span, texts))

    def holds(self, time: float) -> bool:
        """True where that time of day lies in one of them; the end itself does not."""
        return any(begin <= time < end if begin < end else not end <= time < begin for begin, end in self._spans)
