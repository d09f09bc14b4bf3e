"""Over which paths controls go: the cell's own, paths known good, none at all."""

from __future__ import annotations

from dataclasses import replace

from harness.judge.failed import Failed
from harness.model import Path

DIRECT = Path(name="direct")
"""The empty path, over which neutral hosts show whether there is a network here at all."""


def names_here(path: str) -> str:
    """What the path of that name is called where names are asked past it, so that only addresses go over it."""
    return f"{path}+names-here"


def this_path(failed: Failed) -> tuple[Path, ...]:
    """The cell's own."""
    return (failed.cell.path,)


def names_past_it(failed: Failed) -> tuple[Path, ...]:
    """The cell's own, with names asked past it."""
    path = failed.cell.path
    return (replace(path, name=names_here(path.name), resolver=DIRECT.resolver, lookup=DIRECT.lookup),)


def known_good(failed: Failed) -> tuple[Path, ...]:
    """Those that the scenario declares good, but for the cell's own."""
    return tuple(path for path in failed.controls.paths if path.name != failed.cell.path.name)


def direct(failed: Failed) -> tuple[Path, ...]:
    """The empty one, where the cell's own is another."""
    return () if failed.cell.path.name == DIRECT.name else (DIRECT,)
