"""Which controls make a failed walk interpretable. Pure: the engine runs what is asked for here, and nothing else."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.judge.addresses import is_bogon
from harness.judge.endpoints import endpoint, is_address, target_name
from harness.judge.quality import missed
from harness.model import PATH_TARGET, Cell, Check, Controls, Json, Level, Observation, Path, Role, Stage, Walk

DIRECT = Path(name="direct")
"""The empty path, over which neutral hosts show whether there is a network here at all."""

CUT_SHORT = frozenset({"generic_timeout_error", "connection_reset", "connection_aborted", "eof_error"})
"""How a connection ends by which an answer is cut short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One control to run: a check over a path, where `pin` gives names their addresses before any resolver.

    Two of the same `id` are one control: run once, keep for a minute, and use the id as that of the `Control`.
    """

    role: Role
    check: Check
    path: Path
    pin: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`known_good:chat@office-socks`, and the pinned addresses behind it where there are any."""
        pinned = ",".join(f"{name}={'+'.join(found)}" for name, found in sorted(self.pin.items()))
        return f"{self.role}:{self.check.name}@{self.path.name}" + (f"#{pinned}" if pinned else "")

    @property
    def over(self) -> Path:
        """The path with the pins laid over its own."""
        return Path(
            name=self.path.name,
            resolver=self.path.resolver,
            lookup=self.path.lookup,
            pins={**self.path.pins, **self.pin},
            hops=self.path.hops,
            base=self.path.base,
            hello=self.path.hello,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A walk that failed, with what is needed to ask about it."""

    walk: Walk
    last: Observation
    check: Check
    cell: Cell
    controls: Controls

    @property
    def offered(self) -> tuple[str, ...]:
        """What the handshake that failed offered by ALPN."""
        return tuple(self.last.detail.get("offered") or ())

    @property
    def neutral(self) -> Check | None:
        """The neutral check whose name is lent to another's address: the first one declared that has a name."""
        return next((check for check in self.controls.foreign if target_name(check)), None)

    @property
    def at_home(self) -> Check | None:
        """The neutral check at home whose name is lent to another's address: the first one declared that has a name."""
        return next((check for check in self.controls.domestic if target_name(check)), None)

    @property
    def lent(self) -> Check | None:
        """The neutral check whose address gets the target's name; a censor may punish that address for it.

        Residual blocking lasts 60 to 420 s on address and port (Bock et al. 2021; Xue et al. 2022), so the host that
        most else rests on, the first one abroad, is risked only where there is no other and no path is known good.
        """
        abroad = [check for check in self.controls.foreign if _encrypted(check)]
        at_home = [check for check in self.controls.domestic if _encrypted(check)]
        spare = [*abroad[1:], *at_home] or ([] if self.controls.paths else abroad)
        return spare[0] if spare else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A role, the failures it helps with, what it asks for, and what the answer tells."""

    role: Role
    when: Callable[[Failed], bool]
    ask: Callable[[Failed], Iterator[Wanted]]
    tells: str


def wanted(walk: Walk, cell: Cell, controls: Controls) -> tuple[Wanted, ...]:
    """The controls that a walk asks for, in the order to run them, each once.

    One that went through asks for none, unless anybody on the way could have answered in the target's place, or its
    quality lies below the target's floor.
    """
    check = next((check for check in cell.target.checks if check.name == walk.check), None)
    last = walk.last
    if check is None or last is None:
        return ()
    failed = Failed(walk=walk, last=last, check=check, cell=cell, controls=controls)
    if last.failure is not None:
        rows = ROWS
    elif missed(walk, cell.target.floor):
        rows = QUALITY_ROWS
    else:
        rows = (_AGAIN,) if anybodys(walk, check) else ()
    asked = (one for row in rows if row.when(failed) for one in row.ask(failed))
    return tuple({one.id: one for one in asked}.values())


def stood(walk: Walk) -> bool:
    """False where a tunnel of the path itself did not come up, so that nothing was asked over it."""
    return walk.last is None or walk.last.stage != Stage.PATH or not walk.last.of.startswith("hop:")


def anybodys(walk: Walk, check: Check) -> bool:
    """True where an answer came in the clear, and nothing in it shows whose it is."""
    answered = walk.at(Stage.RESPONSE) is not None and walk.level < Level.E3
    return answered and str(check.params.get("url", "")).startswith("http://")


# The names of checks that exist as controls only. The judge finds its evidence by these.


def other_name_check(address: str, port: int, name: str, alpn: Sequence[str] = ()) -> Check:
    """A handshake with the address under a neutral name; only whether it is answered counts."""
    return _tls(f"{Role.OTHER_NAME}:{address}:{port}", (address, port), name, alpn=alpn)


def other_initial_check(address: str, port: int, name: str) -> Check:
    """An Initial of QUIC to the address under a neutral name; any answer counts."""
    params = {"host": address, "port": port, "server_name": name, "seconds": 4.0}
    return Check(name=f"{Role.OTHER_NAME}:quic:{address}:{port}", probe="quic", params=params, level=Level.E1)


def other_hello_check(address: str, port: int, name: str, alpn: Sequence[str] = ()) -> Check:
    """A handshake with the address under the target's name, in which all but the name is otherwise than it was."""
    other = () if alpn else ("http/1.1",)
    return _tls(f"{Role.OTHER_HELLO}:{name}@{address}:{port}", (address, port), name, alpn=other, uncommon=True)


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


def _encrypted(check: Check) -> bool:
    where = endpoint(check)
    return where is not None and where.encrypted


def _dns(name: str, query: str, server: str | None) -> Check:
    return Check(
        name=name, probe="dns", params={"name": query, "types": ["A", "AAAA"], "server": server}, level=Level.E0
    )


# What each row asks for.


def _neutral(failed: Failed, *, role: Role, over: Callable[[Failed], tuple[Path, ...]]) -> Iterator[Wanted]:
    """The declared neutral checks, except those that are the cell's own and were just run."""
    own = {check.name for check in failed.cell.target.checks}
    for path in over(failed):
        for check in failed.controls.foreign if role is Role.FOREIGN else failed.controls.domestic:
            if check.name not in own or path.name != failed.cell.path.name:
                yield Wanted(role=role, check=check, path=path)


def _this_path(failed: Failed) -> tuple[Path, ...]:
    return (failed.cell.path,)


def _known_good(failed: Failed) -> tuple[Path, ...]:
    return tuple(path for path in failed.controls.paths if path.name != failed.cell.path.name)


def _direct(failed: Failed) -> tuple[Path, ...]:
    return () if failed.cell.path.name == DIRECT.name else (DIRECT,)


def _same_check(failed: Failed) -> Iterator[Wanted]:
    for path in _known_good(failed):
        yield Wanted(role=Role.KNOWN_GOOD, check=failed.check, path=path)


def _same_address(failed: Failed) -> Iterator[Wanted]:
    """The same check over a path known good, to the very address that the resolver here gave out.

    One that cannot be public is nobody's there, or somebody else's: to ask would only cost its time.
    """
    name, address = target_name(failed.check), failed.walk.address
    looked_up = failed.walk.at(Stage.RESOLVE)
    if name and address and looked_up and (looked_up.detail.get("server") == "pins" or not is_bogon(address)):
        for path in _known_good(failed):
            yield Wanted(role=Role.KNOWN_GOOD, check=failed.check, path=path, pin={name: (address,)})


def _other_name(failed: Failed) -> Iterator[Wanted]:
    where, address = endpoint(failed.check), failed.walk.address
    name = target_name(failed.neutral) if failed.neutral else None
    if where and address and is_address(address) and name:
        if failed.check.probe == "quic":
            check = other_initial_check(address, where.port, name)
        else:
            check = other_name_check(address, where.port, name, failed.offered)
        yield Wanted(role=Role.OTHER_NAME, check=check, path=failed.cell.path)


def _other_hello(failed: Failed) -> Iterator[Wanted]:
    where, address = endpoint(failed.check), failed.walk.address
    if where and where.server_name and address and is_address(address):
        check = other_hello_check(address, where.port, where.server_name, failed.offered)
        yield Wanted(role=Role.OTHER_HELLO, check=check, path=failed.cell.path)


def _home_name(failed: Failed) -> Iterator[Wanted]:
    where, address = endpoint(failed.check), failed.walk.address
    name = target_name(failed.at_home) if failed.at_home else None
    if where and address and is_address(address) and name and name != where.server_name:
        yield Wanted(
            role=Role.OTHER_NAME,
            check=home_name_check(address, where.port, name, failed.offered),
            path=failed.cell.path,
        )


def _name_elsewhere(failed: Failed) -> Iterator[Wanted]:
    where = endpoint(failed.check)
    there = endpoint(failed.lent) if failed.lent else None
    if where and where.server_name and there and there.host != where.host:
        check = name_elsewhere_check(there.host, there.port, where.server_name, failed.offered)
        yield Wanted(role=Role.NAME_ELSEWHERE, check=check, path=failed.cell.path)


def _other_transport(failed: Failed) -> Iterator[Wanted]:
    name, server = target_name(failed.check), udp_server(failed.walk)
    if name and server:
        yield Wanted(role=Role.OTHER_TRANSPORT, check=other_transport_check(name, server), path=failed.cell.path)


def _neutral_query(failed: Failed) -> Iterator[Wanted]:
    name = target_name(failed.neutral) if failed.neutral else None
    if name:
        yield Wanted(role=Role.NEUTRAL_QUERY, check=neutral_query_check(name), path=failed.cell.path)


def _yardsticks(failed: Failed) -> Iterator[Wanted]:
    """Neutral hosts asked by the probe of the check, over the same path and within the same minute."""
    own = {check.name for check in failed.cell.target.checks}
    for check in failed.controls.yardsticks:
        if check.probe == failed.check.probe and check.name not in own:
            yield Wanted(role=Role.YARDSTICK, check=check, path=failed.cell.path)


def _exit(failed: Failed) -> Iterator[Wanted]:
    for check in failed.controls.reflectors:
        yield Wanted(role=Role.EXIT, check=check, path=failed.cell.path)


# When each row applies.


def _path_stood(failed: Failed) -> bool:
    """The path was there to be asked over. A tunnel that did not come up would only be tried again by its controls."""
    return stood(failed.walk)


def _own_servers(failed: Failed) -> bool:
    """The path's own servers failed, or may have: then the question is whether the network here works."""
    apart = failed.last.of != "target" or failed.last.stage in {Stage.PATH, Stage.RESOLVE}
    return apart or bool(failed.cell.path.hops) or failed.cell.target.name == PATH_TARGET


def _at_target(failed: Failed) -> bool:
    """The failure may be the target's: also where a proxy would not reach it, for whatever reason."""
    return failed.last.of == "target" or failed.last.stage == Stage.HOP


def _after_lookup(failed: Failed) -> bool:
    """An address was given out, and could not be used: by us, or by a proxy that was handed it."""
    used = {Stage.CONNECT, Stage.HOP, Stage.TLS, Stage.REQUEST, Stage.RESPONSE}
    return _at_target(failed) and (failed.last.stage in used or _another_page(failed))


def _in_handshake(failed: Failed) -> bool:
    return failed.last.of == "target" and failed.last.stage == Stage.TLS


def _name_was_shown(failed: Failed) -> bool:
    """The target's name stood in a handshake that failed, or in an Initial that nobody answered."""
    of_quic = failed.check.probe == "quic" and failed.last.of == "target" and failed.last.stage == Stage.RESPONSE
    return _in_handshake(failed) or of_quic


def _silent_in_handshake(failed: Failed) -> bool:
    return _in_handshake(failed) and failed.last.failure == "generic_timeout_error"


def _of_lookup(failed: Failed) -> bool:
    return failed.last.stage == Stage.RESOLVE


def _looked_up(failed: Failed) -> bool:
    return _at_target(failed) and udp_server(failed.walk) is not None


def _another_page(failed: Failed) -> bool:
    """A whole answer came, and it was not the target's: its last stage ended by what it held, not by the connection."""
    return failed.last.stage == Stage.BODY and failed.last.failure not in CUT_SHORT


def _answered_otherwise(failed: Failed) -> bool:
    return failed.last.of == "target" and failed.last.stage in {Stage.RESPONSE, Stage.BODY}


_abroad = functools.partial(_neutral, role=Role.FOREIGN)
_at_home = functools.partial(_neutral, role=Role.DOMESTIC)

_COMPARED = Row(
    role=Role.YARDSTICK,
    when=_at_target,
    ask=_yardsticks,
    tells="whether the same probe fares better with a neutral host over this path",
)
_AGAIN = Row(role=Role.KNOWN_GOOD, when=_at_target, ask=_same_check, tells="whether the target is up")

QUALITY_ROWS: tuple[Row, ...] = (_COMPARED, _AGAIN)
"""What a walk asks for that went through, and poorly."""

ROWS: tuple[Row, ...] = (
    Row(
        role=Role.FOREIGN,
        when=_path_stood,
        ask=functools.partial(_abroad, over=_this_path),
        tells="whether this path carries anything abroad",
    ),
    Row(
        role=Role.DOMESTIC,
        when=_path_stood,
        ask=functools.partial(_at_home, over=_this_path),
        tells="whether this path carries anything at all",
    ),
    Row(
        role=Role.FOREIGN,
        when=_own_servers,
        ask=functools.partial(_abroad, over=_direct),
        tells="whether the network here reaches abroad without the path",
    ),
    Row(
        role=Role.DOMESTIC,
        when=_own_servers,
        ask=functools.partial(_at_home, over=_direct),
        tells="whether there is a network here at all",
    ),
    _COMPARED,
    _AGAIN,
    Row(
        role=Role.KNOWN_GOOD,
        when=_after_lookup,
        ask=_same_address,
        tells="whether the address given out here is the target's own",
    ),
    Row(
        role=Role.FOREIGN,
        when=_at_target,
        ask=functools.partial(_abroad, over=_known_good),
        tells="whether the path known good is up, so that its failure means something",
    ),
    Row(
        role=Role.OTHER_TRANSPORT,
        when=_looked_up,
        ask=_other_transport,
        tells="whether somebody else answers in the resolver's name over UDP",
    ),
    Row(role=Role.NEUTRAL_QUERY, when=_of_lookup, ask=_neutral_query, tells="whether the resolver answers at all"),
    Row(
        role=Role.OTHER_NAME,
        when=_name_was_shown,
        ask=_other_name,
        tells="whether the address or the name is at fault",
    ),
    Row(
        role=Role.OTHER_HELLO,
        when=_in_handshake,
        ask=_other_hello,
        tells="whether it is our ClientHello that is at fault",
    ),
    Row(
        role=Role.OTHER_NAME,
        when=_silent_in_handshake,
        ask=_home_name,
        tells="whether only names that are known at home pass",
    ),
    Row(
        role=Role.NAME_ELSEWHERE,
        when=_in_handshake,
        ask=_name_elsewhere,
        tells="whether the target's name is cut wherever it goes",
    ),
    Row(role=Role.EXIT, when=_answered_otherwise, ask=_exit, tells="where the answering server saw us come from"),
)
"""Asked in this order: what triggers a censor comes last, so that it spoils nothing that is still to be asked."""
