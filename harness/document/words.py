"""Pydantic's errors in our words: what is wrong, and what to write. No value that may be private is repeated."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from harness.document.complaint import nearest, shown
from harness.document.node import Loc
from harness.document.scalars import kind
from harness.model import Json

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_OURS = "waygauge"

_EXPECTED = {
    "string": ("a text", "write it in quotes"),
    "int": ("a whole number", "write it in digits"),
    "float": ("a number", "write it in digits"),
    "bool": ("true or false", "write true or false"),
    "list": ("a list", "write [...]"),
    "tuple": ("a list", "write [...]"),
    "dict": ("a mapping", "write {key: value}"),
    "mapping": ("a mapping", "write {key: value}"),
    "model": ("a mapping", "write {key: value}"),
}
_BOUNDS = {
    "greater_than": ("the number is too small", "write more than {gt}"),
    "greater_than_equal": ("the number is too small", "write {ge} or more"),
    "less_than": ("the number is too large", "write less than {lt}"),
    "less_than_equal": ("the number is too large", "write {le} or less"),
    "string_pattern_mismatch": ("the text has another form", "write one that {pattern} matches"),
    "string_too_short": ("the text is too short", "write {min_length} characters or more"),
    "string_too_long": ("the text is too long", "write {max_length} characters or less"),
    "too_short": ("there are too few entries", "write {min_length} or more"),
    "too_long": ("there are too many entries", "write {max_length} or less"),
}


def refused(wrong: str, remedy: str) -> PydanticCustomError:
    """The error with which a validator of ours refuses a value."""
    return PydanticCustomError(_OURS, "{wrong}; {remedy}", {"wrong": wrong, "remedy": remedy})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A complaint before it has a place in a file."""

    loc: Loc
    wrong: str
    remedy: str
    key: bool = False  # it is about the key, not about its value


def worded(error: ErrorDetails, model: type[BaseModel], value: Json) -> Said:
    """The error in our words."""
    loc = stepped(error["loc"], value)
    if error["type"] == "extra_forbidden":
        key = str(error["loc"][-1])
        known = _known(model, loc[:-1])
        return Said(loc=loc, wrong=f"unknown key {shown(key, 'here')}", remedy=_near(key, known), key=True)
    if error["type"] == "missing":
        return _missing(error, model, loc)
    wrong, remedy = _sentence(error, found(value, loc), value)
    return Said(loc=loc, wrong=wrong, remedy=remedy, key="[key]" in error["loc"])


def _near(key: str, known: dict[str, Any]) -> str:
    return nearest(key, known) if known else "remove it"


def _missing(error: ErrorDetails, model: type[BaseModel], loc: Loc) -> Said:
    key = str(error["loc"][-1])
    field = _known(model, loc).get(key)
    example = field.examples[0] if field is not None and field.examples else "..."
    return Said(loc=loc, wrong=f'"{key}" is missing', remedy=f"write {key}: {example}")


def _sentence(error: ErrorDetails, value: Json, whole: Json) -> tuple[str, str]:
    context: dict[str, Any] = error.get("ctx") or {}
    name = error["type"]
    if name == _OURS:
        return context["wrong"], context["remedy"]
    if name in _BOUNDS:
        wrong, remedy = _BOUNDS[name]
        return wrong, remedy.format(**context)
    if name in ("enum", "literal_error"):
        known = re.findall(r"[\w.-]+(?=[',]|$| or)", str(context.get("expected", "")))
        word = str(value) if isinstance(value, int) else shown(str(value), "this")
        return f"{word} is not known here", nearest(str(value), known)
    if (expected := _EXPECTED.get(name.partition("_")[0])) and name != "string_pattern_mismatch":
        return f"{expected[0]} is expected, not {kind(value)}", expected[1]
    return _foreign(error["msg"].removeprefix("Value error, "), whole)


def _foreign(message: str, whole: Json) -> tuple[str, str]:
    """The words of a validator that is not ours, unless they repeat what was written."""
    if _repeats(message, whole):
        return "this does not fit here", "write it as the reference shows"
    if message.startswith("write "):
        return "this cannot be used here", message
    if message.startswith("no regular expression"):
        return message, r"write a backslash before a literal . ? * + ( [ or {"
    return message[:1].lower() + message[1:], "write it as the reference shows"


def _repeats(text: str, value: Json) -> bool:
    return any(len(leaf) >= 4 and leaf in text for leaf in texts(value))


def texts(value: Json) -> Iterator[str]:
    """Every text inside a value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def stepped(loc: tuple[int | str, ...], value: Json) -> Loc:
    """The steps of pydantic's way that the value has; it also names tags of unions and missing keys."""
    way: list[int | str] = []
    for step in loc:
        if _has(value, step):
            value = value[step]
            way.append(step)
    return tuple(way)


def _has(value: Json, step: int | str) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, (list, tuple)) and isinstance(step, int) and step < len(value)


def found(value: Json, loc: Loc) -> Json:
    """The value at the end of a way whose every step exists."""
    for step in loc:
        value = value[step]
    return value


def _known(model: type[BaseModel], loc: Loc) -> dict[str, Any]:
    """The fields, by the names that a file uses, of the model that stands at `loc` inside a model."""
    here: Any = model
    for step in loc:
        fields = _fields(here)
        here = _inner(fields[str(step)].annotation if step in fields else _argument(here))
    return _fields(here)


def _fields(model: Any) -> dict[str, Any]:
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return {}
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _inner(annotation: Any) -> Any:
    """What an annotation holds once None and metadata are taken off."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _inner(annotation.__origin__)
    options = [option for option in typing.get_args(annotation) if option is not type(None)]
    if type(None) in typing.get_args(annotation) and len(options) == 1:
        return _inner(options[0])
    return annotation


def _argument(annotation: Any) -> Any:
    """What a list, tuple or mapping holds."""
    options = [option for option in typing.get_args(annotation) if option is not Ellipsis]
    return options[-1] if options else None
