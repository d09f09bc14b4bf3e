"""A vantage: where an engine runs, and a session with it. The only layer that knows the lab."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from harness.kinds import Kind
from harness.model import Cell, CellFacts, Path, ScenarioPlan, Vantage, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a session is asked for: where it runs, and what it keeps."""

    vantage: Vantage
    world: str | None = None  # a lab world by name or file; None means this machine
    inline: bool = False  # the engine in a thread of ours, for debuggers
    record: pathlib.Path | None = None
    record_addresses: bool = False  # write private addresses as they are; secrets never are
    pcap: pathlib.Path | None = None  # a folder for the lab's packet captures
    key: bytes = b""  # with which private names become pseudonyms
    catalogue: str = ""  # the date of the youngest service file used
    kinds: Mapping[str, tuple[Kind, ...]] = field(default_factory=dict)  # a third party's rows, by table
    shard: str = ""  # `2/3` where the run is a part of its plan
    whole: tuple[str, ...] = ()  # then the keys of the whole plan, in order
    limits: Mapping[str, Any] = field(default_factory=dict)  # of the engine's limits, those that are not as usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Hushed:
    """What must not be seen: `secrets` nowhere, `private` names and addresses as pseudonyms."""

    secrets: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()

    def __or__(self, other: Hushed) -> Hushed:
        return Hushed(secrets=self.secrets | other.secrets, private=self.private | other.private)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished cell, scrubbed: what was seen and what it means."""

    facts: CellFacts
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A cell under way: when it began (wall clock) and how many seconds it may take."""

    key: str
    at: float
    limit: float


_BYTES = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}  # read by pydantic where a noun travels as JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request to be made from the vantage."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _BYTES

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came of a request: an answer, or the token and the stage at which it ended."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _BYTES

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    http_version: str = "HTTP/1.1"
    failure: str | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A session as its owner may show it: the cells asked for, what is under way, what is finished."""

    cells: Mapping[str, Cell] = field(default_factory=dict)
    started: tuple[Started, ...] = ()
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)


class Session(Protocol):
    """A conversation with one engine. Every method may be called from any thread."""

    @property
    def died(self) -> str | None:
        """Why the engine or the lab is gone, in one line; None while it lives."""

    def submit(self, plans: Sequence[ScenarioPlan], hushed: Hushed) -> None:
        """Ask for cells, in this order. A cell asked for before is not run again."""

    def result(self, key: str, wait: float) -> Outcome | None:
        """The finished cell, waiting at most so many seconds; None where it is not finished.

        Raises ApparatusError where it will never be.
        """

    def fetch(self, path: Path, request: Request, timeout: float) -> Fetched:
        """Make one HTTP request over a path. Raises ApparatusError where the engine is gone."""

    def scrub(self, text: str) -> str:
        """The text without secrets, and with pseudonyms for private names."""

    def sight(self) -> Sight:
        """What has been asked, begun and finished so far."""

    def close(self, how: str = "") -> None:
        """End the engine and the lab, leaving no child; `how` says in the record why it ended early."""


COMES_UP_WITHIN = 35.0
"""Seconds until a session is open or has failed, at most: 15 for a world, 20 for the engine in it; 1 is usual."""


def open_session(setup: Setup) -> Session:
    """Start the place and the engine in it. Raises ApparatusError with the remedy where that fails."""
    from harness.vantage.session import EngineSession

    return EngineSession.start(setup)
