"""What of a path must not be seen in any output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.document.reading import Reading
from harness.document.words import texts
from harness.kinds import Kind
from harness.paths import url as urls


def keep(reading: Reading, row: Kind, plain: Mapping[str, Any]) -> None:
    """Note what of a kind's parameters must not be seen."""
    for key in row.secret:
        reading.secrets |= {text for text in texts(plain.get(key)) if text}
    for key in row.private:
        reading.private |= {host_of(text) for text in texts(plain.get(key)) if text}


def host_of(text: str) -> str:
    """The host in a URL; a text that is none is its own host."""
    try:
        return urls.parse(text).host if "://" in text else text
    except urls.BadUrl:
        return text
