"""The record of a run: JSON lines, versioned and typed. It is the truth; everything shown is a projection of it.

A reader ignores types and fields that it does not know. What is written here is not yet redacted:
`RunFile.append(redactor.json(dump(line)))` is the way out.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.model import Cell, CellFacts, Control, Json, Path, Spec, Vantage, Verdict

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION = 1
"""Raised when a reader of an older version would misread a line; a new field or type does not raise it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """The first line: who measured what, from where, and with which tools."""

    id: str
    started: float  # seconds since the epoch
    vantage: Vantage
    planned: tuple[Cell, ...]  # see `planned`: without what leads to one's own servers
    world: str | None = None
    tier: str | None = None  # of the lab
    versions: Mapping[str, str] = field(default_factory=dict)  # tools: `waygauge`, `python`, `sing-box`, ...
    catalogue: str = ""  # the date of the newest service file used
    rules: str = ""  # the version of the rules that judged
    shard: str = ""  # `2/3` where the run was a part of its plan
    whole: tuple[str, ...] = ()  # the keys of the whole plan, in order, where the run was a part of it
    merged: tuple[str, ...] = ()  # the ids of the runs of which this is the sum
    version: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """Cells that were planned after the first line was written, as those of another scenario file are."""

    planned: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLine:
    """A path that was opened: what it consists of, and from where it was seen to come out."""

    name: str
    path: Path
    exits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLine:
    """A control, as it was run."""

    control: Control


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLine:
    """A finished cell: all that was seen of it, and what the rules of that version made of it."""

    key: str
    facts: CellFacts
    verdict: Verdict
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwiceLine:
    """A cell that several merged runs have: the earliest was kept, and this is what another one said."""

    key: str
    kept: str  # the id of the run whose cell it is
    left: str  # the id of the other run
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLine:
    """The last line; a run without it was cut short."""

    ended: float
    reason: str = "finished"  # or `interrupted`, or why the engine died
    counts: Mapping[str, int] = field(default_factory=dict)  # verdicts by claim


Line: TypeAlias = RunLine | PlanLine | PathLine | ControlLine | CellLine | TwiceLine | EndLine

TYPES: Mapping[str, type[Line]] = {
    "run": RunLine,
    "plan": PlanLine,
    "path": PathLine,
    "control": ControlLine,
    "cell": CellLine,
    "twice": TwiceLine,
    "end": EndLine,
}
_NAMES = {kind: name for name, kind in TYPES.items()}


def dump(line: Line) -> dict[str, Json]:
    """The line as plain JSON values, its type first."""
    return {"type": _NAMES[type(line)], **_adapter(type(line)).dump_python(line, mode="json")}


def load(value: Json) -> Line | None:
    """The line that the JSON value holds, None where this version knows no such type."""
    if not isinstance(value, dict) or value.get("type") not in TYPES:
        return None
    line: Line = _adapter(TYPES[value["type"]]).validate_python({k: v for k, v in value.items() if k != "type"})
    return line


def text(value: Json) -> str:
    """A JSON value as one line of text, with its newline."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def planned(cell: Cell) -> Cell:
    """The cell as a record may keep it: the kinds of its hops and resolver, and none of their parameters."""
    path = cell.path
    bare = replace(
        path,
        resolver=Spec(kind=path.resolver.kind),
        hops=tuple(Spec(kind=hop.kind) for hop in path.hops),
        base=Spec(kind=path.base.kind),
        hello=Spec(kind=path.hello.kind),
    )
    return replace(cell, path=bare)


def _adapter(kind: type[Line]) -> TypeAdapter[Any]:
    return _adapter_named(_NAMES[kind])


@functools.cache
def _adapter_named(name: str) -> TypeAdapter[Any]:
    # pydantic takes longer to import than a small run takes to write
    from pydantic import TypeAdapter

    return TypeAdapter(TYPES[name])
