"""Plain scalars by the core schema of YAML 1.2 (section 10.3.2), and by nothing else.

So `NO`, `on`, `1:30` and `2026-02-11` are texts, and `010` is the number ten: no octal without `0o`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.model import Json

_WORDS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], Json]], ...] = (
    (re.compile(r"[-+]?[0-9]{1,4000}"), int),  # Python refuses to convert longer ones
    (re.compile(r"0o[0-7]{1,4000}"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,4000}"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
)


def resolve(text: str) -> Json:
    """The value of a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        return next((convert(text) for shape, convert in _NUMBERS if shape.fullmatch(text)), text)
    return text


def kind(value: Json) -> str:
    """A value's kind in words: `a number`, `a list`."""
    if isinstance(value, bool):
        return "true or false"
    names = ((int, "a number"), (float, "a number"), (str, "a text"), (list, "a list"), (dict, "a mapping"))
    return next((name for types, name in names if isinstance(value, types)), "nothing")
