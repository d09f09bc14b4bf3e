"""A hop that stands in a file of its own, such as wg-quick's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from harness.document.complaint import Complaint
from harness.document.node import Loc
from harness.document.reading import Reading
from harness.document.words import texts, worded
from harness.kinds import Kind, load
from harness.model import Path, Spec
from harness.paths.keeping import keep
from harness.paths.table import Tables
from harness.paths.wgquick import FromFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """The hop, and the resolvers that the file wants asked through it."""

    hop: Spec
    dns: tuple[str, ...] = ()

    def laid_under(self, path: Path, *, asks: bool) -> Path:
        """The path with this hop; with the file's resolver, asked through the hop, where the path names none."""
        path = replace(path, hops=(self.hop, *path.hops))
        if asks or not self.dns:
            return path
        return replace(path, resolver=Spec(kind="udp", params={"server": self.dns[0], "port": 53}), lookup="hops")


def attached_hop(reading: Reading, loc: Loc, tables: Tables) -> Attached | None:
    """The hop in the file under `file`; None after complaints, whose places are those in that file."""
    here, name = (*loc, "file"), reading.value((*loc, "file"))
    row = next((row for row in tables.hops if f"file:{str(name).rpartition('.')[2]}" in row.traits), None)
    if not isinstance(name, str) or row is None:
        remedy = f"write the name of a file that ends in {_ends(tables)}"
        reading.wrong(here, "no kind of hop stands in such a file", remedy)
        return None
    if reading.attached is None:
        reading.wrong(here, "no file can be named here", "write the hop out under via:")
        return None
    try:
        label, text = reading.attached(name)
    except OSError as exc:
        reading.wrong(here, f"the file cannot be read ({exc.strerror})", "write its name, from this file's folder on")
        return None
    return _read(reading, row, label, load(row.params).from_file(text))


def _ends(tables: Tables) -> str:
    traits = sorted(trait for row in tables.hops for trait in row.traits if trait.startswith("file:"))
    return ", ".join("." + trait.removeprefix("file:") for trait in traits)


def _read(reading: Reading, row: Kind, label: str, found: FromFile) -> Attached | None:
    for key in row.secret:
        reading.secrets |= {text for text in texts(found.params.get(key)) if text}
    complaints = [
        Complaint(file=label, line=one.line, column=one.column, wrong=one.wrong, remedy=one.remedy)
        for one in found.faults
    ]
    model, plain = load(row.params), {}
    try:
        plain = model.model_validate(dict(found.params)).model_dump(mode="json", exclude_none=True)
    except ValidationError as exc:
        complaints += _of_values(exc, model, found, label)
    for complaint in complaints:
        reading.wrong_elsewhere(complaint)
    if complaints:
        return None
    keep(reading, row, plain)
    return Attached(hop=Spec(kind=row.name, params=plain), dns=found.dns)


def _of_values(exc: ValidationError, model: Any, found: FromFile, label: str) -> list[Complaint]:
    """Complaints of values, each where the value stands; what is missing has been told already."""
    said = []
    for error in exc.errors(include_url=False, include_input=False):
        key = str(error["loc"][0]) if error["loc"] else ""
        if error["type"] != "missing" and key in found.places:
            line, column = found.places[key]
            word = worded(error, model, dict(found.params))
            said.append(Complaint(file=label, line=line, column=column, wrong=word.wrong, remedy=word.remedy))
    return said
