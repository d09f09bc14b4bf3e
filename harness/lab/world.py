"""A world of the lab as data: hosts with their servers, the link, the censor's rules, and overlays for a scenario."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.model import Json, Vantage

if TYPE_CHECKING:
    from harness.document.node import Document

NOON = 43200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The line between the client and the internet namespace, the same in each direction."""

    delay: float = 0.0  # seconds, one way
    jitter: float = 0.0  # seconds, at most this much more than `delay`
    loss: float = 0.0  # share of the packets, 0 to 1
    rate: float = 0.0  # bits a second; 0 means as fast as the machine allows
    queue: float = 0.2  # seconds that a packet may wait for its turn at that rate before it is dropped
    mtu: int = 0  # bytes of an IP packet; longer ones vanish, and no ICMP says so. 0 means that all fit
    ipv6: bool = True  # False: IPv6 is routed, and none of it arrives


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """When a host's certificate begins and ends to be valid, in seconds from now on; what is past is negative."""

    begins: float = -86_400.0
    ends: float = 30 * 86_400.0
    names: tuple[str, ...] = ()  # that it holds beside the host's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Hops:
    """How many routers decrement the TTL before and after the censor."""

    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One server of a host: a kind of the table `harness.lab.servers.table:SERVERS` on a port."""

    kind: str
    port: int
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine of the internet namespace, with the addresses and the DNS names that it owns."""

    name: str
    addresses: tuple[str, ...]  # IPv4 and IPv6 in text
    names: tuple[str, ...] = ()  # lower case, without the dot at the end
    services: tuple[Service, ...] = ()
    home: bool = False  # stands in the vantage's own country
    down: bool = False  # its addresses are routed, but nothing listens: connections are refused
    silent: bool = False  # it is not there at all: whatever is sent to it vanishes
    certificate: Certificate = Certificate()

    @property
    def v4(self) -> tuple[str, ...]:
        """Its IPv4 addresses."""
        return tuple(text for text in self.addresses if ipaddress.ip_address(text).version == 4)

    @property
    def v6(self) -> tuple[str, ...]:
        """Its IPv6 addresses."""
        return tuple(text for text in self.addresses if ipaddress.ip_address(text).version == 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One behaviour of the censor: a kind of the table of behaviours, filled in."""

    behaviour: str
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that a lab needs to come up, and all that a scenario is told of it."""

    name: str
    title: str
    vantage: Vantage
    sources: tuple[str, ...] = ()  # where the behaviour is documented
    link: Link = Link()
    hops: Hops = Hops()
    resolvers: tuple[str, ...] = ()  # the nameservers of the client's resolv.conf
    timestamps: bool = True  # whether the client's TCP sends them (RFC 7323): Linux does, Windows does not
    hosts: tuple[Host, ...] = ()
    censor: tuple[Rule, ...] = ()
    paths: Mapping[str, Json] = field(default_factory=dict)  # laid over the user's paths of the same name
    controls: Mapping[str, Json] = field(default_factory=dict)
    serves: tuple[str, ...] = ()  # services and targets that this world answers for
    variables: Mapping[str, str] = field(default_factory=dict)  # laid over a scenario's environment
    seed: int = 1
    clock: float = NOON  # seconds since midnight, by the censor's clock, when the lab comes up; then it runs
    vantages: tuple[str, ...] = ()  # that `NAME@VANTAGE` can choose
    timetable: Mapping[str, float] = field(default_factory=dict)  # times of day that `NAME@TIME` can choose
    skew: float = 0.0  # seconds by which the client's clock is ahead of the true time

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address of every host: what the internet namespace answers for."""
        return tuple(address for host in self.hosts for address in host.addresses)

    def zone(self) -> dict[str, tuple[str, ...]]:
        """The true addresses of every name, hosts in their order of declaration."""
        zone: dict[str, tuple[str, ...]] = {}
        for host in self.hosts:
            for name in host.names:
                zone[name] = zone.get(name, ()) + host.addresses
        return zone

    def listening(self) -> Iterator[tuple[Host, Service]]:
        """Every server that is to run, with its host; hosts that are down or silent have none."""
        up = (host for host in self.hosts if not (host.down or host.silent))
        return ((host, service) for host in up for service in host.services)


def dump(world: World) -> dict[str, Json]:
    """The world as plain JSON, for another process."""
    return dataclasses.asdict(world)


def restore(plain: Mapping[str, Json]) -> World:
    """The world that `dump` made into plain JSON."""
    whole = dict(plain)
    whole["vantage"] = Vantage(**whole["vantage"])
    whole["link"] = Link(**whole["link"])
    whole["hops"] = Hops(**whole["hops"])
    whole["hosts"] = tuple(_restore_host(host) for host in whole["hosts"])
    whole["censor"] = tuple(Rule(**rule) for rule in whole["censor"])
    for key in ("sources", "resolvers", "serves", "vantages"):
        whole[key] = tuple(whole[key])
    return World(**whole)


def _restore_host(plain: Mapping[str, Json]) -> Host:
    services = tuple(Service(**service) for service in plain["services"])
    rest = {key: tuple(plain[key]) for key in ("addresses", "names")}
    certificate = Certificate(**{**plain["certificate"], "names": tuple(plain["certificate"]["names"])})
    return Host(**{**plain, **rest, "services": services, "certificate": certificate})


def worlds() -> tuple[str, ...]:
    """The names of the worlds that come with waygauge."""
    from harness.lab.worldfile import names  # pydantic is loaded only by who reads files

    return names()


def load_world(name_or_file: str, more: Mapping[str, Json] | None = None) -> World:
    """The world of that name, or of that file, `@` a vantage and `@` a time of its timetable behind it; with `more`
    laid over it, spelled as in a file.

    Raises ScenarioError where there is none, or where its file cannot be understood.
    """
    from harness.lab.worldfile import load, over  # pydantic is loaded only by who reads files

    return over(name_or_file, more) if more else load(name_or_file)


def load_rules(world: World, spelled: Json) -> tuple[Rule, ...]:
    """The rules of a list, spelled as in a file, for that world; `inherited` are its own.

    Raises ScenarioError where they cannot be understood.
    """
    from harness.lab.worldfile import rules_over  # pydantic is loaded only by who reads files

    return rules_over(world, spelled)


def documents(name_or_file: str) -> tuple[Document, ...]:
    """The files of a world that `load_world` understands, its own first: where its paths and controls stand."""
    from harness.lab.worldfile import documents as found  # pydantic is loaded only by who reads files

    return found(name_or_file)
