"""World files: read, checked against the tables of servers and behaviours, and laid over the world they extend."""

from __future__ import annotations

import dataclasses
import ipaddress
import pathlib
import typing
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import pydantic

import harness
from harness.document.complaint import BadFile, nearest
from harness.document.node import Loc
from harness.document.reading import Reading, read
from harness.document.words import refused
from harness.errors import ScenarioError
from harness.kinds import Kind, Table
from harness.kinds import load as load_kind
from harness.lab.censor.params import Name, Seconds, Share
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.servers.table import SERVERS
from harness.lab.world import Hops, Host, Link, Rule, Service, World
from harness.model import Json, Vantage

_PACKAGE = pathlib.Path(harness.__file__).parent
_SHIPPED = (_PACKAGE / "_data" / "worlds", _PACKAGE.parent / "fixtures" / "worlds")


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise refused("this is no IP address", "write one such as 9.9.9.9 or 2620:fe::fe") from None


_Address = Annotated[str, pydantic.AfterValidator(_address)]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


class VantageFile(_Strict):
    """Where the client of the world stands."""

    name: str
    cc: str = "ZZ"
    asn: int | None = None
    network: typing.Literal["home", "mobile", "dc", "unknown"] = "unknown"


class LinkFile(_Strict):
    """The line between client and internet."""

    delay: Seconds = 0.0
    jitter: Seconds = 0.0
    loss: Share = 0.0
    rate: Annotated[float, pydantic.Field(ge=0)] = 0.0


class HopsFile(_Strict):
    """Routers before and after the censor."""

    before: Annotated[int, pydantic.Field(ge=0, le=30)] = 0
    after: Annotated[int, pydantic.Field(ge=0, le=30)] = 0


class HostFile(_Strict):
    """A host, or what is different about a host of the extended world."""

    name: Annotated[str, pydantic.Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    addresses: tuple[_Address, ...] | None = None
    names: tuple[Name, ...] | None = None
    services: tuple[Any, ...] | None = None
    home: bool | None = None
    down: bool | None = None


class WorldFile(_Strict):
    """A world; what it leaves out is that of the world it extends."""

    world: Annotated[str, pydantic.Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    extends: str | None = None
    sources: tuple[str, ...] = ()
    vantage: VantageFile | None = None
    link: LinkFile | None = None
    hops: HopsFile | None = None
    resolvers: tuple[_Address, ...] | None = None
    hosts: tuple[HostFile, ...] = ()
    censor: tuple[Any, ...] = ()
    paths: dict[str, Any] = {}
    controls: dict[str, Any] = {}
    serves: tuple[str, ...] | None = None
    variables: dict[str, str] = {}
    seed: int | None = None


def names() -> tuple[str, ...]:
    """The names of the worlds that come with waygauge."""
    return tuple(sorted({file.stem for folder in _SHIPPED for file in folder.glob("*.yaml")}))


def load(name_or_file: str) -> World:
    """The world of that name or file; BadFile with every complaint where it cannot be understood."""
    return _load(_find(name_or_file), ())


def _find(name_or_file: str) -> pathlib.Path:
    if name_or_file.endswith((".yaml", ".yml")):
        return pathlib.Path(name_or_file)
    for folder in _SHIPPED:
        if (file := folder / f"{name_or_file}.yaml").is_file():
            return file
    raise ScenarioError(f'no world "{name_or_file}"; {nearest(name_or_file, names())}')


def _load(file: pathlib.Path, seen: tuple[pathlib.Path, ...]) -> World:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as exc:
        raise ScenarioError(f"{file}: cannot be read ({exc.strerror}); name a world, or the file of one") from exc
    reading = read(text, _shown(file), {})
    parsed = reading.fit(WorldFile)
    if parsed is None:
        raise BadFile(reading.complaints)
    base = _base(reading, parsed, (*seen, file))
    world = _laid_over(reading, parsed, base)
    if reading.complaints:
        raise BadFile(reading.complaints)
    return world


def _shown(file: pathlib.Path) -> str:
    """The file's path as a user would write it: shipped ones without the way to the installation."""
    return f"worlds/{file.name}" if file.parent in _SHIPPED else str(file)


def _base(reading: Reading, parsed: WorldFile, seen: tuple[pathlib.Path, ...]) -> World | None:
    if parsed.extends is None:
        if parsed.vantage is None:
            reading.wrong((), '"vantage" is missing', "write vantage: {name: lab}, or extends: open")
        return None
    try:
        file = _find(parsed.extends)
    except ScenarioError as exc:
        wrong, _, remedy = str(exc).partition("; ")
        reading.wrong(("extends",), wrong, remedy)
        return None
    if file in seen:
        reading.wrong(("extends",), "a world cannot extend itself", "extend another one, such as open")
        return None
    return _load(file, seen)


def _laid_over(reading: Reading, parsed: WorldFile, base: World | None) -> World:
    below = base or World(name=parsed.world, title=parsed.title, vantage=Vantage(name=parsed.world))
    hosts = _hosts(reading, parsed, {host.name: host for host in below.hosts})
    own: dict[str, Any] = {
        "vantage": parsed.vantage and Vantage(**dict(parsed.vantage)),
        "link": parsed.link and Link(**dict(parsed.link)),
        "hops": parsed.hops and Hops(**dict(parsed.hops)),
        "resolvers": parsed.resolvers,
        "serves": parsed.serves,
        "seed": parsed.seed,
    }
    return dataclasses.replace(
        below,
        name=parsed.world,
        title=parsed.title,
        sources=parsed.sources,
        hosts=hosts,
        censor=_rules(reading, parsed),
        paths={**below.paths, **parsed.paths},
        controls={**below.controls, **parsed.controls},
        variables={**below.variables, **parsed.variables},
        **{key: value for key, value in own.items() if value is not None},
    )


def _hosts(reading: Reading, parsed: WorldFile, hosts: dict[str, Host]) -> tuple[Host, ...]:
    for place, host in enumerate(parsed.hosts):
        loc: Loc = ("hosts", place)
        services = None if host.services is None else tuple(_services(reading, loc, host.services))
        own = {**dict(host), "services": services}
        below = hosts.get(host.name, Host(name=host.name, addresses=()))
        hosts[host.name] = dataclasses.replace(below, **{key: value for key, value in own.items() if value is not None})
        if not hosts[host.name].addresses and reading.document.node((*loc, "addresses")) is None:
            reading.wrong(loc, f'host "{host.name}" has no address', "write addresses: [...]")
    _complain_of_twins(reading, parsed, hosts.values())
    return tuple(hosts.values())


def _complain_of_twins(reading: Reading, parsed: WorldFile, hosts: Iterable[Host]) -> None:
    """An address that two hosts have would let one answer for the other."""
    places = {host.name: place for place, host in enumerate(parsed.hosts)}
    owners: dict[str, str] = {}
    for host in hosts:
        for address in host.addresses:
            other = owners.setdefault(str(ipaddress.ip_address(address)), host.name)
            if other != host.name and (place := places.get(host.name, places.get(other))) is not None:
                wrong = f'{address} belongs to "{other}" and to "{host.name}"'
                reading.wrong(("hosts", place, "addresses"), wrong, "give each host addresses of its own")


def _services(reading: Reading, loc: Loc, entries: tuple[Any, ...]) -> Iterable[Service]:
    ports: set[int] = set()
    for place in range(len(entries)):
        here = (*loc, "services", place)
        if (found := _filled(reading, here, SERVERS)) is None:
            continue
        kind, params = found
        port = params.pop("port")
        if port in ports:
            reading.wrong(here, f"port {port} is taken twice on this host", "give one of them another port")
        ports.add(port)
        yield Service(kind=kind, port=port, params=params)


def _rules(reading: Reading, parsed: WorldFile) -> tuple[Rule, ...]:
    found = (_filled(reading, ("censor", place), BEHAVIOURS) for place in range(len(parsed.censor)))
    return tuple(Rule(behaviour=each[0], params=each[1]) for each in found if each)


def _filled(reading: Reading, loc: Loc, table: Table) -> tuple[str, dict[str, Json]] | None:
    """The kind and the parameters written at `loc`: `kind`, or `{kind: {parameters}}`."""
    value = reading.value(loc)
    spelled: Mapping[str, Json] = {value: {}} if isinstance(value, str) else value
    if not isinstance(spelled, Mapping) or len(spelled) != 1:
        reading.wrong(loc, f"one {table.title} is expected", f"write a name, or {{name: {{...}}}}; {table.nearest('')}")
        return None
    kind = next(iter(spelled))
    if kind not in table:
        reading.wrong(loc, f'unknown {table.title} "{kind}"', table.nearest(kind), key=not isinstance(value, str))
        return None
    if isinstance(value, str):
        return kind, _defaults(reading, loc, table[kind])
    fitted = reading.fit(_model(table[kind]), (*loc, kind))
    return (kind, fitted.model_dump(mode="json")) if fitted else None


def _defaults(reading: Reading, loc: Loc, row: Kind) -> dict[str, Json]:
    """The parameters of a kind that is only named."""
    model = _model(row)
    missing = [name for name, field in model.model_fields.items() if field.is_required()]
    for name in missing:
        reading.wrong(loc, f'"{row.name}" needs "{name}"', f"write {{{row.name}: {{{name}: ...}}}}")
    return {} if missing else model().model_dump(mode="json")


def _model(row: Kind) -> type[pydantic.BaseModel]:
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
