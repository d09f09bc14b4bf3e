"""Checks that exist as controls only; the judge finds its evidence by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.model import Check, Json, Level, Role, Stage, Walk

HELLOS = 3  # that must all be answered: one in 8 times a filter that acts on every other flow misses three

PATIENCE = 4  # times as long as others: resolvers give up on slow authorities after 10 to 15 s (RFC 9520, section 2.1)


def other_name_check(address: str, port: int, name: str, alpn: Sequence[str] = ()) -> Check:
    """A handshake with the address under a neutral name; only whether it is answered counts."""
    return _tls(f"{Role.OTHER_NAME}:{address}:{port}", (address, port), name, alpn=alpn)


def other_initial_check(address: str, port: int, name: str, seconds: float = 4.0) -> Check:
    """An Initial of QUIC to the address under a neutral name; any answer counts."""
    params = {"host": address, "port": port, "server_name": name, "seconds": seconds}
    return Check(name=f"{Role.OTHER_NAME}:quic:{address}:{port}", probe="quic", params=params, level=Level.E1)


def other_hello_checks(address: str, port: int, name: str, alpn: Sequence[str] = ()) -> tuple[Check, ...]:
    """Handshakes with the address under the target's name, in which all but the name is otherwise than it was.

    More than one: a filter of names that acts now and then may miss the first.
    """
    other = () if alpn else ("http/1.1",)
    names = (f"{Role.OTHER_HELLO}:{name}@{address}:{port}:{number}" for number in range(1, HELLOS + 1))
    return tuple(_tls(each, (address, port), name, alpn=other, uncommon=True) for each in names)


def home_name_check(address: str, port: int, name: str, alpn: Sequence[str] = ()) -> Check:
    """A handshake with the address under the name of a neutral host at home; only whether it is answered counts."""
    return _tls(f"{Role.OTHER_NAME}:{address}:{port}:home", (address, port), name, alpn=alpn)


def name_elsewhere_check(host: str, port: int, name: str, alpn: Sequence[str] = ()) -> Check:
    """A handshake with a neutral host under the target's name; only whether it is answered counts."""
    return _tls(f"{Role.NAME_ELSEWHERE}:{name}", (host, port), name, alpn=alpn)


def other_transport_check(name: str, server: str) -> Check:
    """The same question to the same resolver (`9.9.9.9:53`), by TCP."""
    return _dns(f"{Role.OTHER_TRANSPORT}:{name}@{server}", name, f"tcp://{server}")


def neutral_query_check(name: str) -> Check:
    """A neutral name asked of the path's own resolver."""
    return _dns(f"{Role.NEUTRAL_QUERY}:{name}", name, None)


def patient_query_check(name: str) -> Check:
    """The target's name asked of the path's own resolver once more, waited for so many times as long."""
    asked = _dns(f"{Role.PATIENT_QUERY}:{name}", name, None)
    return replace(asked, params={**asked.params, "patience": PATIENCE})


def encrypted_check_name(name: str) -> str:
    """The name of the check that asks for the page of another check over TLS."""
    return f"{Role.ENCRYPTED}:{name}"


def in_the_clear_check(name: str) -> Check:
    """The first page of a neutral host, in the clear; whose page comes is what counts."""
    return Check(name=f"{Role.IN_THE_CLEAR}:{name}", probe="http", params={"url": f"http://{name}/"}, level=Level.E1)


def udp_server(walk: Walk) -> str | None:
    """The resolver (`9.9.9.9:53`) that answered for the target over plain UDP, None where none did."""
    seen = walk.at(Stage.RESOLVE)
    server = str(seen.detail.get("server", "")) if seen else ""
    return server.removeprefix("udp:").removeprefix("//") if server.startswith("udp:") else None


def _tls(name: str, to: tuple[str, int], server_name: str, **offers: Json) -> Check:
    """What is offered besides the name is that of the walk that failed: else it might be what makes the difference."""
    params = {"host": to[0], "port": to[1], "server_name": server_name, "verify": False}
    params |= {key: list(value) if key == "alpn" else value for key, value in offers.items() if value}
    return Check(name=name, probe="tls", params=params, level=Level.E1)


def _dns(name: str, query: str, server: str | None) -> Check:
    return Check(
        name=name, probe="dns", params={"name": query, "types": ["A", "AAAA"], "server": server}, level=Level.E0
    )
