"""What the scenario files of one pytest session say, together."""

from __future__ import annotations

import functools
import os
import pathlib
from typing import TYPE_CHECKING

import pytest

from harness.errors import ScenarioError
from harness.model import Path
from harness.plugin.settings import Settings
from harness.vantage import Hushed

if TYPE_CHECKING:
    from harness import kinds
    from harness.catalogue import Loaded, WorldOverlay

TABLES = ("probes", "hops", "resolvers")  # those that a third party may add to
BUILT_IN = frozenset({"skip", "skipif", "xfail", "usefixtures", "filterwarnings", "parametrize"})


class Reading:
    """Reads each scenario once, with the world laid over it, and learns what must not be seen."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config, self._settings = config, settings
        self._loaded: dict[pathlib.Path, Loaded] = {}
        self._marks = set(BUILT_IN)
        self.hushed = Hushed()

    def read(self, file: pathlib.Path) -> Loaded:
        """One scenario file, understood. Raises ScenarioError with every complaint."""
        from harness import catalogue

        if file not in self._loaded:
            settings, root = self._settings, self._config.rootpath
            over, kinds = self.overlay, self.kinds
            loaded = catalogue.read(file, root=root, env=os.environ, world=over, expect=settings.expect, kinds=kinds)
            self._claim(file, loaded)
            self._loaded[file] = loaded
            self.hush(Hushed(secrets=loaded.secrets, private=loaded.private))
        return self._loaded[file]

    def hush(self, hushed: Hushed) -> None:
        """Learn what must not be seen in any output."""
        self.hushed |= hushed

    @property
    def date(self) -> str:
        """How old the catalogue is, as far as the scenarios use it."""
        return max((loaded.date for loaded in self._loaded.values()), default="")

    @property
    def private(self) -> bool:
        """True where there is anything that must not be seen."""
        return bool(self.hushed.secrets or self.hushed.private)

    @functools.cached_property
    def overlay(self) -> WorldOverlay | None:
        """What the world lays over every scenario."""
        if not self._settings.world:
            return None
        from harness.vantage.place import overlay

        return overlay(self._settings.world)

    @functools.cached_property
    def lacking(self) -> str:
        """What the world needs and the lab's tier does not have, with the remedy; "" where nothing is missing."""
        if not self._settings.world:
            return ""
        from harness.vantage.place import lacking

        return lacking(self._settings.world)

    def path(self, name: str) -> Path:
        """The path of that name, as a scenario in the root directory would find it. Raises ScenarioError."""
        from harness.catalogue.paths import find_path

        root = self._config.rootpath
        found = find_path(name, root=root, env=os.environ, world=self.overlay, kinds=self.kinds)
        self.hush(Hushed(secrets=found.secrets, private=found.private))
        return found.path

    @functools.cached_property
    def kinds(self) -> dict[str, tuple[kinds.Kind, ...]]:
        """The rows of third parties, by table."""
        found: dict[str, tuple[kinds.Kind, ...]] = {}
        for rows in self._config.hook.pytest_waygauge_kinds():
            for table, row in rows:
                if table not in TABLES:
                    raise ScenarioError(f"pytest_waygauge_kinds: no table {table!r}; one of {', '.join(TABLES)}")
                found[table] = (*found.get(table, ()), row)
        return found

    def mark(self, name: str, meaning: str) -> pytest.MarkDecorator:
        """The mark of that name; one that comes from data is registered first, for --strict-markers."""
        if name not in self._marks:
            self._marks.add(name)
            self._config.addinivalue_line("markers", f"{name}: {meaning}")
        mark: pytest.MarkDecorator = getattr(pytest.mark, name)
        return mark

    def _claim(self, file: pathlib.Path, loaded: Loaded) -> None:
        """A cell's key begins with its scenario's name: two files of one name would be taken for each other."""
        name = loaded.plan.scenario
        for other, taken in self._loaded.items():
            if taken.plan.scenario == name:
                wrong = f'{loaded.file}:1:1: the scenario name "{name}" is taken by {other.name}'
                raise ScenarioError(f"{wrong}; give it a name of its own")
