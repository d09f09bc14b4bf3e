"""What the tests of the language share: a scenario from a text, and the complaints about one."""

import pathlib
import textwrap
from collections.abc import Callable, Mapping
from typing import Protocol

import pytest

from harness.catalogue import Loaded, WorldOverlay
from harness.catalogue.reading import Around, read_within
from harness.document import BadFile

ROOT = pathlib.Path(__file__).parents[2]
BAD = sorted((ROOT / "fixtures" / "bad_scenarios").glob("*.reach.yaml"))

API = """\
scenario: news
targets:
  - name: api
    check: {http: "https://api.example.org/health", proof: {status: 200}}
"""
"""The smallest scenario that says something; tests add lines to it."""


class Load(Protocol):
    def __call__(
        self, text: str, env: Mapping[str, str] = {}, world: WorldOverlay | None = None, expect: str | None = None
    ) -> Loaded: ...


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Callable[[Mapping[str, str]], pathlib.Path]:
    """Writes files below the root directory of a test."""

    def write(files: Mapping[str, str]) -> pathlib.Path:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def load(tmp_path: pathlib.Path) -> Load:
    """Reads a scenario from its text; the shipped catalogue is around it."""

    def read(
        text: str, env: Mapping[str, str] = {}, world: WorldOverlay | None = None, expect: str | None = None
    ) -> Loaded:
        file, over = tmp_path / "news.reach.yaml", tmp_path / "known.yaml"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        if expect is not None:
            over.write_text(textwrap.dedent(expect), encoding="utf-8")
        around = Around(root=tmp_path, env=env, world=world, expect=over if expect is not None else None)
        return read_within(file, around)

    return read


@pytest.fixture
def complaints(load: Load) -> Callable[..., list[str]]:
    """The complaints about a text, without the name of the file."""

    def read(text: str, env: Mapping[str, str] = {}, world: WorldOverlay | None = None) -> list[str]:
        with pytest.raises(BadFile) as caught:
            load(text, env, world)
        return [str(complaint).partition(":")[2] for complaint in caught.value.complaints]

    return read
