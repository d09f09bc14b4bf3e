"""One file being understood: its values filled in, the models they must fit, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from harness.document.complaint import BadFile, Complaint, in_order
from harness.document.fill import Filler
from harness.document.load import compose
from harness.document.node import Document, Loc
from harness.document.words import stepped, worded
from harness.model import Json

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
Attached: TypeAlias = Callable[[str], tuple[str, str]]
"""Gives how a file is called in complaints and its text, by the name that a document has for it. Raises OSError."""


def decoded(data: bytes, name: str) -> str:
    """The text of a file of that name; BadFile with the place where it is no UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line, column = data.count(b"\n", 0, exc.start) + 1, exc.start - data.rfind(b"\n", 0, exc.start)
        wrong, remedy = "this is no UTF-8", "save the file as UTF-8"
        raise BadFile([Complaint(file=name, line=line, column=column, wrong=wrong, remedy=remedy)]) from None


class Reading:
    """A document with its environment; complaints gather here until the file has been read to its end.

    Values are filled in when they are asked for: a variable that only an unused entry names may be unset.
    """

    def __init__(
        self,
        document: Document,
        env: Mapping[str, str],
        complaints: Iterable[Complaint] = (),
        attached: Attached | None = None,
    ) -> None:
        self.document = document
        self.attached = attached
        self._complaints = list(complaints)
        self._marred = {(complaint.line, complaint.column) for complaint in self._complaints}
        self._filler = Filler(env, self._marring)
        self.secrets: set[str] = self._filler.secrets
        self.private: set[str] = set()

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        """What is wrong with the file so far, in order of place."""
        return in_order(self._complaints)

    def wrong(self, loc: Loc, wrong: str, remedy: str, *, key: bool = False) -> None:
        """Note what is wrong with the value at `loc`, or with its key.

        A value that could not be read or filled in is not complained of again: what follows would only confuse.
        """
        complaint = self.document.complaint(loc, wrong, remedy, key=key)
        if (complaint.line, complaint.column) not in self._marred:
            self._complaints.append(complaint)

    def wrong_elsewhere(self, complaint: Complaint) -> None:
        """Note what is wrong with a file that this one names."""
        self._complaints.append(complaint)

    def _marring(self, loc: Loc, wrong: str, remedy: str) -> None:
        complaint = self.document.complaint(loc, wrong, remedy)
        self._complaints.append(complaint)
        self._marred.add((complaint.line, complaint.column))

    def value(self, loc: Loc = ()) -> Json:
        """The value at `loc` with its variables filled in; None where there is none."""
        node = self.document.node(loc)
        return None if node is None else self._filler.fill(node, loc)

    def keys_at(self, loc: Loc = ()) -> tuple[str, ...]:
        """The keys of the mapping at `loc`, or nothing where there is no mapping."""
        found = getattr(self.document.node(loc), "entries", None)
        return tuple(found) if found else ()

    def size(self, loc: Loc) -> int:
        """The length of the list at `loc`; 0 where there is no list."""
        return len(getattr(self.document.node(loc), "items", ()))

    def fit(self, model: type[Model], loc: Loc = (), stand_ins: Mapping[str, Json] | None = None) -> Model | None:
        """The value at `loc` as the model wants it, after complaining about every part that does not fit.

        What does not fit is left out and `stand_ins` are put in its place, so that the rest can be read on;
        None where the rest makes no model either.
        """
        return self.fit_value(model, self.value(loc), lambda inner: (*loc, *inner), stand_ins)

    def fit_value(
        self, model: type[Model], value: Json, way: Callable[[Loc], Loc], stand_ins: Mapping[str, Json] | None = None
    ) -> Model | None:
        """Like `fit`, of a value that was put together; `way` says where in the file a part of it stands."""
        for round_ in range(3):
            try:
                return model.model_validate(value)
            except ValidationError as exc:
                errors = exc.errors(include_url=False, include_input=False)
                if round_ == 0:
                    self._complain(model, value, way, errors)
                value = _without(value, errors, whole=round_ > 0, stand_ins=stand_ins or {})
        return None

    def _complain(
        self, model: type[BaseModel], value: Json, way: Callable[[Loc], Loc], errors: list[ErrorDetails]
    ) -> None:
        for error in errors:
            said = worded(error, model, value)
            self.wrong(way(said.loc), said.wrong, said.remedy, key=said.key)


_GONE: Any = object()
"""Stands where something has been taken out of a list, so that the places of the others stay."""


def read(text: str, name: str, env: Mapping[str, str], attached: Attached | None = None) -> Reading:
    """The reading of a text; raises BadFile where it is no YAML. `attached` opens the files that it names."""
    document, complaints = compose(text, name)
    if document is None:
        raise BadFile(complaints)
    return Reading(document, env, complaints, attached)


def _without(value: Json, errors: list[ErrorDetails], *, whole: bool, stand_ins: Mapping[str, Json]) -> Json:
    """The value without what does not fit: first the very parts, then all that stands around them at the top."""
    if not isinstance(value, dict):
        return dict(stand_ins)
    kept: Json = value
    for error in errors:
        loc = stepped(error["loc"], value)
        if loc and (whole or error["type"] != "missing"):
            kept = _dropped(kept, loc[:1] if whole else loc)
    return {**stand_ins, **_swept(kept)}


def _dropped(value: Json, loc: Loc) -> Json:
    if not loc:
        return _GONE
    if isinstance(value, dict) and loc[0] in value:
        return {**value, loc[0]: _dropped(value[loc[0]], loc[1:])}
    if isinstance(value, list):
        return [_dropped(item, loc[1:]) if place == loc[0] else item for place, item in enumerate(value)]
    return value


def _swept(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _swept(item) for key, item in value.items() if item is not _GONE}
    return [_swept(item) for item in value if item is not _GONE] if isinstance(value, list) else value
