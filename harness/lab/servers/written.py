"""How the parameters of servers are written: texts that are read, and refused with what to write instead."""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import Annotated, TypeAlias

from harness.lab.censor.params import Reads, seconds
from harness.model import Json

PAGE = "*"
"""The path of the page that answers every path without one of its own."""


def spell(value: Json) -> Json:
    """Seconds, more than none."""
    found = seconds(value)
    if found == 0:
        raise ValueError(f"{value!r} is no time at all; write more, such as 2s")
    return found


def key(value: Json) -> Json:
    """A key of WireGuard: 32 bytes in base64. What is wrong with it is told without it."""
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9+/]{43}=", value):
        raise ValueError("this is no key of WireGuard; write the 44 characters that `wg genkey` or `wg pubkey` prints")
    return value


def within(value: Json) -> Json:
    """An address, or one with the length of its prefix."""
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        raise ValueError(f"{value!r} is no address; write one such as 10.66.0.2/32") from None
    return value


def path(value: Json) -> Json:
    """The path of a page, as requests have it."""
    if isinstance(value, str) and value != PAGE and not re.fullmatch(r"/[!-~]*", value.partition("?")[0]):
        raise ValueError(f"{value!r} is the path of no request; write one such as /news, or * for all others")
    if isinstance(value, str) and "?" in value:
        raise ValueError(f"pages are found without what follows ?; write {value.partition('?')[0]}")
    return value


def header(value: Json) -> Json:
    """The name of a header field (RFC 9110, 5.1)."""
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", value):
        raise ValueError(f"{value!r} is no header field; write a name such as cache-control")
    if isinstance(value, str) and value.lower() in {"content-length", "transfer-encoding", "connection"}:
        raise ValueError(f"{value!r} is the server's own; leave it out")
    return value


def field_value(value: Json) -> Json:
    """The value of a header field (RFC 9110, 5.5), in ASCII."""
    if isinstance(value, str) and not re.fullmatch(r"([!-~]([ \t!-~]*[!-~])?)?", value):
        raise ValueError("no header field holds this; write ASCII on one line, without spaces around it")
    return value


def inside(value: Json) -> Json:
    """The path of a file in a program's own folder, beside those that the lab puts there."""
    if not isinstance(value, str):
        return value
    parts = value.split("/")
    if {"", ".", ".."} & set(parts) or "\0" in value:
        raise ValueError(
            f"{value!r} does not lie in the program's folder; write a path below it, such as site/index.html"
        )
    if value in {"chain.pem", "ca.pem"}:
        raise ValueError(f"{value!r} is put there by the lab; write another name")
    return value


def holds(text: str, size: int) -> bool:
    """True for so many bytes in base64."""
    try:
        return len(base64.b64decode(text, validate=True)) == size
    except ValueError:
        return False


PagePath: TypeAlias = Annotated[str, Reads(path)]
Header: TypeAlias = Annotated[str, Reads(header)]
FieldValue: TypeAlias = Annotated[str, Reads(field_value)]
Inside: TypeAlias = Annotated[str, Reads(inside)]
WireGuardKey: TypeAlias = Annotated[str, Reads(key)]
Interface: TypeAlias = Annotated[str, Reads(within)]
Spell: TypeAlias = Annotated[float, Reads(spell)]
