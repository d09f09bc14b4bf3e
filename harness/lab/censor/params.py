"""What every rule of the censor may say; a behaviour adds its own parameters to these.

Parameters are plain frozen dataclasses, so that the censor starts without pydantic; whoever reads files calls
`model_validate`, which brings pydantic in and refuses what is unknown.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar

from harness.lab.censor.hours import span, spelled

Self = TypeVar("Self", bound="Checked")
P = TypeVar("P", bound="Params")


@dataclass(frozen=True, slots=True)
class Reads:
    """Marks a field whose text goes through `read` first; naming it needs no pydantic."""

    read: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """What pydantic asks for when it builds a model with such a field."""
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self._told, handler(source))

    def __get_pydantic_json_schema__(self, core: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """What an editor is told: what is read may be written as text too."""
        return {"anyOf": [handler(core), {"type": "string"}]}

    def _told(self, value: Any) -> Any:
        """What was read; a refusal keeps its words: what is wrong, and what to write."""
        from harness.document.words import refused

        try:
            return self.read(value)
        except ValueError as exc:
            wrong, _, remedy = str(exc).partition("; ")
            raise refused(wrong, remedy) from None


@dataclass(frozen=True, slots=True)
class Within:
    """Marks a number that must lie between two bounds; naming it needs no pydantic."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """What pydantic asks for when it builds a model with such a field."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._held, handler(source))

    def __get_pydantic_json_schema__(self, core: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """What an editor is told."""
        return {**handler(core), "minimum": self.least, "maximum": self.most}

    def _held(self, value: Any) -> Any:
        from harness.document.words import refused

        if value < self.least:
            raise refused("the number is too small", f"write {self.least} or more")
        if value > self.most:
            raise refused("the number is too large", f"write {self.most} or less")
        return value


LONGEST = 100 * 365 * 86_400.0
"""Seconds: nothing that a world is about lasts longer, and the dates of certificates end somewhere."""
FASTEST = 1e12
"""Bits a second: no line is faster."""

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def seconds(value: Any) -> Any:
    """Seconds from a number, or from text such as `250ms`, `75s`, `3m`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value) if isinstance(value, str) else None
    found = float(match[1]) * UNITS[match[2]] if match else value
    if isinstance(found, str) or (_is_number(found) and found < 0):
        raise ValueError(f"{value!r} is no duration; write a number of seconds, or 250ms, 75s, 3m, 1h, 2d")
    if _is_number(found) and found > LONGEST:
        raise ValueError(f"{value!r} is longer than a hundred years; write less")
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def moment(value: Any) -> Any:
    """Seconds from now on: a duration, with a minus before it where the moment is past."""
    if isinstance(value, str) and value.startswith("-"):
        return -seconds(value[1:])
    return -seconds(-value) if _is_number(value) and value < 0 else seconds(value)


SCALES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


def bits(value: Any) -> Any:
    """Bits a second from a number, or from text such as `150kbit/s`, `2Mbit/s`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kMG]?)bit/s", value) if isinstance(value, str) else None
    rate = float(match[1]) * SCALES[match[2]] if match else value
    if isinstance(rate, str) or (_is_number(rate) and not 0 < rate <= FASTEST):
        raise ValueError(f"{value!r} is no rate; write a number of bits a second, or 150kbit/s, 2Mbit/s")
    return rate


def share(value: Any) -> Any:
    """A share from 0 to 1."""
    if isinstance(value, int | float) and not 0 <= value <= 1:
        raise ValueError(f"{value!r} is no share; write a number from 0 to 1")
    return value


def prefix(value: Any) -> Any:
    """A prefix in its canonical text; a bare address is a prefix of one."""
    if not isinstance(value, str):
        return value
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as exc:
        raise ValueError(_no_prefix(value, "has host bits set" in str(exc))) from None


def _no_prefix(text: str, within: bool) -> str:
    if within:
        whole = ipaddress.ip_network(text, strict=False)
        return f"{text!r} has bits beyond its length; write {whole}, or the address alone"
    return f"{text!r} is no prefix; write one such as 203.0.113.0/24 or 2001:db8::/32"


def address(value: Any) -> Any:
    """An address in its canonical text."""
    if not isinstance(value, str):
        return value
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError(f"{value!r} is no IP address; write one such as 9.9.9.9 or 2620:fe::fe") from None


def port(value: Any) -> Any:
    """A port, or a range of ports written `50000-50100`."""
    low, _, high = str(value).partition("-")
    if not (low.isdigit() and (high or low).isdigit() and 0 <= int(low) <= int(high or low) <= 65535):
        raise ValueError(f"{value!r} is no port; write 443, or a range such as 50000-50100")
    return value if isinstance(value, int) else str(value)


def endpoint(value: Any) -> Any:
    """An address and a port in their canonical text: `8.8.4.4:853`, `[2001:4860:4860::8844]:853`."""
    if not isinstance(value, str):
        return value
    host, _, number = value.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not number.isdigit() or int(number) > 65535 or (":" in host) != bracketed:
        raise ValueError(f"{value!r} is no endpoint; write one such as 8.8.4.4:853 or [2001:4860:4860::8844]:853")
    return end(address(host.strip("[]")), int(number))


def end(host: str, number: int) -> str:
    """An endpoint's text."""
    return f"[{host}]:{number}" if ":" in host else f"{host}:{number}"


def name(value: Any) -> Any:
    """A DNS name in lower case, without the dot at the end; `*` alone, and parts of names, are names too."""
    if not isinstance(value, str):
        return value
    found = value.lower().rstrip(".")
    if found.startswith("*."):
        raise ValueError(f"{value!r} holds a pattern; write {found[2:]}, which is all below it too")
    if not found.isascii():
        raise ValueError(f"{value!r} never goes over a wire like that; write its labels as xn--...")
    if found != "*" and not re.fullmatch(r"[a-z0-9_.-]+", found):
        raise ValueError(f"{value!r} is no name; write one such as www.example.org, without a scheme or a port")
    return found


def keyword(value: Any) -> Any:
    """Part of a path or of a name, in lower case."""
    if value == "":
        raise ValueError("'' is in every request; write a word")
    return value.lower() if isinstance(value, str) else value


def octets(value: Any) -> Any:
    """Bytes, in hex."""
    if isinstance(value, str) and not re.fullmatch(r"([0-9a-fA-F]{2})*", value):
        raise ValueError(f"{value!r} is no hex; write two digits for each byte, such as 0102ff")
    return value


def hours(value: Any) -> Any:
    """A span of the day in its canonical text."""
    return "-".join(map(spelled, span(value))) if isinstance(value, str) else value


Seconds: TypeAlias = Annotated[float, Reads(seconds)]
Moment: TypeAlias = Annotated[float, Reads(moment)]
Rate: TypeAlias = Annotated[float, Reads(bits)]
Share: TypeAlias = Annotated[float, Reads(share)]
Prefix: TypeAlias = Annotated[str, Reads(prefix)]
Address: TypeAlias = Annotated[str, Reads(address)]
Endpoint: TypeAlias = Annotated[str, Reads(endpoint)]
Port: TypeAlias = Annotated[int | str, Reads(port)]
Name: TypeAlias = Annotated[str, Reads(name)]
Keyword: TypeAlias = Annotated[str, Reads(keyword)]
Octets: TypeAlias = Annotated[str, Reads(octets)]
Ttl: TypeAlias = Annotated[int, Within(1, 255)]  # of a packet
Word: TypeAlias = Annotated[int, Within(0, 65535)]  # a field of 16 bits
Seq: TypeAlias = Annotated[int, Within(-(1 << 31), 1 << 31)]  # from one sequence number to another
Routers: TypeAlias = Annotated[int, Within(0, 30)]
Payload: TypeAlias = Annotated[int, Within(1, 1400)]  # bytes that one packet carries
Status: TypeAlias = Annotated[int, Within(200, 999)]  # of a final answer of HTTP
Hours: TypeAlias = Annotated[str, Reads(hours)]

Protocol: TypeAlias = Literal["tcp", "udp", "icmp", "other"]
Side: TypeAlias = Literal["client", "server", "both"]
Direction: TypeAlias = Literal["out", "in", "both"]
Reassembly: TypeAlias = Literal["none", "tcp", "tls", "both"]
Family: TypeAlias = Literal[4, 6]
Key: TypeAlias = Literal["3tuple", "4tuple", "2tuple", "endpoint", "host"]
Version: TypeAlias = Literal["1.0", "1.1", "1.2", "1.3"]


class Checked:
    """A dataclass that can be asked to check raw parameters, as a pydantic model can."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "hide_input_in_errors": True}

    @classmethod
    def model_validate(cls: type[Self], raw: Any) -> Self:
        """The parameters that `raw` says; pydantic's ValidationError where they cannot be understood."""
        return _adapter(cls).validate_python(raw)  # type: ignore[no-any-return]

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of these parameters."""
        return _adapter(cls).json_schema()  # type: ignore[no-any-return]


def _adapter(cls: type[Checked]) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(cls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual(Checked):
    """For how long a trigger is remembered, and against whom (Bock 2021, "Your censor is my censor")."""

    key: Key = "3tuple"  # (client, server, server port); `4tuple` adds the client's port, `2tuple` omits the
    # server's; `endpoint` is (server, server port) and `host` the server alone, whoever the client is
    seconds: Seconds = 60.0
    most: Seconds = 0.0  # where it is longer than `seconds`, each trigger draws its time between the two
    late: Seconds = 0.0  # how long after the trigger other flows are held first; the flow itself is held at once
    refresh: bool = False  # every packet that is held back starts the time again


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(Checked):
    """What the forged resets look like; the defaults are what most middleboxes send."""

    to: Side = "both"
    ack: bool = True  # RST+ACK instead of a bare RST
    count: Annotated[int, Within(1, 100)] = 1
    ahead: tuple[Seq, ...] = (0,)  # how far beyond the expected sequence number; each is sent `count` times
    ttl: Ttl = 64  # as it leaves the censor
    window: Word = 65535
    grow: Annotated[int, Within(-255, 255)] = 0  # how much larger TTL and window are from each to the next
    ip_id: Word = 0
    payload: Octets = ""  # hex; Henan's middlebox sends ten bytes (Wu 2025)


BOTH_WAYS = Reset()
TO_CLIENT = Reset(to="client")


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(Checked):
    """What every rule may say. An empty list of prefixes or ports means all of them."""

    NESTED: ClassVar[Mapping[str, type[Checked]]] = {"residual": Residual, "reset": Reset, "resets": Reset}

    prefixes: tuple[Prefix, ...] = ()  # of the far side, IPv4 and IPv6
    ports: tuple[Port, ...] = ()  # of the side that was called: the far one, unless the flow comes from there
    families: tuple[Family, ...] = ()  # of IP; none means both
    direction: Direction = "out"  # who opened the flow: the client (`out`), the internet (`in`), or either
    exempt_prefixes: tuple[Prefix, ...] = ()
    exempt_ports: tuple[Port, ...] = ()
    hours: tuple[Hours, ...] = ()  # of the world's clock; outside them the rule does nothing; none means always
    probability: Share = 1.0  # share of the flows, drawn by hash of the world's seed and the flow
    log: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed(Params):
    """Parameters of a rule that looks at addresses only."""

    protocols: tuple[Protocol, ...] = ()  # none means all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowing(Params):
    """Parameters of a rule about whatever is not on a list."""

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"allow"})

    allow: tuple[Prefix, ...]  # of the far side, IPv4 and IPv6


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Params):
    """Parameters of a rule that looks at a name: of a question, of a ClientHello, of a Host line."""

    names: tuple[Name, ...]  # `*` alone matches any name
    match: Literal["exact", "suffix", "substring"] = "suffix"  # suffix: the name itself and all below it
    exempt_names: tuple[Name, ...] = ()  # suffixes


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(Named):
    """Parameters of a rule that looks into the ClientHello: the name, and what else it must show."""

    as_written: bool = False  # names spelled otherwise than in lower case pass (net4people/bbs issue 85)
    ja3: tuple[str, ...] = ()  # any of these, as MD5 or as the text before it
    ja4: tuple[str, ...] = ()  # any of these; `*` stands for any part
    extensions: tuple[int, ...] = ()  # all of these
    newest: tuple[Version, ...] = ()  # the newest version offered is one of these
    stateful: bool = False  # only connections whose SYN and SYN+ACK were seen are looked at
    reassembly: Reassembly = "both"
    residual: Residual | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Telling):
    """Parameters of a rule about what else a ClientHello shows; without `names`, any and none will do."""

    names: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted(Named):
    """Parameters of a rule that looks at requests of HTTP/1: at the Host line, and at the path where some are listed.

    `reassembly`: `none` reads each segment by itself, `tcp` puts them in order; `short` reads each by itself, but joins
    a first one that is too short to be told for HTTP with what follows.
    """

    paths: tuple[str, ...] = ()  # beginnings of the path, to the letter; none means all
    strict: bool = False  # only a line that says `Host: ` to the letter is understood
    requests: int = 0  # of a connection that are looked at; 0 means all
    segments: int = 0  # of its opener's with data that are looked at; 0 means all
    stateful: bool = False  # only connections whose SYN and SYN+ACK were seen are looked at
    reassembly: Literal["none", "tcp", "short"] = "tcp"
    residual: Residual | None = None


def known(plain: Mapping[str, Any], cls: type[P]) -> P:
    """The parameters of `cls` from plain JSON that was validated before, nested ones too."""
    return cls(**{key: _known(value, cls.NESTED.get(key)) for key, value in plain.items()})


def _known(value: Any, nested: type[Checked] | None) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_known(one, nested) for one in value)
    return nested(**value) if nested and isinstance(value, Mapping) else value
