"""What reading a scenario gives, and what may be laid over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from harness.kinds import Kind
from harness.model import Json, ScenarioPlan, Vantage

if TYPE_CHECKING:
    from harness.document import Document
    from harness.scenario.expect import Expectations


Kinds: TypeAlias = Mapping[str, Iterable[Kind]]
"""Rows of third parties by table: `probes`, `hops`, `resolvers`, `bases`, `hellos`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOverlay:
    """What a world lays over a scenario, as its file has it: raw mappings, replacing entries of the same name."""

    name: str
    paths: Mapping[str, Json] = field(default_factory=dict)
    controls: Mapping[str, Json] = field(default_factory=dict)
    serves: tuple[str, ...] | None = None  # none means that the world answers for everything
    hosts: tuple[str, ...] = ()  # names and addresses of its hosts: whoever asks one of these is answered too
    variables: Mapping[str, str] = field(default_factory=dict)  # laid over the environment: one's own servers there
    vantage: Vantage | None = None
    documents: tuple[Document, ...] = ()  # the world's files, its own first, so that complaints can point into them


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A pytest mark asked for in the file: `slow`, or `skip` and `xfail` with a reason."""

    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A file that was read, and what for: `path doh-quad9`, `service whatsapp`, `control echo`."""

    what: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One scenario file, understood together with everything that it names."""

    file: str
    plan: ScenarioPlan
    positions: Mapping[str, int]  # 0-based line of each cell, by item name
    secrets: frozenset[str]
    private: frozenset[str]  # names and addresses of one's own servers
    used: tuple[Used, ...]
    marks: Mapping[str, tuple[Mark, ...]]  # by item name
    expectations: Expectations
    date: str = ""  # the youngest date of the services used: how old the catalogue is
