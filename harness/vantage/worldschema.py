"""The JSON Schema (draft-07) of world files: their shape and kinds are the lab's, their paths and controls ours.

What an editor shows beside a key is the comment that stands beside the parameter.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections import Counter
from collections.abc import Mapping
from typing import Any

from harness.catalogue.reading import tables
from harness.kinds import Kind, Table, load
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.remarks import remarks
from harness.lab.servers.table import SERVERS
from harness.lab.world import Certificate, Hops, Host, Link, World
from harness.lab.worldkinds import INHERITED, model
from harness.lab.worldmodel import WorldFile
from harness.scenario.schema import Schema, of, one_of_its_kind, params, whole

NAME = "world.v1.json"
_REMARKED = {"CertificateFile": Certificate, "HopsFile": Hops, "HostFile": Host, "LinkFile": Link, "VantagePart": World}
_SHARED = 3  # as often as this, a parameter has a definition of its own,
_SHORT = 60  # unless it is no longer than this


def schema() -> Schema:
    """Made from the tables as they are: a world is written for the waygauge that holds its kinds."""
    made = of(WorldFile)
    parts: dict[str, Schema] = made.pop("definitions")
    for name, nouns in _REMARKED.items():
        _describe(parts[name], remarks(nouns))
    _describe(made, remarks(World))
    for table in (BEHAVIOURS, SERVERS):
        parts |= _kinds(table)
    for part in (made, parts["VantagePart"]):
        part["properties"] |= {
            "censor": {"type": "array", "items": {"anyOf": [_ref("behaviour"), {"const": INHERITED}]}},
            "paths": {"type": "object", "additionalProperties": _ref("path")},
            "controls": {"type": "object", "additionalProperties": _ref("check")},
        }
    parts["HostFile"]["properties"]["services"] = _list("server")
    return whole(NAME, {**made, "definitions": _shared(_plain(parts))}, tables())


def _kinds(table: Table) -> dict[str, Schema]:
    """One definition for what may stand in a list of these kinds, one for the parameters of each."""
    found: dict[str, Schema] = {}
    choices: list[Any] = [{"enum": [row.name for row in table]}]
    for row in table:
        found |= _kind(table.title, row)
        choices.append(one_of_its_kind(f"^{row.name}$", _ref(f"{table.title}_{row.name}")))
    return {**found, table.title: {"oneOf": choices}}


def _kind(title: str, row: Kind) -> dict[str, Schema]:
    """The parameters of a kind, and what they are made of."""
    made = params(title, row, model(row))
    nouns = load(row.params)
    known = {f"{title}_{row.name}": nouns, **{f"{title}_{row.name}_{cls.__name__}": cls for cls in _within(nouns)}}
    for name, part in made.items():
        _describe(part, remarks(known[name]))
    return made


def _within(nouns: Any) -> set[type]:
    """The classes that the fields of a class hold, and those that theirs hold."""
    if isinstance(nouns, type) and dataclasses.is_dataclass(nouns):
        hints = typing.get_type_hints(nouns)
        inner = set().union(*(_within_hint(hints[field.name]) for field in dataclasses.fields(nouns)))
        return inner.union(*map(_within, inner)) if inner else inner
    return set()


def _within_hint(hint: Any) -> set[type]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return {hint}
    return set().union(*map(_within_hint, typing.get_args(hint))) if typing.get_args(hint) else set()


def _describe(part: Schema, told: Mapping[str, str]) -> None:
    for name, value in part.get("properties", {}).items():
        if name in told:
            value.setdefault("description", told[name])


def _plain(part: Any) -> Any:
    """Without titles, which say a key again, and with each alternative once."""
    if isinstance(part, list):
        return [_plain(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _plain(value) for key, value in part.items() if not (key == "title" and isinstance(value, str))}
    if "anyOf" not in kept:
        return kept
    flat = [each for one in kept.pop("anyOf") for each in (one["anyOf"] if list(one) == ["anyOf"] else [one])]
    once = [each for place, each in enumerate(flat) if each not in flat[:place]]
    return {**once[0], **kept} if len(once) == 1 else {"anyOf": once, **kept}


def _shared(parts: dict[str, Schema]) -> dict[str, Schema]:
    """What many definitions hold alike stands in one of its own: `Reset` and its like, then single parameters."""
    for name in [name for name in parts if name.count("_") and name.rpartition("_")[2][:1].isupper()]:
        short = name.rpartition("_")[2]
        if parts.setdefault(short, parts[name]) == parts[name]:
            parts = {key: _renamed(part, name, short) for key, part in parts.items() if key != name}
    alike = Counter(json.dumps(each) for part in parts.values() for each in part.get("properties", {}).items())
    often = {text: json.loads(text) for text, times in alike.items() if times >= _SHARED and len(text) > _SHORT}
    named, twins = {}, Counter[str]()
    for text, (name, value) in often.items():
        twins[name] += 1
        named[text] = f"parameter_{name}" + (f"_{twins[name]}" if twins[name] > 1 else "")
        parts[named[text]] = value
    for part in parts.values():
        for each in list(part.get("properties", {}).items()):
            if own := named.get(json.dumps(each)):
                part["properties"][each[0]] = _ref(own)
    return parts


def _renamed(part: Any, old: str, new: str) -> Any:
    return json.loads(json.dumps(part).replace(f'"#/definitions/{old}"', f'"#/definitions/{new}"'))


def _list(title: str) -> Schema:
    return {"type": "array", "items": _ref(title)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
