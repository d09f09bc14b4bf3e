"""What parsers make of bytes that nobody meant."""

from collections.abc import Callable
from typing import TypeVar

from harness.wire.malformed import Malformed

_T = TypeVar("_T")


def outcome(parse: Callable[[bytes], _T], data: bytes) -> _T | type[Malformed]:
    """What was read, or Malformed where the parser refuses as it says it does; any other error is the test's."""
    try:
        return parse(data)
    except Malformed as exc:
        return type(exc)
