"""A YAML file as nodes that know their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from harness.document.complaint import Complaint
from harness.model import Json

Loc: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys and indexes from the top."""


class Position(NamedTuple):
    """A place in a text; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A single value."""

    at: Position
    value: Json
    weight: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A list."""

    at: Position
    items: Sequence[Node]
    weight: int


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """A mapping; each entry remembers where its key stands."""

    at: Position
    entries: Mapping[str, tuple[Position, Node]]
    weight: int


Node: TypeAlias = Scalar | Items | Entries


def child(node: Node, step: str | int) -> Node | None:
    """The value under a key or index, None where there is none."""
    if isinstance(node, Entries) and isinstance(step, str) and step in node.entries:
        return node.entries[step][1]
    if isinstance(node, Items) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def plain(node: Node) -> Json:
    """The node's value without places."""
    if isinstance(node, Entries):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return node.value


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A file that has been read: its values and their places."""

    name: str
    root: Node

    def value(self) -> Json:
        """All of it as plain data, nothing interpolated."""
        return plain(self.root)

    def node(self, loc: Loc) -> Node | None:
        """The node at the end of a way, None where the way leads nowhere."""
        node: Node | None = self.root
        for step in loc:
            node = child(node, step) if node else None
        return node

    def at(self, loc: Loc) -> Position:
        """Where a value stands; steps that the file does not have (a missing key) are passed over."""
        node = self.root
        for step in loc:
            node = child(node, step) or node
        return node.at

    def key_at(self, loc: Loc) -> Position:
        """Where the key of a value stands; the value's own place for items of a list."""
        parent = self.node(loc[:-1])
        if loc and isinstance(parent, Entries) and isinstance(loc[-1], str) and loc[-1] in parent.entries:
            return parent.entries[loc[-1]][0]
        return self.at(loc)

    def complaint(self, loc: Loc, wrong: str, remedy: str, *, key: bool = False) -> Complaint:
        """A complaint about the value at `loc`, or about its key."""
        line, column = self.key_at(loc) if key else self.at(loc)
        return Complaint(file=self.name, line=line, column=column, wrong=wrong, remedy=remedy)


def placeless(value: Json, name: str) -> Document:
    """A document of plain data that came from no text of its own: everything stands at 1:1."""
    return Document(name, _placeless(value))


def _placeless(value: Json) -> Node:
    at = Position(1, 1)
    if isinstance(value, Mapping):
        return Entries(at, {str(key): (at, _placeless(item)) for key, item in value.items()}, 1)
    if isinstance(value, (list, tuple)):
        return Items(at, tuple(_placeless(item) for item in value), 1)
    return Scalar(at, value)
