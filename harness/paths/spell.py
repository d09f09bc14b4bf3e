"""How a user spells a path: a mapping, or a URL alone. It becomes a model.Path of plain parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, Field

from harness.document.complaint import nearest, shown
from harness.document.node import Loc
from harness.document.reading import Reading
from harness.document.scalars import kind as kind_of
from harness.kinds import Kind, Table, load
from harness.literals import is_address
from harness.model import Json, Path, Spec
from harness.paths import params as forms
from harness.paths import url as urls
from harness.paths.attached import attached_hop
from harness.paths.keeping import keep
from harness.paths.params import Host, Ips, Params
from harness.paths.table import Tables

DIRECT = "direct"
"""The empty path. It always exists and cannot be declared."""


class PathMapping(Params):
    """A path written out. `dns`, `hops`, `base` and `hello` are of the kinds in the tables."""

    dns: Json = Field(default=None, description="the resolver: udp://, tcp://, tls://, https:// or system")
    bootstrap: Ips = Field(default=(), description="addresses of a resolver that has a name")
    pins: dict[Host, Ips] = Field(default={}, description="addresses of names, asked of no resolver")
    hops: list[Json] = Field(default=[], description="proxies, the one nearest to us first")
    via: Json = Field(default=None, description="the only hop")
    file: str | None = Field(default=None, description="a file that holds the only hop: wg-quick's NAME.conf")
    family: Literal[4, 6] | None = Field(default=None, description="keep to IPv4 or to IPv6")
    lookup: Literal["base", "hops"] = Field(default="base", description="how the resolver's own queries travel")
    base: Json = None
    hello: Json = None


def read_path(reading: Reading, loc: Loc, name: str, tables: Tables) -> Path | None:
    """The path at `loc`; None after complaints, where there is none."""
    value = reading.value(loc)
    if isinstance(value, str):
        return _from_url(reading, loc, name, tables)
    if isinstance(value, dict):
        return _from_mapping(reading, loc, name, tables)
    reading.wrong(loc, f"a path is expected, not {kind_of(value)}", 'write {dns: "https://..."} or a proxy\'s URL')
    return None


def _from_url(reading: Reading, loc: Loc, name: str, tables: Tables) -> Path | None:
    scheme = str(reading.value(loc)).partition("://")[0].lower()
    table = tables.hops if spelled(tables.hops, scheme) else tables.resolvers
    if not spelled(table, scheme):
        reading.wrong(loc, *_unknown_scheme(str(reading.value(loc)), (tables.hops, tables.resolvers)))
        return None
    spec = _Specs(reading, table).read(loc)
    if not spec:
        return None
    return Path(name=name, hops=(spec,)) if table is tables.hops else Path(name=name, resolver=spec)


def _from_mapping(reading: Reading, loc: Loc, name: str, tables: Tables) -> Path | None:
    before = len(reading.complaints)
    mapping = reading.fit(PathMapping, loc)
    parts = _Parts(reading, loc, tables)
    attached = attached_hop(reading, loc, tables) if "file" in parts.keys else None
    resolver, hops, base, hello = parts.resolver(), parts.hops(), parts.base(mapping), parts.hello()
    if not mapping or len(reading.complaints) > before:
        return None
    path = Path(
        name=name, resolver=resolver, lookup=mapping.lookup, pins=mapping.pins, hops=hops, base=base, hello=hello
    )
    if attached:
        path = attached.laid_under(path, asks="dns" in parts.keys)
    parts.agree(path)
    return path


class _Parts:
    """The parts of one path that is written as a mapping."""

    def __init__(self, reading: Reading, loc: Loc, tables: Tables) -> None:
        self.reading, self.loc, self.tables = reading, loc, tables
        self.keys = reading.keys_at(loc)

    def resolver(self) -> Spec:
        """The resolver under `dns`, or the system's."""
        loc = (*self.loc, "dns")
        if "dns" not in self.keys:
            if "bootstrap" in self.keys:
                self.reading.wrong(
                    (*self.loc, "bootstrap"), "addresses of no resolver", "write dns: beside them", key=True
                )
            return Spec(kind="system")
        extra = {"bootstrap": self.reading.value((*self.loc, "bootstrap"))} if "bootstrap" in self.keys else {}
        return _Specs(self.reading, self.tables.resolvers, extra).read(loc) or Spec(kind="system")

    def hops(self) -> tuple[Spec, ...]:
        """The hops under `hops` or `via`."""
        specs = _Specs(self.reading, self.tables.hops)
        if "via" in self.keys:
            if "hops" in self.keys:
                self.reading.wrong((*self.loc, "via"), "both hops and via", "write the hop into hops", key=True)
            found: Iterable[Spec | None] = [specs.read((*self.loc, "via"))]
        else:
            loc = (*self.loc, "hops")
            found = [specs.read((*loc, place)) for place in range(self.reading.size(loc))]
        return tuple(spec for spec in found if spec)

    def base(self, mapping: PathMapping | None) -> Spec:
        """The base, with the family that the path keeps to."""
        spec = _Specs(self.reading, self.tables.bases).read((*self.loc, "base")) if "base" in self.keys else None
        base = spec or Spec(kind="direct")
        if not mapping or mapping.family is None:
            return base
        return Spec(kind=base.kind, params={**base.params, "family": mapping.family})

    def hello(self) -> Spec:
        """The hello, or the plain one."""
        spec = _Specs(self.reading, self.tables.hellos).read((*self.loc, "hello")) if "hello" in self.keys else None
        return spec or Spec(kind="plain")

    def agree(self, path: Path) -> None:
        """Complain where parts that are right by themselves cannot work together."""
        for place, hop in enumerate(path.hops[1:], 1):
            if "first" in self.tables.hops[hop.kind].traits:
                wrong, remedy = f"{hop.kind} goes through no other hop", "write it first, nearest to us"
                self.reading.wrong((*self.loc, "hops", place), wrong, remedy)
        if path.lookup != "hops":
            return
        loc = (*self.loc, "lookup")
        if not path.hops:
            self.reading.wrong(loc, "lookup through hops, and no hop", "write hops: [...] or lookup: base")
        elif "udp" in self.tables.resolvers[path.resolver.kind].traits and any(
            "udp" not in self.tables.hops[hop.kind].traits for hop in path.hops
        ):
            self.reading.wrong(
                loc,
                f"the {path.resolver.kind} resolver asks by UDP, which these hops do not carry",
                "write dns: tcp://..., tls://... or https://..., or lookup: base",
            )


class _Specs:
    """Reads rows of one table, filled in: a URL, a kind's name, or `{kind: {parameters}}`."""

    def __init__(self, reading: Reading, table: Table, extra: dict[str, Json] | None = None) -> None:
        self.reading, self.table, self.extra = reading, table, extra or {}

    def read(self, loc: Loc) -> Spec | None:
        """The spec at `loc`; None after a complaint."""
        value = self.reading.value(loc)
        if isinstance(value, str):
            return self._url(loc, value) if "://" in value else self._named(loc, value, {}, loc)
        if isinstance(value, dict) and len(value) == 1:
            name, params = next(iter(value.items()))
            return self._named((*loc, name), name, params, loc)
        self.reading.wrong(loc, f"a {self.table.title} is expected", "write a URL, or {KIND: {PARAMETERS}}")
        return None

    def _named(self, loc: Loc, name: str, params: Json, at: Loc) -> Spec | None:
        if is_address(name):
            self.reading.wrong(loc, "an address alone does not say how it is spoken to", f"write {self._example()}")
            return None
        if name not in self.table:
            wrong = f"unknown {self.table.title} {shown(name, 'here')}"
            self.reading.wrong(loc, wrong, nearest(name, (row.name for row in self.table)), key=loc != at)
            return None
        return self._spec(self.table[name], {} if params is None else params, loc)

    def _example(self) -> str:
        return " or ".join(f"{scheme}://..." for scheme in schemes(self.table)) or "{KIND: {PARAMETERS}}"

    def _url(self, loc: Loc, text: str) -> Spec | None:
        row = spelled(self.table, text.partition("://")[0].lower())
        if not row:
            self.reading.wrong(loc, *_unknown_scheme(text, (self.table,)))
            return None
        try:
            params = self._parsed(row, text)
        except urls.BadUrl as exc:
            self.reading.wrong(loc, exc.wrong, exc.remedy)
            return None
        return self._spec(row, params, loc)

    def _parsed(self, row: Kind, text: str) -> Json:
        """The parameters that a URL stands for, its secrets kept. Raises BadUrl."""
        model = load(row.params)
        if hasattr(model, "from_link"):
            self.reading.secrets |= {text, text.partition("#")[0], text.partition("://")[2].partition("@")[0]}
            return model.from_link(text)
        url = urls.parse(text)
        self.reading.secrets |= {part for part in (url.userinfo, url.username, url.password) if part}
        return getattr(model, "from_url", forms.login)(url)

    def _spec(self, row: Kind, params: Json, loc: Loc) -> Spec | None:
        model: type[BaseModel] = load(row.params)
        beside = {key: value for key, value in self.extra.items() if isinstance(params, dict)}
        for key in set(beside) - set(model.model_fields):
            self.reading.wrong(
                (*loc[:-1], key), f"a {row.name} resolver is not asked for by name", f"remove {key}", key=True
            )
            del beside[key]
        whole = {**params, **beside} if beside else params
        made = self.reading.fit_value(model, whole, lambda inner: _way(loc, inner, beside))
        if made is None:
            return None
        plain = made.model_dump(mode="json", exclude_none=True)
        keep(self.reading, row, plain)
        return Spec(kind=row.name, params=plain)


def _way(loc: Loc, inner: Loc, beside: dict[str, Json]) -> Loc:
    """Where a part of a spec's parameters stands: some are written beside the spec, not inside it."""
    return (*loc[:-1], *inner) if inner and inner[0] in beside else (*loc, *inner)


def spelled(table: Table, scheme: str) -> Kind | None:
    """The row whose URLs begin with the scheme."""
    return next((row for row in table if f"scheme:{scheme}" in row.traits or scheme == row.name), None)


def schemes(*tables: Table) -> list[str]:
    """All schemes by which rows of the tables can be spelled."""
    traits = (trait for table in tables for row in table for trait in row.traits)
    return sorted({trait.removeprefix("scheme:") for trait in traits if trait.startswith("scheme:")})


def _unknown_scheme(text: str, tables: tuple[Table, ...]) -> tuple[str, str]:
    scheme, separator, _ = text.partition("://")
    if not separator:
        return "this is no path", 'write a URL such as "socks5h://proxy.example.org:1080", or {dns: "https://..."}'
    return f"unknown scheme {shown(scheme, 'here')}", nearest(scheme, schemes(*tables))
