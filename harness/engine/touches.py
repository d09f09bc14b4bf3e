"""What went before on an endpoint: a filter may remember it for minutes (RFC 9505, "residual")."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple


class Endpoint(NamedTuple):
    """An address or a name and a port, as reached over one first server (`""`: straight from here)."""

    over: str
    host: str
    port: int


class Touches:
    """Who last touched which endpoint, and when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[Endpoint, tuple[float, str]] = {}
        self._addresses: dict[Endpoint, frozenset[Endpoint]] = {}
        self._taken: dict[Endpoint, dict[str, float]] = {}

    def before(self, endpoints: Iterable[Endpoint]) -> tuple[tuple[str, ...], float | None]:
        """The keys of the cells that last touched these, oldest first, and the seconds since the last one."""
        everywhere = {place for named in endpoints for place in (named, *self._addresses.get(named, ()))}
        seen = sorted(self._last[place] for place in everywhere if place in self._last)
        gap = round(self._clock() - seen[-1][0], 3) if seen else None
        return tuple(dict.fromkeys(key for _, key in seen)), gap

    def note(self, key: str, named: Endpoint, addresses: Iterable[str]) -> None:
        """Write down that a cell has just touched an endpoint, at these addresses."""
        places = frozenset(named._replace(host=address) for address in addresses)
        self._addresses[named] = places
        for place in (named, *places):
            self._last[place] = (self._clock(), key)

    def connected(self, key: str, named: Endpoint, addresses: Iterable[str]) -> None:
        """Write down that these addresses have just taken a cell's connection."""
        for address in addresses:
            self._taken.setdefault(named._replace(host=address), {})[key] = self._clock()

    def taken(self, key: str, named: Endpoint, addresses: Iterable[str]) -> Mapping[str, float]:
        """Those of the addresses that took a connection of another cell, with the seconds since the last time."""
        found = {address: self._taken.get(named._replace(host=address), {}) for address in addresses}
        others = {address: [at for who, at in by.items() if who != key] for address, by in found.items()}
        return {address: round(self._clock() - max(times), 3) for address, times in others.items() if times}
