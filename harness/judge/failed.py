"""The shapes in which controls are asked for: a walk that failed, the rows that help with it, and what they want."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness.judge.endpoints import endpoint, target_name
from harness.model import Cell, Check, Controls, Observation, Path, Role, Stage, Walk

CUT_SHORT = frozenset({"generic_timeout_error", "connection_reset", "connection_aborted", "eof_error"})
"""How a connection ends by which an answer is cut short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One control to run: a check over a path, where `pin` gives names their addresses before any resolver.

    Two of the same `id` are one control: run once, keep for a minute, and use the id as that of the `Control`.
    """

    role: Role
    check: Check
    path: Path
    pin: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`known_good:chat@office-socks`, and the pinned addresses behind it where there are any."""
        pinned = ",".join(f"{name}={'+'.join(found)}" for name, found in sorted(self.pin.items()))
        return f"{self.role}:{self.check.name}@{self.path.name}" + (f"#{pinned}" if pinned else "")

    @property
    def over(self) -> Path:
        """The path with the pins laid over its own."""
        return replace(self.path, pins={**self.path.pins, **self.pin})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A walk that failed, with what is needed to ask about it."""

    walk: Walk
    last: Observation
    check: Check
    cell: Cell
    controls: Controls

    @property
    def offered(self) -> tuple[str, ...]:
        """What the handshake that failed offered by ALPN."""
        return tuple(self.last.detail.get("offered") or ())

    @property
    def neutral(self) -> Check | None:
        """The neutral check whose name is lent to another's address: the first one declared that has a name."""
        return next((check for check in self.controls.foreign if target_name(check)), None)

    @property
    def at_home(self) -> Check | None:
        """The neutral check at home whose name is lent to another's address: the first one declared that has a name."""
        return next((check for check in self.controls.domestic if target_name(check)), None)

    @property
    def lent(self) -> Check | None:
        """The neutral check whose address gets the target's name; a censor may punish that address for it.

        Residual blocking lasts 60 to 420 s on address and port (Bock et al. 2021; Xue et al. 2022), so the host that
        most else rests on, the first one abroad, is risked only where there is no other and no path is known good.
        """
        abroad = [check for check in self.controls.foreign if _encrypted(check)]
        at_home = [check for check in self.controls.domestic if _encrypted(check)]
        spare = [*abroad[1:], *at_home] or ([] if self.controls.paths else abroad)
        return spare[0] if spare else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A role, the failures it helps with, what it asks for, and what the answer tells."""

    role: Role
    when: Callable[[Failed], bool]
    ask: Callable[[Failed], Iterator[Wanted]]
    tells: str


def at_target(failed: Failed) -> bool:
    """The failure may be the target's: also where a proxy would not reach it, for whatever reason."""
    return failed.last.of == "target" or failed.last.stage == Stage.HOP


def another_page(failed: Failed) -> bool:
    """A whole answer came, and it was not the target's: its last stage ended by what it held, not by the connection."""
    return failed.last.stage == Stage.BODY and failed.last.failure not in CUT_SHORT


def _encrypted(check: Check) -> bool:
    where = endpoint(check)
    return where is not None and where.encrypted
