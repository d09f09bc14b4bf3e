"""Where files are sought: beside the scenario, then upwards to the root directory, then in the shipped catalogue."""

from __future__ import annotations

import errno
import pathlib
from collections.abc import Iterator, Mapping
from functools import cached_property

from harness.document.reading import Reading, decoded, read
from harness.errors import ScenarioError

_PACKAGE = pathlib.Path(__file__).parents[1]

LARGEST = 4 << 20
"""Bytes of one file, at most."""


def shipped() -> pathlib.Path:
    """The folder of the shipped catalogue: in the wheel inside the package, in a checkout beside it."""
    packed = _PACKAGE / "_data" / "scenarios"
    return packed if packed.is_dir() else _PACKAGE.parent / "scenarios"


def label(file: pathlib.Path, root: pathlib.Path) -> str:
    """How a file is called in complaints: from the root directory, or from the shipped catalogue."""
    whole = file.resolve()
    for top, prefix in ((root.resolve(), ""), (shipped().resolve(), "shipped:")):
        if whole.is_relative_to(top):
            return prefix + whole.relative_to(top).as_posix()
    return file.name


def read_file(file: pathlib.Path, root: pathlib.Path, env: Mapping[str, str]) -> Reading:
    """The reading of a file; raises BadFile where it is no YAML, ScenarioError where it cannot be opened."""
    name = label(file, root)
    try:
        data = file.read_bytes()
    except OSError as exc:
        raise ScenarioError(f"{name}: the file cannot be read ({exc.strerror}); write its right name") from None
    if len(data) > LARGEST:
        raise ScenarioError(f"{name}: the file has more than {LARGEST >> 20} MB; split it")
    return read(decoded(data, name), name, env, lambda other: _attached(file.parent, other, root))


def _attached(folder: pathlib.Path, name: str, root: pathlib.Path) -> tuple[str, str]:
    """A file that another names, from that one's folder or from the user's home."""
    file = folder / pathlib.Path(name).expanduser()
    if file.stat().st_size > LARGEST:
        raise OSError(errno.EFBIG, f"it has more than {LARGEST >> 20} MB")
    return label(file, root), file.read_text(encoding="utf-8-sig", errors="replace")


class Folders:
    """The folders of one scenario file, the nearest first."""

    def __init__(self, file: pathlib.Path, root: pathlib.Path) -> None:
        self._beside, self._root = file.resolve().parent, root.resolve()

    @cached_property
    def all(self) -> tuple[pathlib.Path, ...]:
        """Beside the scenario, upwards to the root directory, and the shipped ones."""
        above = [self._beside, *self._beside.parents] if self._beside.is_relative_to(self._root) else []
        below_root = [folder for folder in above if folder.is_relative_to(self._root)]
        return tuple(dict.fromkeys([*(below_root or [self._beside, self._root]), shipped()]))

    def files(self, name: str) -> Iterator[pathlib.Path]:
        """The files of that name, the nearest first."""
        return (folder / name for folder in self.all if (folder / name).is_file())

    def services(self) -> dict[str, pathlib.Path]:
        """The service files by the name of their service, the nearest of each."""
        found: dict[str, pathlib.Path] = {}
        for folder in self.all:
            for file in sorted((folder / "services").glob("*.yaml")):
                found.setdefault(file.stem, file)
        return found
