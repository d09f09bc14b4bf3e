"""Where a lab's files lie while it stands."""

from __future__ import annotations

import tempfile

from harness.errors import ApparatusError

PREFIX = "waygauge-"


def temporary() -> str:
    """The folder for files that do not stay; ApparatusError where there is none that can be written to."""
    try:
        return tempfile.gettempdir()
    except FileNotFoundError as exc:
        raise ApparatusError("no folder for temporary files can be written to; set TMPDIR to one that can") from exc
