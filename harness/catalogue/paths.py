"""One path by its name, for who has no scenario: it is sought where a scenario would find it."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass

from harness.catalogue.api import Kinds, WorldOverlay
from harness.catalogue.files import Folders
from harness.catalogue.library import Library
from harness.catalogue.reading import public_resolvers, tables
from harness.document import BadFile
from harness.document.complaint import in_order, nearest
from harness.errors import ScenarioError
from harness.model import Path
from harness.paths.spell import DIRECT


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPath:
    """A path, and what must not be seen of it."""

    path: Path
    secrets: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()


def find_path(
    name: str,
    *,
    root: pathlib.Path,
    env: Mapping[str, str],
    world: WorldOverlay | None = None,
    kinds: Kinds | None = None,
) -> FoundPath:
    """The path of that name in the root directory's `paths.yaml`, the world or the shipped catalogue.

    Raises ScenarioError where there is none, BadFile where it cannot be read.
    """
    if name == DIRECT:
        return FoundPath(path=Path(name=DIRECT))
    library = Library(Folders(root / "paths.yaml", root), root, env, tables(kinds), world)
    if name not in library.names("path"):
        raise ScenarioError(f'no path is called "{name}"; {nearest(name, [DIRECT, *library.names("path")])}')
    path = library.path(name)
    if library.complaints or path is None:
        raise BadFile(in_order(library.complaints))
    return FoundPath(
        path=path,
        secrets=frozenset[str]().union(*(reading.secrets for reading in library.readings)),
        private=frozenset[str]().union(*(reading.private for reading in library.readings)) - public_resolvers(),
    )
