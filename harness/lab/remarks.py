"""What the comment beside a parameter says of it: the one place where parameters are described is their source."""

from __future__ import annotations

import functools
import inspect
import re

_FIELD = re.compile(r"^    (\w+): .*?  # (.+)$", re.MULTILINE)


@functools.cache
def remarks(params: type) -> dict[str, str]:
    """By parameter what stands beside it, in its own class or in one that it comes from; nothing without the source."""
    found: dict[str, str] = {}
    for cls in reversed(params.__mro__):
        try:
            source = inspect.getsource(cls)
        except (OSError, TypeError):  # built in, or without a source to be read
            continue
        found |= {name: text for name, text in _FIELD.findall(source) if not text.startswith(("noqa", "type:"))}
    return found
