"""Servers and behaviours as a world file spells them, `kind` or `{kind: {parameters}}`, held against their table."""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections.abc import Iterable, Mapping
from typing import Any

import pydantic

from harness.document.node import Loc
from harness.document.reading import Reading
from harness.kinds import Kind, Table
from harness.kinds import load as load_kind
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.servers.table import SERVERS
from harness.lab.world import Rule, Service
from harness.model import Json

MOST = (1 << 31) - 1
FREE = frozenset({"ahead", "grow", "json", "rate"})  # keys whose numbers have bounds of their own, or none
_MANY = 40  # kinds that no line can name
INHERITED = "inherited"  # in a list of rules: all of those that it is laid over, at this place


def services(reading: Reading, loc: Loc, count: int) -> Iterable[Service]:
    """The servers of the host at `loc`, each on a port of its own; one of datagrams alone is in no stream's way."""
    ports: set[tuple[int, bool]] = set()
    for place in range(count):
        here = (*loc, "services", place)
        if (found := _filled(reading, here, SERVERS)) is None:
            continue
        kind, params = found
        port = params.pop("port")
        takes = _sockets(SERVERS[kind], port)
        if ports & takes:
            reading.wrong(here, f"port {port} is taken twice on this host", "give one of them another port")
        ports |= takes
        yield Service(kind=kind, port=port, params=params)


def _sockets(row: Kind, port: int) -> set[tuple[int, bool]]:
    """The port as a server takes it: for streams, for datagrams (True), or for both."""
    if "datagrams" in row.traits:
        return {(port, True)}
    return {(port, False), (port, True)} if row.traits & {"udp", "relay", "program"} else {(port, False)}


def rules(reading: Reading, loc: Loc, count: int) -> list[tuple[Loc, Rule]]:
    """The rules of the list at `loc` that are written there, each with its place."""
    places: list[Loc] = [(*loc, number) for number in range(count) if reading.value((*loc, number)) != INHERITED]
    found = ((place, _filled(reading, place, BEHAVIOURS)) for place in places)
    return [(place, Rule(behaviour=each[0], params=each[1])) for place, each in found if each]


def _filled(reading: Reading, loc: Loc, table: Table) -> tuple[str, dict[str, Json]] | None:
    """The kind and the parameters written at `loc`."""
    value = reading.value(loc)
    spelled: Mapping[str, Json] = {value: {}} if isinstance(value, str) else value
    if not isinstance(spelled, Mapping) or len(spelled) != 1:
        reading.wrong(loc, f"one {table.title} is expected", "write a name, or {name: {...}}")
        return None
    kind = next(iter(spelled))
    if kind not in table:
        reading.wrong(loc, f'unknown {table.title} "{kind}"', _meant(table, kind), key=not isinstance(value, str))
        return None
    row = table[kind]
    before = len(reading.complaints)
    fitted = _usual(reading, loc, row) if isinstance(value, str) else reading.fit(model(row), (*loc, kind))
    if len(reading.complaints) == before and not isinstance(value, str):
        _complain_of_empty(reading, (*loc, kind), row)
        _complain_of_numbers(reading, (*loc, kind), spelled[kind])
    if fitted and len(reading.complaints) == before:
        for key, wrong, remedy in getattr(load_kind(row.params), "amiss", lambda _: ())(fitted.model_dump()):
            reading.wrong((*loc, kind, key), wrong, remedy)
    return (kind, fitted.model_dump(mode="json")) if fitted else None


def _complain_of_empty(reading: Reading, loc: Loc, row: Kind) -> None:
    """What a kind cannot be without must hold something, unless it is a list of what is spared."""
    params = load_kind(row.params)
    spared: frozenset[str] = getattr(params, "MAY_BE_EMPTY", frozenset())
    for name in (name for name, field in model(row).model_fields.items() if field.is_required()):
        if name not in spared and reading.value((*loc, name)) in ([], {}):
            reading.wrong((*loc, name), f'"{name}" is empty', "write at least one")
    for name in getattr(params, "NESTED", {}):
        if reading.value((*loc, name)) == {}:
            reading.wrong((*loc, name), f'"{name}" is empty', "say what it is, or leave it out")


def _complain_of_numbers(reading: Reading, loc: Loc, value: Json) -> None:
    """Nothing that a kind counts, waits for or sends is less than nothing, or beyond what 31 bits hold."""
    if isinstance(value, Mapping):
        for key in set(value) - FREE:
            _complain_of_numbers(reading, (*loc, key), value[key])
    elif isinstance(value, list):
        for place, each in enumerate(value):
            _complain_of_numbers(reading, (*loc, place), each)
    elif isinstance(value, int | float) and value < 0:
        reading.wrong(loc, "the number is too small", "write 0 or more")
    elif isinstance(value, int) and value > MOST:
        reading.wrong(loc, "the number is too large", f"write {MOST} or less")


def _meant(table: Table, kind: str) -> str:
    """The nearest kind; where none is near, all of them, or where to read of them if they are many."""
    nearest = table.nearest(kind)
    many = not nearest.startswith("did") and len(list(table)) > _MANY
    return "waygauge lab list --behaviours names them all" if many else nearest


def _usual(reading: Reading, loc: Loc, row: Kind) -> pydantic.BaseModel | None:
    """The parameters of a kind that is only named; None where it needs some."""
    wanted = model(row)
    missing = [name for name, field in wanted.model_fields.items() if field.is_required()]
    for name in missing:
        reading.wrong(loc, f'"{row.name}" needs "{name}"', f"write {{{row.name}: {{{name}: ...}}}}")
    return None if missing else wanted()


@functools.cache
def model(row: Kind) -> type[pydantic.BaseModel]:
    """A pydantic model of a row's dataclass, so that its keys can be suggested and its errors placed."""
    params = load_kind(row.params)
    hints = typing.get_type_hints(params, include_extras=True)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(params):
        fields[field.name] = (hints[field.name], _default(field))
    config = pydantic.ConfigDict(extra="forbid", hide_input_in_errors=True)
    return pydantic.create_model(params.__name__, __config__=config, **fields)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return pydantic.Field(default_factory=field.default_factory)
    return ... if field.default is dataclasses.MISSING else field.default
