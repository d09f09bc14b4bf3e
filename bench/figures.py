"""How a figure is shown: the median of several runs beside its bound, the best and the worst, and the load meanwhile.

A figure `holds` where its median is within the bound. On a machine that others use too, a median says as much of them
as of us: where only the best run is within the bound, that is said; where none is, the figure is missed.
"""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence

MISSED: list[str] = []


def machine() -> str:
    """On what all this was measured."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, Linux {platform.release()}"
    )


def show(
    what: str, values: Sequence[float], unit: str, *, most: float | None = None, least: float | None = None
) -> None:
    """One line; smaller is better with `most`, larger with `least`, and without a bound it is only told."""
    ordered = sorted(values, reverse=least is not None)
    bound = f"at least {least:g}" if least is not None else f"at most {most:g}" if most is not None else ""
    verdict = _verdict(what, ordered, most, least)
    spread = f"{ordered[0]:,.2f} to {ordered[-1]:,.2f}" if len(ordered) > 1 else ""
    median = f"{statistics.median(ordered):,.2f} {unit}"
    print(f"{what:52} {median:>16}  {bound:14} {verdict:14} {spread:24} load {os.getloadavg()[0]:.1f}", flush=True)


def _verdict(what: str, best_first: Sequence[float], most: float | None, least: float | None) -> str:
    if most is None and least is None:
        return ""
    if _within(statistics.median(best_first), most, least):
        return "holds"
    if _within(best_first[0], most, least):
        return "holds at best"
    MISSED.append(what)
    return "MISSED"


def _within(value: float, most: float | None, least: float | None) -> bool:
    return (most is None or value <= most) and (least is None or value >= least)
