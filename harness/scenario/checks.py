"""Checks as a file spells them: `{<probe>: <URL or parameters>, proof: {...}, level: E3, name: web}`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, Field

from harness.document.complaint import nearest, shown
from harness.document.node import Loc
from harness.document.reading import Reading
from harness.document.scalars import kind as kind_of
from harness.document.words import texts
from harness.kinds import Kind, Table, load
from harness.model import Check, Json, Level
from harness.paths import url as urls
from harness.paths.keeping import host_of
from harness.scenario.fields import LevelName, Name, Sources, Strict, Text


class CheckKeys(Strict):
    """What may stand beside the probe in a check."""

    name: Name | None = Field(default=None, description="the probe's own name where none is written")
    level: LevelName | None = Field(default=None, description="the level that the check shows when it goes through")
    source: Sources = Field(default=(), description="where the endpoint and its proof are documented")
    date: Text | None = Field(default=None, description="when that was last looked up")
    note: Text | None = None


_CLEAR = ("http://", "ws://")
"""Without TLS nobody is authenticated: an answer shows no more than the connection that it came by."""

BESIDE = frozenset({*CheckKeys.model_fields, "proof"})


def read_checks(reading: Reading, locs: Iterable[Loc], probes: Table) -> tuple[Check, ...]:
    """The checks at these places, each under a name of its own; what cannot be read is left out after complaints."""
    found: dict[str, Check] = {}
    for loc in locs:
        check = read_check(reading, loc, probes)
        if check and check.name in found and "name" in reading.keys_at(loc):
            reading.wrong((*loc, "name"), f'a second check named "{check.name}"', "choose another name")
        elif check:
            named = _numbered(check, found)
            found[named.name] = named
    return tuple(found.values())


def _numbered(check: Check, taken: Iterable[str]) -> Check:
    names = (f"{check.name}-{number}" if number > 1 else check.name for number in range(1, 10_000))
    name = next(name for name in names if name not in taken)
    return Check(name=name, probe=check.probe, params=check.params, level=check.level)


def read_check(reading: Reading, loc: Loc, probes: Table, name: str = "") -> Check | None:
    """The check at `loc`, named `name` or as it says itself; None after complaints."""
    value = reading.value(loc)
    if not isinstance(value, dict):
        reading.wrong(loc, f"a check is expected, not {kind_of(value)}", 'write {http: "https://..."}')
        return None
    keys = _fitted_keys(reading, loc, value)
    row = _probe(reading, loc, value, probes)
    if not row:
        return None
    params = _Params(reading, loc, row, value).read()
    if not keys or params is None:
        return None
    level = _level(reading, loc, row, keys.level, _shows(row, params))
    return Check(name=name or keys.name or row.name.replace("_", "-"), probe=row.name, params=params, level=level)


def _fitted_keys(reading: Reading, loc: Loc, value: dict[str, Json]) -> CheckKeys | None:
    beside = {key: item for key, item in value.items() if key in CheckKeys.model_fields}
    return reading.fit_value(CheckKeys, beside, lambda inner: (*loc, *inner))


def _probe(reading: Reading, loc: Loc, value: dict[str, Json], probes: Table) -> Kind | None:
    named = [key for key in value if key in probes]
    unknown = [key for key in value if key not in probes and key not in BESIDE]
    what = "key" if named else "probe"
    known = {row.name for row in probes} | (BESIDE if named else set())
    for key in unknown:
        reading.wrong((*loc, key), f"unknown {what} {shown(key, 'here')}", nearest(key, known), key=True)
    if not named and not unknown:
        reading.wrong(loc, "a check without a probe", f"write one of {', '.join(sorted(known))}")
    for key in named[1:]:
        reading.wrong((*loc, key), f'a second probe "{key}" in one check', "write it as a check of its own", key=True)
    return probes[named[0]] if len(named) == 1 else None


@dataclass(frozen=True, slots=True)
class _Params:
    """The parameters of the one probe of a check."""

    reading: Reading
    loc: Loc
    row: Kind
    value: dict[str, Json]

    def read(self) -> dict[str, Json] | None:
        """Plain JSON for the engine, or None after complaints."""
        model: type[BaseModel] = load(self.row.params)
        given = self.value[self.row.name]
        if not isinstance(given, (str, dict)):
            self._wrong(f"a URL or parameters are expected, not {kind_of(given)}", "write a URL, or {KEY: VALUE}")
            return None
        whole = dict(given) if isinstance(given, dict) else {"url": given}
        self._add_proof(model, whole)
        self._keep_user_info(whole)
        made = self.reading.fit_value(model, whole, self._way)
        return None if made is None else self._kept(made.model_dump(mode="json"))

    def _add_proof(self, model: type[BaseModel], whole: dict[str, Json]) -> None:
        if "proof" not in self.value:
            return
        if self.value["proof"] in ({}, None):
            self.reading.wrong((*self.loc, "proof"), "a proof of nothing", "write what the answer must show", key=True)
        elif "proof" in whole:
            self.reading.wrong((*self.loc, "proof"), "a second proof", "keep one, beside the probe", key=True)
        elif "proof" in model.model_fields:
            whole["proof"] = self.value["proof"]
        else:
            self.reading.wrong((*self.loc, "proof"), f"the probe {self.row.name} takes no proof", "remove it", key=True)

    def _wrong(self, wrong: str, remedy: str) -> None:
        self.reading.wrong((*self.loc, self.row.name), wrong, remedy)

    def _way(self, inner: Loc) -> Loc:
        beside = inner and inner[0] == "proof" and "proof" in self.value
        return (*self.loc, *inner) if beside else (*self.loc, self.row.name, *inner)

    def _keep_user_info(self, whole: dict[str, Json]) -> None:
        url = whole.get("url")
        if isinstance(url, str) and "@" in url:
            try:
                parts = urls.parse(url)
            except urls.BadUrl:
                return
            self.reading.secrets |= {text for text in (parts.userinfo, parts.username, parts.password) if text}

    def _kept(self, params: dict[str, Json]) -> dict[str, Json]:
        for key in self.row.secret:
            self.reading.secrets |= {text for text in texts(params.get(key)) if text}
        for key in self.row.private:
            self.reading.private |= {host_of(text) for text in texts(params.get(key)) if text}
        return params


def _shows(row: Kind, params: dict[str, Json]) -> Level:
    """As much as a kind can show with these parameters."""
    if params.get("proof") and "proof" in row.traits:
        return Level.E3
    own = next((Level[trait] for trait in sorted(row.traits) if trait in Level.__members__), Level.E2)
    clear = str(params.get("url", "")).startswith(_CLEAR) or params.get("verify") is False
    return Level.E1 if clear and own in {Level.E2, Level.E4} else own


def _level(reading: Reading, loc: Loc, row: Kind, declared: Level | None, most: Level) -> Level:
    """The level of a check: declared, or as much as it can show."""
    if declared is None or declared <= most:
        return most if declared is None else declared
    hint = "write a proof beside it" if "proof" in row.traits and most < Level.E3 else f"write level: {most.name}"
    reading.wrong((*loc, "level"), f"{row.name} shows {most.name} here, not {declared.name}", hint)
    return most
