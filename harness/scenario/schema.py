"""The files of version 1 as JSON Schema draft-07, which is what editors read; the kinds come from the tables."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from pydantic import BaseModel

from harness.kinds import Kind, Table, load
from harness.paths.spell import PathMapping, schemes
from harness.paths.table import Tables
from harness.scenario.checks import CheckKeys
from harness.scenario.fields import NAME, PART
from harness.scenario.models import (
    CapabilityEntry,
    ControlsFile,
    ExpectFile,
    OwnTarget,
    PathsFile,
    ScenarioFile,
    ServiceFile,
    ServiceTarget,
    TrustFile,
)

Schema: TypeAlias = dict[str, Any]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_NAMED: Schema = {"type": "string", "pattern": f"^{NAME}$"}


def schemas(tables: Tables) -> dict[str, Schema]:
    """Every schema by the name of its file."""
    shared = _definitions(tables)
    files: dict[str, Schema] = {
        "scenario.v1.json": of(ScenarioFile),
        "service.v1.json": of(ServiceFile),
        "paths.v1.json": _by_name(of(PathsFile), "paths"),
        "controls.v1.json": _by_name(of(ControlsFile), "controls"),
        "expect.v1.json": of(ExpectFile),
        "trust.v1.json": of(TrustFile),
    }
    return {name: _whole(name, schema, shared) for name, schema in files.items()}


def schema(tables: Tables) -> Schema:
    """The schema of a scenario."""
    return schemas(tables)["scenario.v1.json"]


def whole(name: str, schema: Schema, tables: Tables) -> Schema:
    """The schema of a file of others that holds paths and checks of ours, beside definitions of its own."""
    return _whole(name, schema, _definitions(tables))


def text(schema: Schema) -> str:
    """A schema as it is committed and printed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _whole(name: str, schema: Schema, shared: dict[str, Schema]) -> Schema:
    known = {**shared, **schema.pop("definitions", {})}
    used = _reachable(schema, known)
    head = {"$schema": _DRAFT, "$id": name}
    return {**head, **schema, "definitions": {key: known[key] for key in sorted(used)}} if used else {**head, **schema}


def _by_name(schema: Schema, key: str) -> Schema:
    """These files are mappings by name, without a key around them."""
    inside: Schema = schema["properties"][key]
    return {"title": schema["title"], "description": schema["description"], **inside}


def _definitions(tables: Tables) -> dict[str, Schema]:
    parts: dict[str, Schema] = {
        **_inner(ServiceTarget, OwnTarget, CapabilityEntry, PathMapping),
        "check": _check(tables.probes),
        "control": {"oneOf": [_NAMED, {"$ref": "#/definitions/check"}]},
        "path": _path(tables),
        "path_entry": {"oneOf": [_NAMED, one_of_its_kind(_NAMED["pattern"], {"$ref": "#/definitions/path"})]},
        "target": {"oneOf": [_lifted(ServiceTarget), _lifted(OwnTarget)]},
        "capability": _lifted(CapabilityEntry),
    }
    for table in (tables.probes, tables.hops, tables.resolvers, tables.bases, tables.hellos):
        for row in table:
            parts |= params(table.title, row, load(row.params))
    return parts


def params(title: str, row: Kind, model: type[BaseModel]) -> dict[str, Schema]:
    """The schema of a kind's parameters, with what it refers to, under names of its own."""
    made = of(model)
    inner = {f"{title}_{row.name}_{key}": value for key, value in made.pop("definitions", {}).items()}
    found = {f"{title}_{row.name}": {**made, "description": row.summary}, **inner}
    names = {key.removeprefix(f"{title}_{row.name}_"): key for key in inner}
    return {key: _renamed(value, names) for key, value in found.items()}


def _check(probes: Table) -> Schema:
    beside = of(CheckKeys)["properties"]
    kinds = [_check_of(probes, row, beside) for row in probes]
    return {"description": "one probe, with the proof asked for", "oneOf": kinds}


def _check_of(probes: Table, row: Kind, beside: Schema) -> Schema:
    params = {"$ref": f"#/definitions/{probes.title}_{row.name}"}
    known: Schema = of(load(row.params)).get("properties", {})
    proof = {"proof": _proof(probes, row)} if "proof" in known else {}
    return {
        "type": "object",
        "title": row.name,
        "properties": {row.name: {"anyOf": [{"type": "string"}, params]}, **proof, **beside},
        "required": [row.name],
        "additionalProperties": False,
    }


def _proof(probes: Table, row: Kind) -> Schema:
    part: Schema = params(probes.title, row, load(row.params))[f"{probes.title}_{row.name}"]["properties"]["proof"]
    return part


def _path(tables: Tables) -> Schema:
    mapping = _lifted(PathMapping)
    hop = _spec(tables.hops)
    mapping["properties"] |= {
        "dns": _spec(tables.resolvers),
        "via": hop,
        "hops": {**mapping["properties"]["hops"], "items": hop},
        "base": _spec(tables.bases),
        "hello": _spec(tables.hellos),
    }
    starts = "|".join(schemes(tables.hops, tables.resolvers))
    return {"oneOf": [{"type": "string", "pattern": f"^(({starts})://|.*\\$\\{{)"}, mapping]}


def _spec(table: Table) -> Schema:
    urls = schemes(table)
    names = [row.name for row in table]
    text: list[Schema] = [{"type": "string", "pattern": f"^(({'|'.join(urls)})://|.*\\$\\{{)"}] if urls else []
    kinds = [one_of_its_kind(f"^{name}$", {"$ref": f"#/definitions/{table.title}_{name}"}) for name in names]
    return {"oneOf": [{"enum": names}, *text, *kinds]}


def one_of_its_kind(pattern: str, value: Schema) -> Schema:
    """A mapping of one entry."""
    return {
        "type": "object",
        "patternProperties": {pattern: value},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def of(model: type[BaseModel]) -> Schema:
    """A model's schema as draft-07: pydantic writes 2020-12."""
    made: Schema = _draft_07(model.model_json_schema(ref_template="#/definitions/{model}"))
    if "$defs" in made:
        made["definitions"] = made.pop("$defs")
    return made


def _inner(*models: type[BaseModel]) -> dict[str, Schema]:
    """The models within those models, by their names."""
    return {key: value for model in models for key, value in of(model).get("definitions", {}).items()}


def _lifted(model: type[BaseModel]) -> Schema:
    """A model's schema that leaves its definitions to the whole file's."""
    made = of(model)
    made.pop("definitions", None)
    return made


def _draft_07(part: Any) -> Any:
    if isinstance(part, list):
        return [_draft_07(item) for item in part]
    if not isinstance(part, dict):
        return part
    plain = {key: _draft_07(value) for key, value in part.items() if _kept(key, value)}
    if isinstance(plain.get(PART), str):
        plain["$ref"] = f"#/definitions/{plain.pop(PART)}"
    if "prefixItems" in plain:
        plain["items"] = plain.pop("prefixItems")
    # beside $ref, draft-07 reads nothing
    return {"allOf": [{"$ref": plain.pop("$ref")}], **plain} if "$ref" in plain and len(plain) > 1 else plain


def _kept(key: str, value: Any) -> bool:
    """Defaults and examples are told by the reference; a property may bear one of these names, and is a mapping."""
    return key not in ("discriminator", "examples", "default") or (isinstance(value, dict) and "type" in value)


def _renamed(part: Any, names: dict[str, str]) -> Any:
    if isinstance(part, list):
        return [_renamed(item, names) for item in part]
    if not isinstance(part, dict):
        return part
    plain = {key: _renamed(value, names) for key, value in part.items()}
    target = str(plain.get("$ref", "")).removeprefix("#/definitions/")
    return {**plain, "$ref": f"#/definitions/{names[target]}"} if target in names else plain


def _reachable(schema: Any, known: dict[str, Schema]) -> set[str]:
    """The definitions that a schema refers to, directly or through others."""
    found: set[str] = set()
    waiting = _refs(schema)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting |= _refs(known[name])
    return found


def _refs(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*(_refs(item) for item in part)) if part else set()
    if not isinstance(part, dict):
        return set()
    own = {str(part["$ref"]).removeprefix("#/definitions/")} if isinstance(part.get("$ref"), str) else set()
    return own.union(*(_refs(value) for value in part.values()))
