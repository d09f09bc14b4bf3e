"""Which controls make a failed walk interpretable. Pure: the engine runs what is asked for here, and nothing else."""

from __future__ import annotations

import functools
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.judge.addresses import is_bogon
from harness.judge.endpoints import endpoint, is_address, target_name
from harness.judge.failed import Failed, Row, Wanted
from harness.judge.named import (
    encrypted_check_name,
    home_name_check,
    name_elsewhere_check,
    neutral_query_check,
    other_hello_checks,
    other_initial_check,
    other_name_check,
    other_transport_check,
    patient_query_check,
    udp_server,
)
from harness.judge.pages import REFUSALS
from harness.judge.quality import DATAGRAMS, missed
from harness.judge.told import bogus
from harness.model import PATH_TARGET, Cell, Check, Controls, Level, Path, Role, Spec, Stage, Walk

SHORT_SEGMENT = 1220
"""Bytes of a segment that come through wherever IPv6 does: 1280 (RFC 8200, section 5) without IP's and TCP's heads."""

DIRECT = Path(name="direct")
"""The empty path, over which neutral hosts show whether there is a network here at all."""

CUT_SHORT = frozenset({"generic_timeout_error", "connection_reset", "connection_aborted", "eof_error"})
"""How a connection ends by which an answer is cut short."""


def names_here(path: str) -> str:
    """What the path of that name is called where names are asked past it, so that only addresses go over it."""
    return f"{path}+names-here"


def wanted(walk: Walk, cell: Cell, controls: Controls) -> tuple[Wanted, ...]:
    """The controls that a walk asks for, in the order to run them, each once.

    One that went through asks for none, unless anybody on the way could have answered in the target's place, its
    quality lies below the target's floor, or it is a bare answer of a resolver that is bogus on its face.
    """
    check = next((check for check in cell.target.checks if check.name == walk.check), None)
    last = walk.last
    if check is None or last is None:
        return ()
    failed = Failed(walk=walk, last=last, check=check, cell=cell, controls=controls)
    asked = (one for row in _rows(failed) if row.when(failed) for one in row.ask(failed))
    return tuple({one.id: one for one in asked}.values())


def _rows(failed: Failed) -> tuple[Row, ...]:
    walk = failed.walk
    if failed.last.failure is not None:
        return ROWS
    if missed(walk, failed.cell.target.floor):
        return QUALITY_ROWS
    if bogus(walk):
        return LOOKUP_ROWS
    return ANYBODYS_ROWS if anybodys(walk, failed.check) else ()


def stood(walk: Walk) -> bool:
    """False where a tunnel of the path itself did not come up, so that nothing was asked over it."""
    return walk.last is None or walk.last.stage != Stage.PATH or not walk.last.of.startswith("hop:")


def anybodys(walk: Walk, check: Check) -> bool:
    """True where an answer came in the clear, and nothing in it shows whose it is."""
    answered = walk.at(Stage.RESPONSE) is not None and walk.level < Level.E3
    return answered and str(check.params.get("url", "")).startswith("http://")


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


def _names_here(failed: Failed) -> tuple[Path, ...]:
    path = failed.cell.path
    return (replace(path, name=names_here(path.name), resolver=DIRECT.resolver, lookup=DIRECT.lookup),)


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
            check = other_initial_check(address, where.port, name, failed.check.params.get("seconds", 4.0))
        else:
            check = other_name_check(address, where.port, name, failed.offered)
        yield Wanted(role=Role.OTHER_NAME, check=check, path=failed.cell.path)


def _other_hello(failed: Failed) -> Iterator[Wanted]:
    where, address = endpoint(failed.check), failed.walk.address
    if where and where.server_name and address and is_address(address):
        for check in other_hello_checks(address, where.port, where.server_name, failed.offered):
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


def _patient_query(failed: Failed) -> Iterator[Wanted]:
    if name := target_name(failed.check):
        yield Wanted(role=Role.PATIENT_QUERY, check=patient_query_check(name), path=failed.cell.path)


def _in_short_segments(failed: Failed) -> Iterator[Wanted]:
    """Over the same path; where its connections are ours, no segment of them is longer than all ways carry."""
    path = failed.cell.path
    if not path.hops:
        path = replace(path, base=Spec(kind=path.base.kind, params={**path.base.params, "segment": SHORT_SEGMENT}))
    yield Wanted(role=Role.AGAIN, check=failed.check, path=path)


def _without_path(failed: Failed) -> Iterator[Wanted]:
    yield Wanted(role=Role.WITHOUT_PATH, check=failed.check, path=DIRECT)


def _over_tls(failed: Failed) -> Iterator[Wanted]:
    url = urllib.parse.urlsplit(str(failed.check.params["url"]))
    secure = url._replace(scheme="https", netloc=url.hostname or "").geturl()
    check = replace(failed.check, name=encrypted_check_name(failed.check.name), params={"url": secure})
    yield Wanted(role=Role.ENCRYPTED, check=check, path=failed.cell.path)


def _yardsticks(failed: Failed) -> Iterator[Wanted]:
    """Neutral hosts asked by the probe of the check, over the same path and within the same minute."""
    own = {check.name for check in failed.cell.target.checks}
    for check in failed.controls.yardsticks:
        if check.probe == failed.check.probe and check.name not in own:
            yield Wanted(role=Role.YARDSTICK, check=check, path=failed.cell.path)


def _yardsticks_elsewhere(failed: Failed) -> Iterator[Wanted]:
    """The same neutral hosts over paths known good, and past the path: one that is down itself says nothing here."""
    here = {one.check.name: one.check for one in _yardsticks(failed)}
    past = _direct(failed) if failed.cell.path.hops else ()  # without hops it is the same line
    for path in (*_known_good(failed), *past):
        yield from (Wanted(role=Role.YARDSTICK, check=check, path=path) for check in here.values())


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


def _lookup_silent(failed: Failed) -> bool:
    return _of_lookup(failed) and failed.last.of == "target" and failed.last.failure == "generic_timeout_error"


def _asks_stun(failed: Failed) -> bool:
    return _at_target(failed) and failed.check.probe == "stun"


def _lookup_by_hops(failed: Failed) -> bool:
    """The resolver was asked over the path's hops, so that either of them may be at fault."""
    return _of_lookup(failed) and failed.last.of == "target" and failed.cell.path.lookup == "hops"


def _looked_up(failed: Failed) -> bool:
    return _at_target(failed) and udp_server(failed.walk) is not None


def _another_page(failed: Failed) -> bool:
    """A whole answer came, and it was not the target's: its last stage ended by what it held, not by the connection."""
    return failed.last.stage == Stage.BODY and failed.last.failure not in CUT_SHORT


def _answered_otherwise(failed: Failed) -> bool:
    return failed.last.of == "target" and failed.last.stage in {Stage.RESPONSE, Stage.BODY}


def _page_in_the_clear(failed: Failed) -> bool:
    """A page came in the clear, or a refusal in its place: whether it is the service's own nobody can tell by looks."""
    answer = failed.walk.at(Stage.RESPONSE)
    came = failed.last.failure is None or (_another_page(failed) and answer and answer.detail.get("status") in REFUSALS)
    in_the_clear = str(failed.check.params.get("url", "")).startswith("http://")
    return bool(came) and in_the_clear and failed.check.probe == "http" and target_name(failed.check) is not None


def _by_bytes(failed: Failed) -> bool:
    """The check goes to an endpoint, and not by datagrams."""
    return _at_target(failed) and failed.check.probe not in DATAGRAMS and endpoint(failed.check) is not None


def _comes_out_elsewhere(failed: Failed) -> bool:
    """The path has hops, its own part of the way is done, and the scenario goes to the target directly as well."""
    if not failed.controls.direct:
        return False
    done = failed.last.stage not in {Stage.PATH, Stage.RESOLVE}
    return bool(failed.cell.path.hops) and failed.cell.target.name != PATH_TARGET and done and _by_bytes(failed)


_abroad = functools.partial(_neutral, role=Role.FOREIGN)
_at_home = functools.partial(_neutral, role=Role.DOMESTIC)

_COMPARED = Row(
    role=Role.YARDSTICK,
    when=_at_target,
    ask=_yardsticks,
    tells="whether the same probe fares better with a neutral host over this path",
)
_AGAIN = Row(role=Role.KNOWN_GOOD, when=_at_target, ask=_same_check, tells="whether the target is up")

_ENCRYPTED = Row(
    role=Role.ENCRYPTED,
    when=_page_in_the_clear,
    ask=_over_tls,
    tells="whether the service itself, which nobody else can speak for over TLS, answers alike",
)
_NEUTRAL_HERE = (
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
)

ANYBODYS_ROWS: tuple[Row, ...] = (*_NEUTRAL_HERE, _AGAIN, _ENCRYPTED)
"""What a walk asks for that went through, and that anybody on the way could have answered."""

QUALITY_ROWS: tuple[Row, ...] = (_COMPARED, _AGAIN)
"""What a walk asks for that went through, and poorly."""

_BY_TCP = Row(
    role=Role.OTHER_TRANSPORT,
    when=_looked_up,
    ask=_other_transport,
    tells="whether somebody else answers in the resolver's name over UDP",
)

LOOKUP_ROWS: tuple[Row, ...] = (_AGAIN, _BY_TCP)
"""What a bare answer of a resolver asks for that cannot be true as it stands."""

ROWS: tuple[Row, ...] = (
    *_NEUTRAL_HERE,
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
    Row(
        role=Role.FOREIGN,
        when=_lookup_by_hops,
        ask=functools.partial(_abroad, over=_names_here),
        tells="whether this path carries anything where no name is asked over it",
    ),
    _COMPARED,
    Row(
        role=Role.YARDSTICK,
        when=_asks_stun,
        ask=_yardsticks_elsewhere,
        tells="whether the neutral server is up, so that its silence here means something",
    ),
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
    _BY_TCP,
    _ENCRYPTED,
    Row(role=Role.NEUTRAL_QUERY, when=_of_lookup, ask=_neutral_query, tells="whether the resolver answers at all"),
    Row(
        role=Role.PATIENT_QUERY,
        when=_lookup_silent,
        ask=_patient_query,
        tells="whether the resolver is only slow to answer for this name",
    ),
    Row(
        role=Role.AGAIN,
        when=_by_bytes,
        ask=_in_short_segments,
        tells="whether it fails still, now that the target is shown to be up, and in short segments too",
    ),
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
    Row(
        role=Role.WITHOUT_PATH,
        when=_comes_out_elsewhere,
        ask=_without_path,
        tells="whether it is where the path comes out that the target does not like",
    ),
    Row(role=Role.EXIT, when=_answered_otherwise, ask=_exit, tells="where the answering server saw us come from"),
)
"""Asked in this order: what triggers a censor comes last, so that it spoils nothing that is still to be asked."""
