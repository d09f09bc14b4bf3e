"""What a JSON answer shows, by dotted path."""

from __future__ import annotations

from collections.abc import Mapping

from harness.model import Json

ABSENT = object()


def lookup(document: Json, path: str) -> Json:
    """The value at a dotted path (`data.items.0.id`), or ABSENT."""
    for step in path.split("."):
        if isinstance(document, Mapping) and step in document:
            document = document[step]
        elif isinstance(document, list) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return ABSENT
    return document


def shows(document: Json, wanted: Json) -> bool:
    """True where a document shows what is wanted: a mapping in part and by dotted path, anything else as it is."""
    if isinstance(wanted, Mapping):
        return all(shows(lookup(document, path), value) for path, value in wanted.items())
    # JSON tells true from 1; Python does not.
    return bool(document == wanted and isinstance(document, bool) is isinstance(wanted, bool))
