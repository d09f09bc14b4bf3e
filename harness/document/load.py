"""Text becomes a Document, by PyYAML's C parser and our own composer.

The parser's events are composed here, without recursion, so that every value keeps its place, and so that
duplicate keys, foreign tags, deep nesting and aliases that multiply (billion laughs) are refused.
No value is repeated in a complaint: an unquoted password may well look like a tag or an alias.
"""

from __future__ import annotations

import math
from typing import Any

import yaml

from harness.document.complaint import BadFile, Complaint, in_order, shown
from harness.document.node import Document, Entries, Items, Node, Position, Scalar
from harness.document.scalars import kind, resolve
from harness.model import Json

# libyaml's bindings where PyYAML was built with them (26 times faster than the pure loader)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DEPTH = 64
"""Lists and mappings inside each other, at most."""

REPEATS = 10_000
"""Values that aliases may stand for in one file, at most."""

_CORE = "tag:yaml.org,2002:"
_TAGS = {"int": "a number", "float": "a number", "bool": "true or false", "null": "nothing"}

_TOO_DEEP = (f"more than {DEPTH} lists and mappings inside each other", "write it flat")

_SYNTAX = (
    ("maximum nesting depth", *_TOO_DEEP),  # newer libyaml has a limit of its own
    ("tab character", "a tab", "indent with spaces"),
    ("mapping values are not allowed", 'a second ": " in one value', "write the value in quotes"),
    ("could not find expected ':'", 'a key without ":"', 'write "key: value"'),
    ("did not find expected ',' or ']'", "a list in brackets is not closed", 'write "," or "]"'),
    ("did not find expected ',' or '}'", "a mapping in braces is not closed", 'write "," or "}"'),
    ("did not find expected node content", "a value is missing here", "write it, or close the bracket before it"),
    ("while scanning a quoted scalar", "a quote is not closed", "write the closing quote"),
    ("while parsing a block mapping", "this does not line up with the keys above", "indent it like its neighbours"),
    (
        "while parsing a block collection",
        "this does not line up with the list above",
        'write "- " below its neighbours',
    ),
    ("while scanning an alias", 'a value cannot begin with "*"', "write it in quotes"),
    ("while scanning an anchor", 'a value cannot begin with "&"', "write it in quotes"),
    ("while parsing a tag", 'a value cannot begin with "!"', "write it in quotes"),
    ("while scanning a tag", 'a value cannot begin with "!"', "write it in quotes"),
    ("while parsing a node", 'a value cannot begin with "!"', "write it in quotes"),
)


def load(text: str, name: str) -> Document:
    """The document in a text; raises BadFile with everything that is wrong with its form."""
    document, complaints = compose(text, name)
    if complaints or not document:
        raise BadFile(complaints)
    return document


def compose(text: str, name: str) -> tuple[Document | None, tuple[Complaint, ...]]:
    """What could be read of a text, and what is wrong with its form."""
    composer = _Composer(name)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            composer.take(event)
    except yaml.MarkedYAMLError as exc:
        composer.wrong(*_syntax(exc, text))
        return None, in_order(composer.complaints)
    except (yaml.reader.ReaderError, UnicodeEncodeError) as exc:
        composer.wrong(_unreadable(exc, text), "a character that YAML does not allow", "remove it, or escape it")
        return None, in_order(composer.complaints)
    except _TooDeepError as exc:
        composer.wrong(exc.at, *_TOO_DEEP)
        return None, in_order(composer.complaints)
    if composer.root is None:
        composer.wrong(Position(1, 1), "the file is empty", "write a mapping")
        return None, in_order(composer.complaints)
    return Document(name, composer.root), in_order(composer.complaints)


def _place(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)


def _syntax(exc: yaml.MarkedYAMLError, text: str) -> tuple[Position, str, str]:
    at, lines = _place(exc.problem_mark or exc.context_mark), text.splitlines()
    if exc.context_mark and at.line > len(lines):  # what is open at the end was opened there
        at = _place(exc.context_mark)
    said = f"{exc.context} {exc.problem}"
    if "cannot start any token" in said:
        found = lines[at.line - 1][at.column - 1 : at.column] if at.line <= len(lines) else ""
        return (
            (at, "a tab", "indent with spaces")
            if found == "\t"
            else (at, f"a value cannot begin with {found!r}", "write it in quotes")
        )
    for words, wrong, remedy in _SYNTAX:
        if words in said:
            return at, wrong, remedy
    return at, f"this cannot be read as YAML ({exc.problem})", "look at this line and the one above"


def _unreadable(exc: Exception, text: str) -> Position:
    offset = getattr(exc, "start", None)
    if offset is None:
        offset = next((place for place, char in enumerate(text) if not (char.isprintable() or char in "\n\r\t")), 0)
    before = text[:offset]
    return Position(before.count("\n") + 1, offset - before.rfind("\n"))


class _TooDeepError(Exception):
    def __init__(self, at: Position) -> None:
        super().__init__()
        self.at = at


class _Open:
    """A list or mapping whose end has not been met."""

    __slots__ = ("anchor", "as_key", "at", "entries", "items", "key", "key_at", "weight")

    def __init__(self, at: Position, anchor: str | None, mapping: bool) -> None:
        self.at, self.anchor, self.weight = at, anchor, 1
        self.as_key = False  # it stands where a key should; its end is no value
        self.items: list[Node] | None = None if mapping else []
        self.entries: dict[str, tuple[Position, Node]] = {}
        self.key: str | None = None
        self.key_at: Position | None = None

    def closed(self) -> Node:
        if self.items is None:
            return Entries(self.at, self.entries, self.weight)
        return Items(self.at, self.items, self.weight)


class _Composer:
    """Puts events together into nodes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Node | None = None
        self.complaints: list[Complaint] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._repeated = 0
        self._documents = 0

    def wrong(self, at: Position, wrong: str, remedy: str) -> None:
        """Note a complaint."""
        self.complaints.append(Complaint(file=self.name, line=at.line, column=at.column, wrong=wrong, remedy=remedy))

    def take(self, event: Any) -> None:
        """The next event."""
        step = getattr(self, f"_{type(event).__name__}", None)
        if step:
            step(event, _place(event.start_mark))

    def _DocumentStartEvent(self, event: Any, at: Position) -> None:  # noqa: N802 - named by PyYAML's events
        self._documents += 1
        if self._documents == 2:
            self.wrong(at, "a second document", "write one document a file")

    def _ScalarEvent(self, event: Any, at: Position) -> None:  # noqa: N802
        if self._wants_key():
            self._take_key(event, at)
            return
        value = event.value if event.style or event.tag == "!" else resolve(event.value)
        if event.tag not in (None, "!"):
            value = self._tagged(event, at)
        if isinstance(value, float) and not math.isfinite(value):
            self.wrong(at, "a number without an end", "write a finite number, or quotes for a text")
        self._add(Scalar(at, value), event.anchor)

    def _SequenceStartEvent(self, event: Any, at: Position) -> None:  # noqa: N802
        self._begin(event, at, "seq")

    def _MappingStartEvent(self, event: Any, at: Position) -> None:  # noqa: N802
        self._begin(event, at, "map")

    def _SequenceEndEvent(self, event: Any, at: Position) -> None:  # noqa: N802
        closed = self._open.pop()
        if not closed.as_key:
            self._add(closed.closed(), closed.anchor)

    _MappingEndEvent = _SequenceEndEvent

    def _AliasEvent(self, event: Any, at: Position) -> None:  # noqa: N802
        node = self._anchors.get(event.anchor)
        if self._wants_key():
            self._keyless(at, "an alias")
            return
        if node is None:
            self.wrong(at, "an alias to nothing that stands before it", "write the value, or quotes for a text")
            node = Scalar(at, None)
        if self._repeated <= REPEATS < self._repeated + node.weight:
            self.wrong(at, f"aliases that stand for more than {REPEATS} values", "write the values out")
        self._repeated += node.weight
        if self._repeated > REPEATS:
            node = Scalar(at, None)
        self._add(node, None)

    def _begin(self, event: Any, at: Position, kind_of: str) -> None:
        as_key = self._wants_key()
        if as_key:
            self._keyless(at, "a list or a mapping")
        if event.tag not in (None, "!", _CORE + kind_of):
            self._foreign(at)
        if len(self._open) >= DEPTH:
            raise _TooDeepError(at)
        self._open.append(_Open(at, event.anchor, mapping=kind_of == "map"))
        self._open[-1].as_key = as_key

    def _tagged(self, event: Any, at: Position) -> Json:
        name = event.tag.removeprefix(_CORE)
        if name == "str":
            return event.value
        value = resolve(event.value)
        if _TAGS.get(name) != kind(value):
            self._foreign(at)
        return value

    def _foreign(self, at: Position) -> None:
        self.wrong(at, "a tag that is not of YAML's core", "write a plain value, or quotes for a text")

    def _wants_key(self) -> bool:
        return bool(self._open) and self._open[-1].items is None and self._open[-1].key_at is None

    def _keyless(self, at: Position, what: str) -> None:
        self.wrong(at, f"{what} as a key", "write a name")
        self._open[-1].key_at = at

    def _take_key(self, event: Any, at: Position) -> None:
        frame = self._open[-1]
        frame.key_at = at
        value = event.value if event.style else resolve(event.value)
        if event.tag not in (None, "!", _CORE + "str"):
            self._foreign(at)
        elif event.tag is None and not isinstance(value, str):
            self.wrong(at, f"{kind(value)} as a key", "write the key in quotes")
        elif value == "<<" and not event.style:
            self.wrong(at, 'a merge key ("<<"), which YAML 1.2 does not have', "write the keys out")
        elif event.value in frame.entries:
            first = frame.entries[event.value][0]
            self.wrong(at, f"key {shown(event.value, 'here')} stands twice, first on line {first.line}", "keep one")
        else:
            frame.key = event.value

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.root = self.root or node
            return
        frame = self._open[-1]
        frame.weight += node.weight
        if frame.items is not None:
            frame.items.append(node)
            return
        if frame.key is not None and frame.key_at:
            frame.entries[frame.key] = (frame.key_at, node)
        frame.key = frame.key_at = None
