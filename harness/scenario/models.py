"""The files of version 1 as models: their keys, their forms, and what stands where nothing is written.

Checks and paths are of the kinds in the tables, so they are read by `checks` and `harness.paths.spell`;
here they are only placed, and their schema is put in by `schema`.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from harness.document.words import refused
from harness.model import Floor, Json
from harness.scenario.fields import (
    AnyCheck,
    AnyPath,
    Claims,
    Duration,
    LevelName,
    Name,
    Rate,
    ShareOf,
    Sources,
    Span,
    Strict,
    Text,
    Whole,
    ref,
)


class MarkEntry(Strict):
    """A pytest mark: a name, or `skip` or `xfail` with the reason."""

    name: Name
    reason: str = ""


def _mark(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and len(value) == 1:
        name, reason = next(iter(value.items()))
        if name in ("skip", "xfail") and isinstance(reason, str):
            return {"name": name, "reason": reason}
    raise refused("this is no mark", 'write a name, {skip: "why"} or {xfail: "why"}')


MarkName = Annotated[
    MarkEntry,
    BeforeValidator(_mark),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"skip": {"type": "string"}},
                    "required": ["skip"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"xfail": {"type": "string"}},
                    "required": ["xfail"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class ServiceTarget(Strict):
    """Capabilities of a service of the catalogue; all of them where none is named."""

    service: Name = Field(examples=["whatsapp"])
    capabilities: list[Name] | None = Field(default=None, min_length=1, examples=[["messaging"]])
    marks: list[MarkName] = Field(default=[])


class FloorEntry(Strict):
    """The quality below which a target is degraded; what is not written is not asked for."""

    down: Rate | None = Field(default=None, description="the least rate downwards, in bits a second")
    up: Rate | None = Field(default=None, description="the least rate upwards")
    mos: Annotated[float, Field(ge=1, le=4.5)] | None = Field(
        default=None, description="the least mean opinion score, as ITU-T G.107 estimates it"
    )
    loss: ShareOf | None = Field(default=None, description="the greatest share of datagrams lost one way")
    jitter: Duration | None = Field(default=None, description="the greatest jitter one way")
    rtt: Duration | None = Field(default=None, description="the greatest round trip")

    def floor(self) -> Floor:
        """As the model has it."""
        return Floor(**self.model_dump())


class OwnTarget(Strict):
    """An endpoint of one's own, with its own proof."""

    name: Name = Field(examples=["my-api"])
    check: AnyCheck = None
    checks: list[AnyCheck] | None = Field(default=None, min_length=1)
    quorum: Annotated[Whole, Field(ge=1)] = Field(default=1, description="how many of the checks must reach `needs`")
    needs: LevelName | None = Field(default=None, description="the level needed; the least that its checks show")
    floor: FloorEntry = FloorEntry()
    marks: list[MarkName] = Field(default=[])

    @model_validator(mode="after")
    def _one_of_both(self) -> OwnTarget:
        if (self.check is None) == (self.checks is None):
            raise refused("a target has either check or checks", 'write check: {http: "https://..."}')
        return self


class RetryEntry(Strict):
    """How often and how long one cell is tried."""

    attempts: Annotated[Whole, Field(ge=1, le=20)] = 3
    backoff: Span = (1.0, 8.0)
    deadline: Duration = 45.0


class ControlNames(Strict):
    """Which controls make a failure interpretable, by their names in `controls.yaml`, or written out."""

    foreign: list[Annotated[Json, ref("control")]] = Field(default=[], description="neutral hosts abroad")
    domestic: list[Annotated[Json, ref("control")]] = Field(default=[], description="neutral hosts at home")
    reflectors: list[Annotated[Json, ref("control")]] = Field(default=[], description="what says which address it sees")
    paths: list[Name] = Field(default=[], description="paths declared good, over which a failing check is repeated")
    yardsticks: list[Annotated[Json, ref("control")]] = Field(
        default=[], description="neutral hosts, asked by the same probe as a target of poor quality"
    )


TargetEntry: TypeAlias = Annotated[Json, ref("target")]
PathEntry: TypeAlias = Annotated[Json, ref("path_entry")]


class ScenarioFile(Strict):
    """A scenario: targets over paths."""

    scenario: Name = Field(examples=["messengers"], description="the name, part of every cell's key")
    title: Text | None = None
    targets: list[TargetEntry] = Field(min_length=1, examples=["[{service: whatsapp}]"])
    paths: list[PathEntry] = Field(
        default=["direct"], min_length=1, description="names of `paths.yaml`, or written out"
    )
    controls: ControlNames = ControlNames()
    retry: RetryEntry = RetryEntry()
    expect: dict[str, Claims] = Field(default={}, description="the claims expected of cells; `*` stands for anything")
    marks: list[MarkName] = Field(default=[])


class ExpectFile(Strict):
    """What a vantage is known to show, laid over scenarios by --expect."""

    about: Text | None = None
    date: Text | None = None
    sources: Sources = ()
    expect: dict[str, Claims] = Field(examples=['{"whatsapp.messaging[direct]": blocked}'])


class CapabilityEntry(Strict):
    """What proves one capability of a service: `quorum` of its checks must reach `needs`."""

    title: Text | None = None
    needs: LevelName | None = None
    quorum: Annotated[Whole, Field(ge=1)] = 1
    floor: FloorEntry = FloorEntry()
    checks: list[AnyCheck] = Field(min_length=1, examples=['[{http: "https://..."}]'])


class ServiceFile(Strict):
    """A service of the catalogue, as data with its sources and its date: endpoints rot."""

    service: Name = Field(examples=["whatsapp"])
    title: Text | None = None
    date: Text = Field(examples=["2026-11-22"], description="when the data was last checked against its sources")
    sources: Sources = Field(examples=["[https://...]"])
    capabilities: dict[Name, Annotated[CapabilityEntry, ref("capability")]] = Field(
        min_length=1, examples=["{web: {checks: [...]}}"]
    )


class AnchorEntry(Strict):
    """Public keys that a service is known by."""

    keys: tuple[Annotated[str, Field(pattern="^[0-9a-f]{16,}$")], ...] = Field(min_length=1)
    sources: Sources
    date: Text
    note: Text | None = None


class TrustFile(Strict):
    """The anchors against which a vantage verifies what it is shown."""

    anchors: dict[str, AnchorEntry]


class PathsFile(Strict):
    """Paths by name; schema only: each entry is read when a scenario names it."""

    paths: dict[Name, AnyPath]


class ControlsFile(Strict):
    """Controls by name; schema only: each entry is read when a scenario names it."""

    controls: dict[Name, AnyCheck]
