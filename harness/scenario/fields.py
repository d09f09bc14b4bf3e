"""The small forms that a file is made of: names, durations, levels, claims, marks."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from harness.document.fill import Filled
from harness.document.scalars import resolve
from harness.document.words import refused
from harness.model import CONCLUSIVE, Claim, Json, Level

NAME = r"[a-z0-9][a-z0-9_-]*"
"""What users name: part of node ids and of JUnit for ever, so without `@`, `[`, `:`, `.` and blanks."""

NO_NAME, NAME_REMEDY = "this is no name", "write a-z, 0-9, - and _, beginning with a letter or a digit"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_PREFIXES = {"kbit": 1e3, "mbit": 1e6}
_BYTES = {"KiB": 1 << 10, "MiB": 1 << 20}
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(kbit|mbit)")
_SIZE = re.compile(r"([0-9]+)(KiB|MiB)")
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m)")


class Strict(BaseModel):
    """A mapping of a file; a key that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def is_name(text: str) -> bool:
    """True for what may stand as a name."""
    return re.fullmatch(NAME, text) is not None


def _named(text: str) -> str:
    if not is_name(text):
        raise refused(NO_NAME, NAME_REMEDY)
    return text


def duration(text: str) -> float:
    """Seconds in `45s`, `500ms` or `2m`."""
    match = _DURATION.fullmatch(text)
    if not match or not float(match[1]):
        raise refused("this is no duration", "write one such as 500ms, 45s or 2m")
    return float(match[1]) * _UNITS[match[2]]


def span(text: str) -> tuple[float, float]:
    """Least and greatest seconds in `1s..8s`; one duration alone is both."""
    first, dots, last = text.partition("..")
    low, high = duration(first), duration(last if dots else first)
    if low > high:
        raise refused("the span ends before it begins", "write the shorter duration first, such as 1s..8s")
    return low, high


def rate(text: str) -> float:
    """Bits a second in `500kbit` or `1.1mbit`."""
    match = _RATE.fullmatch(text)
    if not match or not float(match[1]):
        raise refused("this is no rate", "write one such as 500kbit or 1.1mbit, for bits a second")
    return float(match[1]) * _PREFIXES[match[2]]


def size(text: str) -> int:
    """Bytes in `64KiB` or `1MiB`."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise refused("this is no size", "write one such as 64KiB or 1MiB, or a number of bytes")
    return int(match[1]) * _BYTES[match[2]]


def share(text: str) -> float:
    """The share in `5%`."""
    match = _SHARE.fullmatch(text)
    if not match or float(match[1]) > 100:
        raise refused("this is no share", "write one such as 5%")
    return float(match[1]) / 100


def level(text: str) -> Level:
    """The level of evidence in `E3`."""
    if text not in Level.__members__ or text == "NONE":
        raise refused("this is no level of evidence", "write one of E0, E1, E2, E3, E4, E5")
    return Level[text]


def _spelled(value: Any, read: Any, example: str) -> Any:
    if not isinstance(value, str):
        raise refused("a number with its unit is expected", f"write it as {example}")
    return read(value)


def _durable(value: Any, read: Any) -> Any:
    if not isinstance(value, str):
        raise refused("a duration is expected", "write it with its unit, such as 500ms, 45s or 2m")
    return read(value)


def _digits(value: Any) -> Any:
    """A number that a variable held is a text until here."""
    return resolve(str(value)) if isinstance(value, Filled) else value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _claims(value: Any) -> Any:
    """`blocked`, `[blocked, down]`, or `any` for whatever is conclusive."""
    return sorted(CONCLUSIVE) if value == "any" else _listed(value)


def _leveled(value: Any) -> Any:
    return level(value) if isinstance(value, str) else value


Name = Annotated[str, AfterValidator(_named), WithJsonSchema({"type": "string", "pattern": f"^{NAME}$"})]
Whole = Annotated[int, Field(strict=True), BeforeValidator(_digits)]
Text = Annotated[str, Field(min_length=1)]
Duration = Annotated[
    float,
    BeforeValidator(lambda value: _durable(value, duration)),
    WithJsonSchema({"type": "string", "examples": ["45s", "500ms", "2m"]}),
]
Rate = Annotated[
    float,
    BeforeValidator(lambda value: _spelled(value, rate, "500kbit or 1.1mbit")),
    WithJsonSchema({"type": "string", "examples": ["500kbit", "1.1mbit"]}),
]
Size = Annotated[
    int,
    BeforeValidator(lambda value: size(value) if isinstance(value, str) else value),
    WithJsonSchema({"oneOf": [{"type": "integer"}, {"type": "string", "examples": ["64KiB", "1MiB"]}]}),
]
ShareOf = Annotated[
    float,
    BeforeValidator(lambda value: _spelled(value, share, "5%")),
    WithJsonSchema({"type": "string", "examples": ["5%"]}),
]
Span = Annotated[
    tuple[float, float],
    BeforeValidator(lambda value: _durable(value, span)),
    WithJsonSchema({"type": "string", "examples": ["1s..8s", "2s"]}),
]
LevelName = Annotated[
    Level, BeforeValidator(_leveled), WithJsonSchema({"enum": [item.name for item in Level if item >= Level.E0]})
]
_CLAIM_WORDS = sorted(Claim)
Claims = Annotated[
    frozenset[Claim],
    Field(min_length=1),
    BeforeValidator(_claims),
    WithJsonSchema(
        {
            "oneOf": [
                {"enum": [*_CLAIM_WORDS, "any"]},
                {"type": "array", "items": {"enum": _CLAIM_WORDS}, "minItems": 1},
            ]
        }
    ),
]
Sources = Annotated[tuple[Text, ...], BeforeValidator(_listed, json_schema_input_type=Text | tuple[Text, ...])]


PART = "x-part"
"""Stands for a reference until the tables are known; pydantic refuses references to what it did not make itself."""


def ref(name: str) -> WithJsonSchema:
    """A part of the schema that comes from the tables of kinds."""
    return WithJsonSchema({PART: name})


AnyCheck = Annotated[Json, ref("check")]
AnyPath = Annotated[Json, ref("path")]
