"""A world in words: who measures where, what the censor does and how, what is ill without it, which hosts there are."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import ScenarioError
from harness.kinds import Table, load
from harness.lab.censor.hours import spelled
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.remarks import remarks
from harness.lab.servers.table import SERVERS
from harness.lab.world import Certificate, Hops, Host, Link, Service, World, dump, load_world
from harness.model import Json

BASE = "open"  # the world whose hosts nearly all others have
LABEL = 10  # columns of a label
CONTENT = frozenset({"pages", "tls"})  # what is usual of web servers, and long
WIDE = 80  # columns where nobody says otherwise


def plain(world: World) -> Iterator[str]:
    """The whole world as JSON."""
    yield json.dumps(dump(world), indent=2, ensure_ascii=False)


def world(world: World, wide: int | None, *, hosts: bool) -> Iterator[str]:
    """The world, with all of its hosts or with those that are its own."""
    show = functools.partial(_wrapped, wide=wide or WIDE)
    yield from show(f"{world.name}: {world.title}")
    for label, text in _facts(world):
        yield from show(f"{label:<{LABEL}} {text}", deeper=LABEL + 1)
    yield "censor" if world.censor else "censor     none"
    for rule in world.censor:
        yield from show(f"  {rule.behaviour}: {BEHAVIOURS[rule.behaviour].summary}", deeper=4)
        for key, value in _unusual(rule.params, _usual(BEHAVIOURS, rule.behaviour)).items():
            yield from show(f"    {key}: {flow(_brief(value))}", deeper=6)
    yield from _hosts(world, show, every=hosts)
    if world.sources:
        yield "sources"
        for source in world.sources:
            yield from show(f"  {source}", deeper=4)


def behaviour(name: str, wide: int | None) -> Iterator[str]:
    """What a behaviour does, where that is documented, and its parameters with what they are where nothing is said."""
    if name not in BEHAVIOURS:
        raise ScenarioError(f'no behaviour "{name}"; {BEHAVIOURS.nearest(name)}')
    row = BEHAVIOURS[name]
    params = load(row.params)
    show = functools.partial(_wrapped, wide=wide or WIDE)
    yield from show(f"{name}: {row.summary}")
    for paragraph in (inspect.getdoc(importlib.import_module(params.__module__)) or "").split("\n\n"):
        if (text := " ".join(paragraph.split())).rstrip(".") != row.summary:
            yield from show(text)
    yield "parameters"
    told = remarks(params)
    for field in sorted(dataclasses.fields(params), key=lambda field: _default(field) is not dataclasses.MISSING):
        usual = _default(field)
        value = "needed" if usual is dataclasses.MISSING else flow(_json(usual))
        yield from show(
            f"  {field.name}: {value}" + (f"  # {told[field.name]}" if field.name in told else ""), deeper=6
        )


def flow(value: Json) -> str:
    """A value as a world file spells it."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {flow(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, str):
        return (
            value
            if re.fullmatch(r"[\w./@+-][\w./@+: -]*", value) and ": " not in value
            else json.dumps(value, ensure_ascii=False)
        )
    return json.dumps(value)


def _facts(world: World) -> Iterator[tuple[str, str]]:
    where = world.vantage
    yield "vantage", f"{where.name} ({where.cc}, {f'AS{where.asn}' if where.asn else 'no ASN'}, {where.network})"
    yield "resolvers", ", ".join(world.resolvers) or "none"
    yield "clock", spelled(world.clock)
    if world.vantages:
        yield "vantages", ", ".join(f"@{name}" for name in world.vantages)
    if world.timetable:
        yield "timetable", ", ".join(f"@{name} {spelled(time)}" for name, time in world.timetable.items())
    for label, part, usual in (("line", world.link, Link()), ("hops", world.hops, Hops())):
        if told := _unusual(_json(part), _json(usual)):
            yield label, _listed(told)
    if world.skew:
        yield "client", f"its clock is {abs(world.skew) / 86400:g} days {'ahead' if world.skew > 0 else 'behind'}"
    if not world.timestamps:
        yield "client", "its TCP sends no timestamps"


def _hosts(world: World, show: Any, *, every: bool) -> Iterator[str]:
    """Those that differ from the usual world's, or all."""
    usual = () if every or world.name == BASE else load_world(BASE).hosts
    own = [host for host in world.hosts if host not in usual]
    others = len(world.hosts) - len(own)
    yield f"hosts      {others} as in {BASE} (--hosts shows them)" if others else "hosts"
    for host in own:
        told = [word for word, holds in (("at home", host.home), ("down", host.down), ("silent", host.silent)) if holds]
        yield from show(f"  {host.name}" + (f" ({', '.join(told)})" if told else ""))
        for label, text in _host(host):
            yield from show(f"    {label:<9} {text}", deeper=14)


def _host(host: Host) -> Iterator[tuple[str, str]]:
    yield "addresses", " ".join(host.addresses)
    if host.names:
        yield "names", " ".join(host.names)
    if certificate := _unusual(_json(host.certificate), _json(Certificate())):
        yield "certificate", _listed(certificate)
    simple = [service for service in host.services if not _special(service)]
    if simple:
        yield "servers", " ".join(f"{service.kind}:{service.port}" for service in simple)
    for service in host.services:
        if told := _special(service):
            yield "server", f"{service.kind}:{service.port} {_listed(told)}"


def _special(service: Service) -> dict[str, Json]:
    """What is said of a server beside its port, but for what it serves to all."""
    told = _unusual(service.params, _usual(SERVERS, service.kind))
    return {key: _brief(value) for key, value in told.items() if key not in CONTENT}


def _brief(value: Json) -> Json:
    """A value without what is empty in it, and without the ends of long texts."""
    if isinstance(value, Mapping):
        return {key: _brief(inner) for key, inner in value.items() if inner not in (None, "", [], {})}
    if isinstance(value, list):
        return [_brief(inner) for inner in value]
    return textwrap.shorten(value, 40, placeholder="…") if isinstance(value, str) and " " in value else value


def _usual(table: Table, kind: str) -> dict[str, Json]:
    fields = dataclasses.fields(load(table[kind].params))
    return {field.name: _json(_default(field)) for field in fields if _default(field) is not dataclasses.MISSING}


def _default(field: dataclasses.Field[Any]) -> Any:
    """What a parameter is where nothing is said; MISSING where something must be."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _unusual(told: Mapping[str, Json], usual: Mapping[str, Json]) -> dict[str, Json]:
    """Of what is told, what is not as usual; of nested parts too."""
    found: dict[str, Json] = {}
    for key, value in _json(told).items():
        other = usual.get(key)
        if value == other:
            continue
        found[key] = _unusual(value, other) if isinstance(value, Mapping) and isinstance(other, Mapping) else value
    return found


def _json(value: Any) -> Json:
    """Plain lists and mappings of what holds dataclasses and tuples."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _json({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, Mapping):
        return {str(key): _json(inner) for key, inner in value.items()}
    return [_json(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _listed(told: Mapping[str, Json]) -> str:
    return ", ".join(f"{key}: {flow(value)}" for key, value in told.items())


def _wrapped(text: str, *, wide: int, deeper: int = 0) -> list[str]:
    return textwrap.wrap(
        text, wide, subsequent_indent=" " * deeper, drop_whitespace=True, break_on_hyphens=False, break_long_words=False
    )
