"""What goes over the engine's stdin and stdout: one JSON object a line, told apart by `type`.

Frozen dataclasses, read and written by pydantic; nothing else in the engine touches JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.dial.machine import Machine
from harness.kinds import Kind
from harness.model import CellFacts, Control, Path, ScenarioPlan, Stage, Trust, Vantage


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at once and how long. Seconds, unless the name says otherwise."""

    waiting: int = 128  # cells under way at once; lowered where descriptors are few
    launches: float = 200.0  # walks begun in a second: half of one core, so that timings stay honest
    handshakes: int = 2  # walks at once to one (address, name): more of them set off real filters
    per_server: int = 4  # walks at once over one path's first server
    path: float = 16.0  # for what has to stand before anything is asked over a path
    resolve: float = 4.0
    connect: float = 5.0  # and the same again for each hop
    tls: float = 6.0
    response: float = 8.0
    hold: float | None = None  # of listening on after an answer by UDP, for others to come; None: as resolvers have it
    memo: float = 60.0  # a control answers for others of its kind so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """Rows that a third party adds to the tables, by import path."""

    probes: tuple[Kind, ...] = ()
    hops: tuple[Kind, ...] = ()
    resolvers: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The first line: where the engine stands and what it may rely on."""

    type: Literal["hello"] = "hello"
    vantage: Vantage = field(default_factory=lambda: Vantage(name="local"))
    trust: Trust = field(default_factory=Trust)
    lab: bool = False  # inside a lab's namespace every address may be spoken to
    machine: Machine = field(default_factory=Machine)
    limits: Limits = Limits()
    kinds: Kinds = Kinds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Cells to run. A cell known by its key is not run again; its facts are sent again."""

    type: Literal["scenario"] = "scenario"
    plan: ScenarioPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request; `body` is base64."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """A request for a plain Python test, over a path."""

    type: Literal["fetch"] = "fetch"
    id: int
    path: Path
    request: Request
    timeout: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Drop what is queued and cut what runs; the engine stays."""

    type: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Finish what is queued, then end."""

    type: Literal["close"] = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The answer to the hello."""

    type: Literal["ready"] = "ready"
    pid: int
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A cell has been admitted; it may take `limit` seconds, waiting for its endpoints not counted."""

    type: Literal["started"] = "started"
    key: str
    at: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDone:
    """A control has been run."""

    type: Literal["control"] = "control"
    control: Control


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDone:
    """A cell is finished; these are its facts."""

    type: Literal["cell"] = "cell"
    facts: CellFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP answer; `body` is base64."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    http_version: str = "HTTP/1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How a fetch ended instead."""

    token: str
    stage: Stage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The answer to a fetch, or the failure in its place."""

    type: Literal["fetched"] = "fetched"
    id: int
    response: Response | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """The worst lateness of the engine's own loop since the last such line."""

    type: Literal["lag"] = "lag"
    worst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """Our own fault, or the caller's; `key` names the cell that will have no facts because of it."""

    type: Literal["error"] = "error"
    text: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The last line after `close`."""

    type: Literal["end"] = "end"


Order = Annotated[Hello | Scenario | Fetch | Cancel | Close, Field(discriminator="type")]
Event = Annotated[
    Ready | Started | ControlDone | CellDone | Fetched | Lag | Error | End,
    Field(discriminator="type"),
]

_orders: TypeAdapter[Order] = TypeAdapter(Order)
_events: TypeAdapter[Event] = TypeAdapter(Event)


def read_order(line: bytes | str) -> Order:
    """What the caller asks; raises ValueError where the line cannot be read."""
    return _orders.validate_json(line)


def read_event(line: bytes | str) -> Event:
    """What the engine says; raises ValueError where the line cannot be read."""
    return _events.validate_json(line)


def order_line(order: Order) -> bytes:
    """One line for the engine's stdin."""
    return _orders.dump_json(order) + b"\n"


def event_line(event: Event) -> bytes:
    """One line for the engine's stdout."""
    return _events.dump_json(event) + b"\n"
