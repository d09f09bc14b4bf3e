"""A name is resolved, by the path's resolver or by a server named in the check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.dial.api import Address, Tape
from harness.dial.deadline import Deadline
from harness.model import Json, Level, Path, Spec
from harness.probes.route import Route

_KINDS = {"udp": ("udp", 53), "tcp": ("tcp", 53), "tls": ("dot", 853)}  # RFC 1035, RFC 7858
_FAMILIES = {("A",): 4, ("AAAA",): 6}


def endpoint(_params: Mapping[str, Json]) -> Address | None:
    """No address: a question goes where the path's resolver is."""
    return None


async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None:
    """E0 by an answer that holds an address."""
    path = _asked_path(params, route.open_path.path)
    opened = route.open_path if path == route.open_path.path else route.reopen(path)
    patience = route.patience.resolve * params.get("patience", 1)
    await opened.resolver.resolve(params["name"], until.sooner(patience), tape)
    tape.reached(Level.E0)


def _asked_path(params: Mapping[str, Json], path: Path) -> Path:
    """The path with the check's own server as its resolver, which asks for one family where one type is asked for.

    The hops stay as they are: what is asked through a tunnel says nothing of how its server is to be reached.
    """
    if params.get("server"):
        path = replace(path, resolver=_spec(params["server"]), pins={})
    if only := _FAMILIES.get(tuple(params.get("types") or ())):
        path = replace(path, resolver=replace(path.resolver, params={**path.resolver.params, "family": only}))
    return path


def _spec(url: str) -> Spec:
    scheme, _, where = url.partition("://")
    kind, port = _KINDS[scheme]
    host, given = _split(where)
    params: dict[str, Json] = {"server": host, "port": given or port}
    return Spec(kind=kind, params=params | ({"name": host, "bootstrap": []} if kind == "dot" else {}))


def _split(where: str) -> tuple[str, int | None]:
    """A host and a port; an IPv6 address stands in brackets where a port follows."""
    host, colon, port = where.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        return where.strip("[]"), None
    if where.endswith("]"):
        return where.strip("[]"), None
    return host.strip("[]"), int(port)
