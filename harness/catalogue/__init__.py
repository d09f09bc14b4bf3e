"""Finds and reads what a scenario names: the only reader of scenario-side files.

Its functions import what they need when they are called: pydantic is slow to import, and many runs never read a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.catalogue.api import Kinds, Loaded, Mark, Used, WorldOverlay

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

    from harness.model import Trust

__all__ = ["Kinds", "Loaded", "Mark", "Used", "WorldOverlay", "read", "schemas", "shipped", "shipped_date", "trust"]


def read(  # noqa: PLR0913 - each is another part of what surrounds a file
    file: pathlib.Path,
    *,
    root: pathlib.Path,
    env: Mapping[str, str],
    world: WorldOverlay | None = None,
    expect: pathlib.Path | None = None,
    kinds: Kinds | None = None,
) -> Loaded:
    """The scenario in a file with everything that it names; raises BadFile with every complaint.

    Paths, controls and services are sought in `world`, beside the file, upwards to `root`, then in the shipped
    catalogue; `expect` is a file of expectations laid over the scenario's own, `kinds` are rows of third parties.
    """
    from harness.catalogue.reading import Around, read_within, tables

    env = {**env, **(world.variables if world else {})}
    return read_within(file, Around(root=root, env=env, world=world, expect=expect, tables=tables(kinds)))


def trust() -> Trust:
    """The anchors of the shipped catalogue, for vantages outside the lab."""
    from harness.catalogue.reading import read_trust

    return read_trust()


def shipped() -> pathlib.Path:
    """The folder of the shipped catalogue."""
    from harness.catalogue.files import shipped as found

    return found()


def shipped_date() -> str:
    """The youngest date of the shipped services: how old the catalogue is."""
    from harness.catalogue.reading import shipped_date as found

    return found()


def schemas(kinds: Kinds | None = None) -> dict[str, dict[str, object]]:
    """The JSON Schemas (draft-07) of all files, by file name, with the kinds of third parties in them."""
    from harness.catalogue.reading import tables
    from harness.scenario.schema import schemas as made

    return made(tables(kinds))
