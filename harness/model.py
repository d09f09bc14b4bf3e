"""The nouns of waygauge, frozen. Standard library only; everything else speaks in these."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""What `json.loads` gives back: None, bool, int, float, str, list or dict of the same."""


class Stage(enum.StrEnum):
    """Where in a walk a fact belongs, in the order in which a walk meets them."""

    PATH = "path"
    RESOLVE = "resolve"
    CONNECT = "connect"
    HOP = "hop"
    TLS = "tls"
    REQUEST = "request"
    RESPONSE = "response"
    BODY = "body"
    HOLD = "hold"
    MEDIA = "media"


class Level(enum.IntEnum):
    """The evidence ladder: what an answer proves about the service behind it."""

    NONE = -1
    E0 = 0  # resolved
    E1 = 1  # connected
    E2 = 2  # authenticated transport
    E3 = 3  # an answer that only the real service can make
    E4 = 4  # sustained transfer
    E5 = 5  # media-capable


class Claim(enum.StrEnum):
    """What a verdict says of a cell."""

    USABLE = "usable"
    DEGRADED = "degraded"
    BLOCKED = "blocked"
    DOWN = "down"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    PATH_DOWN = "path_down"


CONCLUSIVE = frozenset({Claim.USABLE, Claim.DEGRADED, Claim.BLOCKED, Claim.DOWN, Claim.PATH_DOWN})
"""Claims that say something about the network; the others say that we do not know."""


class Strength(enum.StrEnum):
    """How much a finding rests on: an artefact, a pattern against good controls, or too little."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    INSUFFICIENT = "insufficient"


class Role(enum.StrEnum):
    """Why a control was run; what it makes interpretable is said in `harness.judge.controls`."""

    FOREIGN = "foreign"  # a neutral host abroad, over the same path
    DOMESTIC = "domestic"  # a neutral host at home, over the same path
    KNOWN_GOOD = "known_good"  # the same check over a path declared good
    OTHER_NAME = "other_name"  # the same address, over the same path, with a neutral host's name
    OTHER_HELLO = "other_hello"  # the same address and name, over the same path, by another ClientHello of ours
    NAME_ELSEWHERE = "name_elsewhere"  # a neutral host's address with the target's name
    OTHER_TRANSPORT = "other_transport"  # the same question to the same resolver, by TCP instead of UDP
    NEUTRAL_QUERY = "neutral_query"  # a neutral name asked of the same resolver
    PATIENT_QUERY = "patient_query"  # the same question to the same resolver, waited for much longer
    EXIT = "exit"  # what a declared reflector saw as our source, over the same path
    YARDSTICK = "yardstick"  # a neutral host asked by the same probe, over the same path, to compare quality with
    ENCRYPTED = "encrypted"  # the same page over TLS instead of in the clear, over the same path
    IN_THE_CLEAR = "in_the_clear"  # a neutral host's page in the clear, over the same path
    AGAIN = "again"  # the same check over the same path once more, in short segments
    WITHOUT_PATH = "without_path"  # the same check directly, where the path comes out elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Vantage:
    """The network location of a run, as declared; it is never looked up."""

    name: str
    cc: str = "ZZ"
    asn: int | None = None
    network: str = "unknown"  # home, mobile, dc or unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The anchors against which a vantage verifies what it is shown."""

    ca_file: str | None = None  # PEM bundle; None means the machine's own store
    anchors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys by name, in hex: `whatsapp_noise` (issuer public keys), `telegram_rsa` (64-bit fingerprints)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One row of a table of kinds, filled in: a resolver, a hop, a base or a hello."""

    kind: str
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A way to a target: a resolver, hops over a base, and a hello. `direct` is the empty one."""

    name: str
    resolver: Spec = Spec(kind="system")
    lookup: str = "base"  # the resolver's own queries travel over the `base` or through the `hops`
    pins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name -> addresses, before any resolver
    hops: tuple[Spec, ...] = ()  # the first is the one nearest to us
    base: Spec = Spec(kind="direct")
    hello: Spec = Spec(kind="plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One probe against one endpoint, with the proof asked for and the level that it shows."""

    name: str
    probe: str
    params: Mapping[str, Json]
    level: Level = Level.E2


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The quality below which a target works, and poorly. None asks for nothing."""

    down: float | None = None  # the least rate, in bits a second
    up: float | None = None
    mos: float | None = None  # the least mean opinion score, as ITU-T G.107 estimates it
    loss: float | None = None  # the greatest share of datagrams that may be lost
    jitter: float | None = None  # the greatest jitter and round trip, in seconds
    rtt: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A service's capability, or a user's own endpoint. `quorum` checks of `checks` must reach `needs`."""

    name: str  # `whatsapp.messaging`, or the user's own name
    checks: tuple[Check, ...]
    quorum: int = 1
    needs: Level = Level.E2
    service: str = ""
    capability: str = ""
    floor: Floor = Floor()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and how long one cell is tried. Seconds."""

    attempts: int = 3
    wait_min: float = 1.0
    wait_max: float = 8.0
    deadline: float = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What a scenario declares to make failures interpretable."""

    foreign: tuple[Check, ...] = ()
    domestic: tuple[Check, ...] = ()
    reflectors: tuple[Check, ...] = ()
    paths: tuple[Path, ...] = ()  # paths declared known good, over which a failing check is repeated
    yardsticks: tuple[Check, ...] = ()  # neutral hosts, asked by the same probe as a target of poor quality
    direct: bool = False  # the scenario goes to its targets directly too, so that a control may


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Target x path: one pytest item, one JUnit testcase. `key` is stable over nights and vantages."""

    key: str  # `messengers:whatsapp.messaging[doh-quad9]`
    scenario: str
    target: Target
    path: Path
    not_applicable: str | None = None  # the reason, known at plan time; nothing is sent then


def item_name(target: str, path: str) -> str:
    """The name under which a cell is run and reported: `whatsapp.messaging[doh-quad9]`."""
    return f"{target}[{path}]"


def cell_name(cell: Cell) -> str:
    """The cell's own item name."""
    return item_name(cell.target.name, cell.path.name)


PATH_TARGET = "path.up"
"""The name of the target whose cell says whether a path itself came up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPlan:
    """All that an engine needs to run one scenario's cells."""

    scenario: str
    cells: tuple[Cell, ...]
    controls: Controls = Controls()
    retry: Retry = Retry()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One fact at one stage. No opinion. Times are seconds since the attempt began."""

    stage: Stage
    failure: str | None = None  # a token from `harness.failures`; None means that the stage completed
    of: str = "target"  # or `hop:1`, `hop:2`, `resolver`: whose stage it is
    started: float = 0.0
    ended: float = 0.0
    sent: int = 0  # bytes that left during the stage, on this stage's stream
    received: int = 0
    lag: float = 0.0  # the worst lateness of our own event loop meanwhile, in seconds
    detail: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One check against one address in one attempt: at most one failure, and that the last."""

    check: str
    address: str | None = None  # None where a name was handed on, or nothing was resolved
    observations: tuple[Observation, ...] = ()
    level: Level = Level.NONE

    @property
    def last(self) -> Observation | None:
        """The last observation, where the walk ended."""
        return self.observations[-1] if self.observations else None

    @property
    def failure(self) -> str | None:
        """The token with which the walk ended, None where it went through."""
        return self.last.failure if self.last else None

    @property
    def failed_at(self) -> Stage | None:
        """The stage at which the walk ended, None where it went through."""
        return self.last.stage if self.last and self.last.failure else None

    @property
    def completed(self) -> bool:
        """True where something was observed and nothing failed."""
        return bool(self.observations) and self.failure is None

    def at(self, stage: Stage, of: str = "target") -> Observation | None:
        """The last observation of a stage, or None where the walk never reached it."""
        return next((seen for seen in reversed(self.observations) if seen.stage == stage and seen.of == of), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a cell. None is thrown away."""

    number: int  # from 1
    at: float  # wall clock, seconds since the epoch
    walks: tuple[Walk, ...]
    before: tuple[str, ...] = ()  # keys of cells that last touched the same endpoints, oldest first
    gap: float | None = None  # seconds since that last touch
    taken: Mapping[str, float] = field(default_factory=dict)
    """Addresses of these endpoints at which another cell's connection was taken, and how many seconds before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A check that makes a failure interpretable, as it was run."""

    id: str
    role: Role
    path: str
    check: str
    at: float
    walks: tuple[Walk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFacts:
    """All that was seen of one cell."""

    key: str
    attempts: tuple[Attempt, ...]
    controls: tuple[Control, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule applied to one walk and its controls."""

    rule: str
    claim: Claim
    strength: Strength
    mechanism: str | None = None
    stage: Stage | None = None
    why: str = ""
    check: str = ""
    level: Level = Level.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Findings combined by the quorum, on separate axes."""

    claim: Claim
    strength: Strength
    steadiness: str  # `steady`, `intermittent 2/3` (tries that went through), `residual`
    rule: str
    mechanism: str | None = None
    stage: Stage | None = None
    level: Level = Level.NONE
    needs: Level = Level.NONE
    why: str = ""  # one sentence
    declare: str = ""  # for an inconclusive verdict: the line to add to the scenario
