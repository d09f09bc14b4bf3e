"""World files: read, checked against the tables of servers and behaviours, and laid over the world they extend."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import ipaddress
import json
import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import harness
from harness.document.complaint import BadFile, nearest
from harness.document.node import Document, Loc
from harness.document.reading import Reading, decoded, read
from harness.errors import ScenarioError
from harness.lab import impossible, nobody, variants, worldkinds
from harness.lab.contradictions import Placed, contradictions, timeless
from harness.lab.world import Certificate, Hops, Host, Link, Rule, Service, World
from harness.lab.worldmodel import HostFile, Part, VantagePart, WorldFile
from harness.model import Json, Vantage

_PACKAGE = pathlib.Path(harness.__file__).parent
_SHIPPED = (_PACKAGE / "_data" / "worlds", _PACKAGE.parent / "fixtures" / "worlds")
_FILES = (".yaml", ".yml")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def names() -> tuple[str, ...]:
    """The names of the worlds that come with waygauge."""
    return tuple(sorted({file.stem for folder in _SHIPPED for file in folder.glob("*.yaml")}))


def load(name_or_file: str) -> World:
    """The world of that name or file, as chosen behind it; BadFile with every complaint where it is not understood."""
    return _load(name_or_file, ())


def over(name_or_file: str, more: Mapping[str, Json]) -> World:
    """That world with more laid over it, spelled as a world file spells it; its paths are from where we work."""
    below = load(name_or_file)
    plain = {"world": variants.split(below.name)[0], "title": below.title, "extends": name_or_file, **more}
    reading = read(json.dumps(plain, indent=1), f"over {name_or_file}", {})
    return dataclasses.replace(_understood(reading, pathlib.Path("over.yaml"), ()), name=below.name)


def rules_over(world: World, rules: Json) -> tuple[Rule, ...]:
    """The rules of a list that is spelled as a world file spells its censor, for a world that is up."""
    reading = read(json.dumps({"censor": rules}, indent=1), f"rules for {world.name}", {})
    entries = reading.value(("censor",))
    if not isinstance(entries, list):
        reading.wrong(("censor",), "a list of rules is expected", "write [...]")
        raise BadFile(reading.complaints)
    found = _rules(reading, ("censor",), tuple(entries), world.censor)
    if not reading.complaints:
        nobody.complain(reading, (), world)
    if reading.complaints:
        raise BadFile(reading.complaints)
    return found


def documents(name_or_file: str) -> tuple[Document, ...]:
    """The files of a world that is understood: its own first, then that of the world which it extends."""
    file = _find(variants.split(name_or_file)[0])
    reading = _reading(file)
    extends = reading.value(("extends",))
    return (reading.document, *(documents(_from(file, extends)) if extends else ()))


def _from(file: pathlib.Path, extends: str) -> str:
    """A world that another one extends: a file's path is from where that other one lies."""
    name = variants.split(extends)[0]
    return str(file.parent / name) + extends[len(name) :] if name.endswith(_FILES) else extends


def _find(name_or_file: str) -> pathlib.Path:
    if name_or_file.endswith(_FILES):
        return pathlib.Path(name_or_file)
    for folder in _SHIPPED:
        if (file := folder / f"{name_or_file}.yaml").is_file():
            return file
    raise ScenarioError(f'no world "{name_or_file}"; {_meant(name_or_file)}')


def _meant(name: str) -> str:
    """Worlds that begin with what was written, else the nearest one; there are too many to name them all."""
    longer = [f'"{each}"' for each in names() if name and each.startswith(name)]
    if longer:
        return f"did you mean {', '.join(longer)}?"
    close = nearest(name, names())
    return close if close.startswith("did") else "see waygauge lab list, or write the path of a file that ends in .yaml"


def _load(spelled: str, seen: tuple[pathlib.Path, ...]) -> World:
    name, words = variants.split(spelled)
    file = _find(name)
    reading = _reading(file)
    if file.resolve() in seen:
        raise ScenarioError("a world cannot extend itself; extend another one, such as open")
    return _understood(reading, file, seen, words)


def _understood(
    reading: Reading, file: pathlib.Path, seen: tuple[pathlib.Path, ...], words: tuple[str, ...] = ()
) -> World:
    """What has been read from a file, laid over the worlds below, as chosen."""
    parsed = reading.fit(WorldFile, stand_ins={"world": "unnamed", "title": "untitled"})
    if parsed is None:
        raise BadFile(reading.complaints)
    world = _laid_over(reading, parsed, _base(reading, parsed, file, (*seen, file.resolve())))
    others = {key: _seen_from(reading, key, part, world) for key, part in parsed.vantages.items()}
    _complain_of_times(reading, (world, *others.values()))
    if not reading.complaints:  # what is amiss elsewhere would be told again
        nobody.complain(reading, (), world)
        for key, other in others.items():
            nobody.complain(reading, ("vantages", key), other)
    if reading.complaints:
        raise BadFile(reading.complaints)
    choice = variants.chosen(world, words)
    found = _placed_programs(others.get(choice.vantage, world), file)
    return dataclasses.replace(
        found, name=world.name + choice.behind, clock=world.timetable.get(choice.time, found.clock)
    )


def _placed_programs(world: World, file: pathlib.Path) -> World:
    """The world, with the folder of its file for `{here}` in what its programs are told; those below have theirs."""
    folder = str(file.resolve().parent)

    def placed(service: Service) -> Service:
        return service if service.kind != "program" else dataclasses.replace(service, params=_told(service.params))

    def _told(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("{here}", folder)
        if isinstance(value, Mapping):
            return {key: _told(inner) for key, inner in value.items()}
        return [_told(inner) for inner in value] if isinstance(value, (list, tuple)) else value

    hosts = (dataclasses.replace(host, services=tuple(map(placed, host.services))) for host in world.hosts)
    return dataclasses.replace(world, hosts=tuple(hosts))


@functools.cache
def _shipped(spelled: str) -> World:
    """A world that comes with waygauge: most others extend one, and its file stays as it is."""
    return _load(spelled, ())


def _reading(file: pathlib.Path) -> Reading:
    try:
        data = file.read_bytes()
    except OSError as exc:
        raise ScenarioError(f"{file}: cannot be read ({exc.strerror}); name a world, or the file of one") from exc
    return read(decoded(data, _shown(file)), _shown(file), {})


def _shown(file: pathlib.Path) -> str:
    """The file's path as a user would write it: shipped ones without the way to the installation."""
    return f"worlds/{file.name}" if file.parent in _SHIPPED else str(file)


def _base(reading: Reading, parsed: WorldFile, file: pathlib.Path, seen: tuple[pathlib.Path, ...]) -> World:
    """The world below; one without anything where there is none."""
    nothing = World(name=parsed.world, title=parsed.title, vantage=Vantage(name=parsed.world))
    if parsed.extends is None:
        if "vantage" not in reading.keys_at():
            reading.wrong((), '"vantage" is missing', "write vantage: {name: lab}, or extends: open")
        return nothing
    try:
        extends = _from(file, parsed.extends)
        below = _find(variants.split(extends)[0])
        return _shipped(extends) if below.parent in _SHIPPED and below.resolve() not in seen else _load(extends, seen)
    except BadFile:
        raise
    except ScenarioError as exc:
        wrong, _, remedy = str(exc).partition("; ")
        reading.wrong(("extends",), wrong, remedy)
        return nothing


def _laid_over(reading: Reading, parsed: WorldFile, below: World) -> World:
    """The world over the one it extends: with that one's rules, unless it says others; never with its timetable."""
    _complain_of_names(reading, parsed)
    inherits = parsed.censor is None or worldkinds.INHERITED in parsed.censor
    bare = below if inherits else dataclasses.replace(below, censor=(), sources=())
    own: dict[str, Any] = {"vantage": parsed.vantage and Vantage(**dict(parsed.vantage))}
    return dataclasses.replace(
        _with(reading, (), parsed, bare),
        name=parsed.world,
        title=parsed.title,
        vantages=tuple(parsed.vantages),
        timetable=parsed.timetable,
        **_said(own),
    )


def _complain_of_names(reading: Reading, parsed: WorldFile) -> None:
    """Vantages and times stand behind the same sign, so that a name can be one of them only."""
    for key, entries in (("vantages", parsed.vantages), ("timetable", parsed.timetable)):
        for name in entries:
            if not _NAME.fullmatch(name):
                reading.wrong((key, name), "this is no name", "write small letters, digits and -", key=True)
            elif key == "timetable" and name in parsed.vantages:
                wrong = f'"{name}" names a vantage and a time'
                reading.wrong((key, name), wrong, "give one of them another name", key=True)


def _complain_of_times(reading: Reading, worlds: Sequence[World]) -> None:
    """A timetable is there to be chosen from; where no rule has hours its times are all alike."""
    if any(world.timetable for world in worlds) and timeless(rule for world in worlds for rule in world.censor):
        wrong = "no rule of this world has hours, so that its times are all alike"
        reading.wrong(("timetable",), wrong, 'write hours: ["01:00-09:00"] at a rule', key=True)


def _seen_from(reading: Reading, name: str, part: VantagePart, world: World) -> World:
    """The world from one of its vantages."""
    own = part.vantage.model_dump(exclude_none=True) if part.vantage else {}
    vantage = dataclasses.replace(world.vantage, **{"name": f"{world.vantage.name}-{name}", **own})
    laid = _with(reading, ("vantages", name), part, world)
    return dataclasses.replace(laid, vantage=vantage, title=part.title or f"{world.title}: {name}")


def _with(reading: Reading, loc: Loc, part: Part, below: World) -> World:
    """The world with what a part of its file, which stands at `loc`, says of it."""
    own: dict[str, Any] = {
        "link": part.link and Link(**dict(part.link)),
        "hops": part.hops and Hops(**dict(part.hops)),
        "resolvers": part.resolvers,
        "timestamps": part.timestamps,
        "serves": part.serves,
        "seed": part.seed,
        "clock": part.clock,
        "skew": part.skew,
        "censor": part.censor if part.censor is None else _rules(reading, (*loc, "censor"), part.censor, below.censor),
    }
    return dataclasses.replace(
        below,
        sources=(*below.sources, *part.sources),
        hosts=_hosts(reading, loc, part, {host.name: host for host in below.hosts}),
        paths={**below.paths, **part.paths},
        controls={**below.controls, **part.controls},
        variables={**below.variables, **part.variables},
        **_said(own),
    )


def _said(own: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in own.items() if value is not None}


def _rules(reading: Reading, loc: Loc, entries: tuple[Any, ...], inherited: tuple[Rule, ...]) -> tuple[Rule, ...]:
    placed = [Placed(place, rule) for place, rule in worldkinds.rules(reading, loc, len(entries))]
    for one in contradictions(placed):
        reading.wrong(*one)
    for again in [place for place, entry in enumerate(entries) if entry == worldkinds.INHERITED][1:]:
        reading.wrong((*loc, again), "the rules of the world below stand here twice", "write inherited once")
    own = {one.loc[-1]: (one.rule,) for one in placed}
    taken = (inherited if entry == worldkinds.INHERITED else own.get(n, ()) for n, entry in enumerate(entries))
    return tuple(rule for rules in taken for rule in rules)


def _hosts(reading: Reading, loc: Loc, part: Part, hosts: dict[str, Host]) -> tuple[Host, ...]:
    placed = [impossible.Placed((*loc, "hosts", place), host) for place, host in _placed(reading, loc, part)]
    for one in impossible.impossible(placed):
        reading.wrong(*one)
    for here, host in placed:
        services = None if host.services is None else tuple(worldkinds.services(reading, here, len(host.services)))
        certificate = host.certificate and Certificate(**dict(host.certificate))
        own = {**dict(host), "services": services, "certificate": certificate}
        below = hosts.get(host.name, Host(name=host.name, addresses=()))
        written = reading.value((*here, "addresses"))
        if written == [] or (written is None and not below.addresses):
            close = difflib.get_close_matches(host.name, hosts, n=1)
            remedy = f'did you mean "{close[0]}"?' if close else "write addresses: [...]"
            reading.wrong(here, f'host "{host.name}" has no address', remedy)
        hosts[host.name] = dataclasses.replace(below, **_said(own))
    _complain_of_twins(reading, loc, part, hosts.values())
    return tuple(hosts.values())


def _placed(reading: Reading, loc: Loc, part: Part) -> Iterable[tuple[int, HostFile]]:
    """The hosts with their places in the file; what is no mapping has been left out of them."""
    count = reading.size((*loc, "hosts"))
    return zip([place for place in range(count) if reading.keys_at((*loc, "hosts", place))], part.hosts, strict=False)


def _complain_of_twins(reading: Reading, loc: Loc, part: Part, hosts: Iterable[Host]) -> None:
    """An address that two hosts have would let one answer for the other."""
    places = {host.name: place for place, host in _placed(reading, loc, part)}
    owners: dict[str, str] = {}
    for host in hosts:
        for address in host.addresses:
            other = owners.setdefault(str(ipaddress.ip_address(address)), host.name)
            if other != host.name and (place := places.get(host.name, places.get(other))) is not None:
                wrong = f'{address} belongs to "{other}" and to "{host.name}"'
                reading.wrong((*loc, "hosts", place, "addresses"), wrong, "give each host addresses of its own")
