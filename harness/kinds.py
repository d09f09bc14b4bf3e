"""A table of kinds: one literal row each; what a row builds is imported when it is first used."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


def load(reference: str) -> Any:
    """The object that `package.module:name` refers to."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One row: its name, the model of its parameters, what builds it, and which parameters are secret."""

    name: str
    params: str  # import path of the pydantic model of its parameters
    build: str  # import path of the callable; its signature is the table's own
    summary: str  # one line for the documentation and the schema
    secret: tuple[str, ...] = ()  # parameters that never leave
    private: tuple[str, ...] = ()  # parameters that name one's own servers: pseudonyms in every output
    known_by: tuple[str, ...] = ()  # of a hop: by which its server knows us; of two with the same, one is up at a time
    traits: frozenset[str] = field(default_factory=frozenset)  # facts that others ask for, e.g. `names` or `udp`


class Table:
    """Rows by name, in order of declaration; third parties add theirs by `pytest_waygauge_kinds`."""

    def __init__(self, title: str, rows: Iterable[Kind]) -> None:
        self.title = title
        self._rows = {row.name: row for row in rows}

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._rows.values())

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __getitem__(self, name: str) -> Kind:
        return self._rows[name]

    def add(self, row: Kind) -> None:
        """Take in one more row; a name that stands already is refused with ValueError."""
        if row.name in self._rows:
            raise ValueError(f"{self.title} {row.name!r} is declared twice")
        self._rows[row.name] = row

    def nearest(self, name: str) -> str:
        """`; did you mean "socks5"?` where a name is close, else the list of all names."""
        import difflib  # only for who has misspelt something: labs and engines read tables as they start

        close = difflib.get_close_matches(name, self._rows, n=1)
        return f'did you mean "{close[0]}"?' if close else f"one of {', '.join(sorted(self._rows))}"
