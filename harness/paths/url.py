"""URLs that spell a path: strict, and silent about what they hold when they are wrong (RFC 3986)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote

import idna

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:(?P<userinfo>[^@/?#]*)@)?"
    r"(?P<host>\[[^\]@/?#]*\]|[^:/?#@\[\]]*)"
    r"(?::(?P<port>[^/?#@:]*))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL,
)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


class BadUrl(ValueError):
    """A URL that cannot be used; `wrong` and `remedy` repeat nothing of it."""

    def __init__(self, wrong: str, remedy: str) -> None:
        super().__init__(f"{wrong}; {remedy}")
        self.wrong, self.remedy = wrong, remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """The parts of a URL, decoded; `repr` shows none of them."""

    scheme: str
    host: str
    port: int | None
    username: str | None
    password: str | None
    path: str
    extra: bool  # a query or a fragment stands behind the path
    text: str
    userinfo: str | None  # as it was written

    def __repr__(self) -> str:
        return f"<Url {self.scheme}>"


def parse(text: str) -> Url:
    """The parts of a URL; raises BadUrl."""
    match = _URL.fullmatch(text)
    if not match:
        raise _why(text)
    username, password = _credentials(match["userinfo"])
    return Url(
        scheme=match["scheme"].lower(),
        host=host(match["host"]),
        port=_port(match["port"]),
        username=username,
        password=password,
        path=match["path"] or "",
        extra=bool(match["query"] or match["fragment"]),
        text=text,
        userinfo=match["userinfo"],
    )


def query(text: str) -> str:
    """What stands between ? and # in a URL or its end."""
    return text.partition("#")[0].partition("?")[2]


def _why(text: str) -> BadUrl:
    scheme, separator, rest = text.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return BadUrl("this is no URL", "write scheme://host:port")
    if rest.count("@") > authority.count("@") or authority.count("@") > 1:
        return BadUrl("the user name or password holds one of @ : / ? #", "write it as %40 %3A %2F %3F %23")
    if authority.rpartition("@")[2].count(":") > 1:
        return BadUrl("an IPv6 address stands without brackets", "write it as [2001:db8::1]:port")
    return BadUrl("this is no URL", "write scheme://host:port")


def host(text: str) -> str:
    """A host as it goes on the wire: an address in its short form, or a name in lower case and in A-labels."""
    if text.startswith("["):
        return _ipv6(text[1:-1])
    name = text.rstrip(".").lower()
    if not name:
        raise BadUrl("the URL has no host", "write scheme://host:port")
    if re.fullmatch(r"[0-9.]+", name):
        return _ipv4(name)
    return _name(name)


def address(text: str) -> str:
    """An IP address in its short form, with or without the brackets of a URL."""
    try:
        return str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise BadUrl("this is no IP address", "write one such as 9.9.9.9 or 2620:fe::fe") from None


def _ipv6(text: str) -> str:
    try:
        found = ipaddress.IPv6Address(text)
    except ValueError:
        raise BadUrl("there is no IPv6 address between the brackets", "write it as [2001:db8::1]") from None
    if found.scope_id:
        raise BadUrl("an address with a zone cannot be reached from elsewhere", "write it without %...")
    return str(found)


def _ipv4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise BadUrl("this is no IPv4 address", "write four numbers of 0 to 255 without leading zeros") from None


def _name(text: str) -> str:
    try:
        name = text if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    except UnicodeError:
        raise BadUrl("this is no host name", "write one such as proxy.example.org") from None
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise BadUrl("this is no host name", "write one such as proxy.example.org")
    return name


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 1 <= int(text) <= 65535:
        raise BadUrl("this is no port", "write a number of 1 to 65535, or no colon")
    return int(text)


def _credentials(userinfo: str | None) -> tuple[str | None, str | None]:
    if userinfo is None:
        return None, None
    username, colon, password = userinfo.partition(":")
    if ":" in password:
        raise BadUrl("the password holds a colon", "write it as %3A")
    return _decoded(username), _decoded(password) if colon else None


def _decoded(text: str) -> str:
    if "%" in _ESCAPE.sub("", text):
        raise BadUrl("a percent sign in the user name or password is not followed by two hex digits", "write it as %25")
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeError:
        raise BadUrl("the user name or password is not UTF-8", "percent-encode its UTF-8 bytes") from None
    if any(ord(char) < 32 or ord(char) == 127 for char in decoded):
        raise BadUrl("the user name or password holds a control character", "remove it")
    return decoded
