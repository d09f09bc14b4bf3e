"""What may stand in a world file, as pydantic reads it."""

from __future__ import annotations

import ipaddress
import re
import typing
from typing import Annotated, Any

import pydantic

from harness.document.words import refused
from harness.lab.censor import hours
from harness.lab.censor.params import Moment, Rate, Reads, Seconds, Share, name

_BROADCAST = ipaddress.ip_network("240.0.0.0/4")  # reserved (RFC 1112, section 4)
_LINES = (ipaddress.ip_network("100.64.0.0/16"), ipaddress.ip_network("2001:db8:64::/48"))  # harness.lab.net.topology

Network = typing.Literal["home", "mobile", "dc", "unknown"]


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise refused("this is no IP address", "write one such as 9.9.9.9 or 2620:fe::fe") from None


def _hosted(text: str) -> str:
    found = ipaddress.ip_address(_address(text))
    nobodys = found.is_loopback or found.is_unspecified or found.is_multicast or found.is_link_local
    if nobodys or found in _BROADCAST or getattr(found, "ipv4_mapped", None):
        raise refused("no host of an internet can have this address", "write one that could be public")
    if any(found in line for line in _LINES):
        raise refused(
            "this address lies on the client's own line", f"write one outside of {_LINES[found.version == 6]}"
        )
    return str(found)


def _owned(value: Any) -> Any:
    """A name that a host can have: of labels up to 63 letters, 253 in all (RFC 1035, 2.3.4)."""
    if isinstance(value, str) and value.startswith("*"):
        raise ValueError(f"{value!r} holds a pattern; write each name that the host has")
    found = name(value)
    whole = isinstance(found, str) and all(0 < len(label) < 64 for label in found.split(".")) and len(found) < 254
    if isinstance(found, str) and not whole:
        raise ValueError("no host can have this name; write labels of 1 to 63 letters, 253 in all")
    return found


def _called(text: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9-]*", text):
        return text
    raise refused("this is no name", "write small letters, digits and -")


def _country(text: str) -> str:
    if re.fullmatch(r"[A-Z]{2}", text):
        return text
    raise refused("this is no country", "write two capital letters (ISO 3166), such as RU; ZZ is none in particular")


def _given(text: str) -> str:
    if text.strip():
        return text
    raise refused("this is no name", "write one")


def _time(value: Any) -> Any:
    try:
        return hours.seconds(value) if isinstance(value, str) else hours.seconds("")
    except ValueError:
        raise refused("this is no time of day", 'write one such as "02:30"') from None


Called = Annotated[str, pydantic.AfterValidator(_called)]
Address = Annotated[str, pydantic.AfterValidator(_address)]
HostAddress = Annotated[str, pydantic.AfterValidator(_hosted)]
Country = Annotated[str, pydantic.AfterValidator(_country)]
Number = Annotated[int, pydantic.Field(ge=0, lt=1 << 32)]
Given = Annotated[str, pydantic.AfterValidator(_given)]
Time = Annotated[float, pydantic.BeforeValidator(_time), pydantic.WithJsonSchema({"type": "string"})]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


HostName = Annotated[str, Reads(_owned)]


class VantageFile(_Strict):
    """Where the client of the world stands."""

    name: Given
    cc: Country = "ZZ"
    asn: Number | None = None
    network: Network = "unknown"


class OtherVantage(_Strict):
    """What is different about another vantage; its name is that of its entry where none is written."""

    name: Given | None = None
    cc: Country | None = None
    asn: Number | None = None
    network: Network | None = None


class LinkFile(_Strict):
    """The line between client and internet."""

    delay: Seconds = 0.0
    jitter: Seconds = 0.0
    loss: Share = 0.0
    rate: Rate = 0.0
    queue: Seconds = 0.2
    mtu: Annotated[int, pydantic.Field(ge=576, le=1500)] = 0
    ipv6: bool = True


class HopsFile(_Strict):
    """Routers before and after the censor."""

    before: Annotated[int, pydantic.Field(ge=0, le=30)] = 0
    after: Annotated[int, pydantic.Field(ge=0, le=30)] = 0


class CertificateFile(_Strict):
    """When a host's certificate is valid, from now on, and for which names beside the host's own."""

    begins: Moment = -86_400.0
    ends: Moment = 30 * 86_400.0
    names: tuple[HostName, ...] = ()


class HostFile(_Strict):
    """A host, or what is different about a host of the extended world."""

    name: Called
    addresses: tuple[HostAddress, ...] | None = None
    names: tuple[HostName, ...] | None = None
    services: tuple[Any, ...] | None = None
    home: bool | None = None
    down: bool | None = None
    silent: bool | None = None
    certificate: CertificateFile | None = None


class Part(_Strict):
    """What a world, and each of its vantages, may say; what it leaves out is that of what it lies over."""

    sources: tuple[str, ...] = ()
    link: LinkFile | None = None
    hops: HopsFile | None = None
    resolvers: tuple[Address, ...] | None = None
    timestamps: bool | None = None
    hosts: tuple[HostFile, ...] = ()
    censor: tuple[Any, ...] | None = None
    paths: dict[str, Any] = {}
    controls: dict[str, Any] = {}
    serves: tuple[str, ...] | None = None
    variables: dict[str, str] = {}
    seed: Annotated[int, pydantic.Field(ge=0, lt=1 << 63)] | None = None
    clock: Time | None = None
    skew: Moment | None = None


class VantagePart(Part):
    """A vantage of a world: a provider that enforces differently."""

    title: str | None = None
    vantage: OtherVantage | None = None


class WorldFile(Part):
    """A world; what it leaves out is that of the world it extends, but for vantages and timetable."""

    world: Called
    title: str
    extends: str | None = None
    vantage: VantageFile | None = None
    vantages: dict[str, VantagePart] = {}
    timetable: dict[str, Time] = {}
