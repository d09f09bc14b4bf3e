"""Names are looked up: in what a world lays over, then in the files around the scenario."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping
from functools import cached_property

from harness.catalogue.api import Used, WorldOverlay
from harness.catalogue.files import Folders, read_file
from harness.document import BadFile, Complaint, placeless
from harness.document.node import Loc, plain
from harness.document.reading import Reading
from harness.model import Check, Json, Path
from harness.paths.spell import DIRECT, read_path
from harness.paths.table import Tables
from harness.scenario.checks import read_check
from harness.scenario.services import Service, read_service


class Library:
    """The paths, controls and services that a scenario file can name. What is never named is never judged."""

    def __init__(
        self, folders: Folders, root: pathlib.Path, env: Mapping[str, str], tables: Tables, world: WorldOverlay | None
    ) -> None:
        self._folders, self._root, self._env, self._tables = folders, root, env, tables
        self._world = world
        self._broken: list[Complaint] = []
        self._readings: dict[pathlib.Path, Reading | None] = {}
        self._paths: dict[str, Path | None] = {}
        self._controls: dict[str, Check | None] = {}
        self.used: dict[Used, None] = {}

    def names(self, what: str) -> Iterable[str]:
        """All names of `path`, `control` or `service`."""
        return self._services if what == "service" else self._entries(what)

    def path(self, name: str) -> Path | None:
        """The path of that name, as the world or the nearest file has it."""
        if name not in self._paths:
            reading, loc = self._entries("path")[name]
            self._note(f"path {name}", reading)
            self._paths[name] = read_path(reading, loc, name, self._tables)
        return self._paths[name]

    def control(self, name: str) -> Check | None:
        """The control of that name, as the world or the nearest file has it."""
        if name not in self._controls:
            reading, loc = self._entries("control")[name]
            self._note(f"control {name}", reading)
            self._controls[name] = read_check(reading, loc, self._tables.probes, name)
        return self._controls[name]

    def service(self, name: str) -> Service | None:
        """The service of that name, from the nearest file."""
        reading = self._reading(self._services[name])
        if not reading:
            return None
        self._note(f"service {name}", reading)
        return read_service(reading, name, self._tables.probes)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """All files that were opened."""
        return (*(reading for reading in self._readings.values() if reading), *self._overlays)

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        """What is wrong with the files that were opened."""
        return (*self._broken, *(complaint for reading in self.readings for complaint in reading.complaints))

    def _note(self, what: str, reading: Reading) -> None:
        self.used[Used(what=what, file=reading.document.name)] = None

    def _reading(self, file: pathlib.Path) -> Reading | None:
        if file not in self._readings:
            try:
                self._readings[file] = read_file(file, self._root, self._env)
            except BadFile as exc:
                self._broken += exc.complaints
                self._readings[file] = None
        return self._readings[file]

    @cached_property
    def _services(self) -> dict[str, pathlib.Path]:
        return self._folders.services()

    @cached_property
    def _overlays(self) -> tuple[Reading, ...]:
        """The world's files, the nearest first; what came from no file stands last."""
        if not self._world:
            return ()
        whole: Json = {"paths": dict(self._world.paths), "controls": dict(self._world.controls)}
        documents = (*self._world.documents, placeless(whole, f"world {self._world.name}"))
        return tuple(Reading(document, self._env) for document in documents)

    def _entries(self, what: str) -> dict[str, tuple[Reading, Loc]]:
        return self._path_entries if what == "path" else self._control_entries

    @cached_property
    def _path_entries(self) -> dict[str, tuple[Reading, Loc]]:
        return self._gathered("paths", self._world.paths if self._world else {})

    @cached_property
    def _control_entries(self) -> dict[str, tuple[Reading, Loc]]:
        return self._gathered("controls", self._world.controls if self._world else {})

    def _gathered(self, what: str, laid_over: Mapping[str, Json]) -> dict[str, tuple[Reading, Loc]]:
        found: dict[str, tuple[Reading, Loc]] = {}
        for name, said in laid_over.items():
            self._declare(found, what, *self._said(what, name, said))
        for file in self._folders.files(f"{what}.yaml"):
            reading = self._reading(file)
            for name in reading.keys_at() if reading else ():
                if reading:
                    self._declare(found, what, reading, (name,))
        return found

    def _said(self, what: str, name: str, said: Json) -> tuple[Reading, Loc]:
        """Where a world says it: in one of its files, for all or for one of its vantages."""
        for reading in self._overlays:
            parts: list[Loc] = [(), *(("vantages", vantage) for vantage in reading.keys_at(("vantages",)))]
            for part in parts:
                node = reading.document.node((*part, what, name))
                if node and plain(node) == said:
                    return reading, (*part, what, name)
        return self._overlays[-1], (what, name)

    @staticmethod
    def _declare(found: dict[str, tuple[Reading, Loc]], what: str, reading: Reading, loc: Loc) -> None:
        name = str(loc[-1])
        if name == DIRECT and what == "paths":
            reading.wrong(loc, "direct is the empty path and cannot be declared", "choose another name", key=True)
        found.setdefault(name, (reading, loc))
