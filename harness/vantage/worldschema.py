"""The JSON Schema (draft-07) of world files: their shape and kinds are the lab's, their paths and controls ours."""

from __future__ import annotations

from typing import Any

from harness.catalogue.reading import tables
from harness.kinds import Table
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.servers.table import SERVERS
from harness.lab.worldkinds import model
from harness.lab.worldmodel import WorldFile
from harness.scenario.schema import Schema, of, one_of_its_kind, params, whole

NAME = "world.v1.json"


def schema() -> Schema:
    """Made from the tables as they are: a world is written for the waygauge that holds its kinds."""
    made = of(WorldFile)
    parts: dict[str, Schema] = made.pop("definitions")
    for table in (BEHAVIOURS, SERVERS):
        parts |= _kinds(table)
    for part in (made, parts["VantagePart"]):
        part["properties"] |= {
            "censor": _list("behaviour"),
            "paths": {"type": "object", "additionalProperties": _ref("path")},
            "controls": {"type": "object", "additionalProperties": _ref("check")},
        }
    parts["HostFile"]["properties"]["services"] = _list("server")
    return whole(NAME, {**made, "definitions": parts}, tables())


def _kinds(table: Table) -> dict[str, Schema]:
    """One definition for what may stand in a list of these kinds, one for the parameters of each."""
    found: dict[str, Schema] = {}
    choices: list[Any] = [{"enum": [row.name for row in table]}]
    for row in table:
        found |= params(table.title, row, model(row))
        choices.append(one_of_its_kind(f"^{row.name}$", _ref(f"{table.title}_{row.name}")))
    return {**found, table.title: {"oneOf": choices}}


def _list(title: str) -> Schema:
    return {"type": "array", "items": _ref(title)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
