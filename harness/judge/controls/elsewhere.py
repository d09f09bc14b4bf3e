"""The same check over other paths or once more, and the same probe at neutral hosts: whether the target is up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.judge.addresses import is_bogon
from harness.judge.controls.over import DIRECT, direct, known_good
from harness.judge.endpoints import endpoint, target_name
from harness.judge.failed import Failed, Row, Wanted, another_page, at_target
from harness.judge.quality import DATAGRAMS
from harness.model import PATH_TARGET, Role, Spec, Stage

SHORT_SEGMENT = 1220
"""Bytes of a segment that come through wherever IPv6 does: 1280 (RFC 8200, section 5) without IP's and TCP's heads."""


def _same_check(failed: Failed) -> Iterator[Wanted]:
    for path in known_good(failed):
        yield Wanted(role=Role.KNOWN_GOOD, check=failed.check, path=path)


def _same_address(failed: Failed) -> Iterator[Wanted]:
    """The same check over a path known good, to the very address that the resolver here gave out.

    One that cannot be public is nobody's there, or somebody else's: to ask would only cost its time.
    """
    name, address = target_name(failed.check), failed.walk.address
    looked_up = failed.walk.at(Stage.RESOLVE)
    if name and address and looked_up and (looked_up.detail.get("server") == "pins" or not is_bogon(address)):
        for path in known_good(failed):
            yield Wanted(role=Role.KNOWN_GOOD, check=failed.check, path=path, pin={name: (address,)})


def _in_short_segments(failed: Failed) -> Iterator[Wanted]:
    """Over the same path; where its connections are ours, no segment of them is longer than all ways carry."""
    path = failed.cell.path
    if not path.hops:
        path = replace(path, base=Spec(kind=path.base.kind, params={**path.base.params, "segment": SHORT_SEGMENT}))
    yield Wanted(role=Role.AGAIN, check=failed.check, path=path)


def _without_path(failed: Failed) -> Iterator[Wanted]:
    yield Wanted(role=Role.WITHOUT_PATH, check=failed.check, path=DIRECT)


def _yardsticks(failed: Failed) -> Iterator[Wanted]:
    """Neutral hosts asked by the probe of the check, over the same path and within the same minute."""
    own = {check.name for check in failed.cell.target.checks}
    for check in failed.controls.yardsticks:
        if check.probe == failed.check.probe and check.name not in own:
            yield Wanted(role=Role.YARDSTICK, check=check, path=failed.cell.path)


def _yardsticks_elsewhere(failed: Failed) -> Iterator[Wanted]:
    """The same neutral hosts over paths known good, and past the path: one that is down itself says nothing here."""
    here = {one.check.name: one.check for one in _yardsticks(failed)}
    past = direct(failed) if failed.cell.path.hops else ()  # without hops it is the same line
    for path in (*known_good(failed), *past):
        yield from (Wanted(role=Role.YARDSTICK, check=check, path=path) for check in here.values())


def _after_lookup(failed: Failed) -> bool:
    """An address was given out, and could not be used: by us, or by a proxy that was handed it."""
    used = {Stage.CONNECT, Stage.HOP, Stage.TLS, Stage.REQUEST, Stage.RESPONSE}
    return at_target(failed) and (failed.last.stage in used or another_page(failed))


def _asks_by_datagram(failed: Failed) -> bool:
    """A question in a datagram or a few; a stream would take too long."""
    return at_target(failed) and failed.check.probe in {"stun", "quic"}


def _by_bytes(failed: Failed) -> bool:
    """The check goes to an endpoint, and not by datagrams."""
    return at_target(failed) and failed.check.probe not in DATAGRAMS and endpoint(failed.check) is not None


def _comes_out_elsewhere(failed: Failed) -> bool:
    """The path has hops, its own part of the way is done, and the scenario goes to the target directly as well."""
    if not failed.controls.direct:
        return False
    done = failed.last.stage not in {Stage.PATH, Stage.RESOLVE}
    return bool(failed.cell.path.hops) and failed.cell.target.name != PATH_TARGET and done and _by_bytes(failed)


YARDSTICKS = Row(
    role=Role.YARDSTICK,
    when=at_target,
    ask=_yardsticks,
    tells="whether the same probe fares better with a neutral host over this path",
)

SERVERS_OF_DATAGRAMS = Row(
    role=Role.YARDSTICK,
    when=_asks_by_datagram,
    ask=_yardsticks_elsewhere,
    tells="whether the neutral server is up and that path carries datagrams, so that silence means something",
)

SAME_CHECK = Row(role=Role.KNOWN_GOOD, when=at_target, ask=_same_check, tells="whether the target is up")

SAME_ADDRESS = Row(
    role=Role.KNOWN_GOOD,
    when=_after_lookup,
    ask=_same_address,
    tells="whether the address given out here is the target's own",
)

AGAIN = Row(
    role=Role.AGAIN,
    when=_by_bytes,
    ask=_in_short_segments,
    tells="whether it fails still, now that the target is shown to be up, and in short segments too",
)

WITHOUT_PATH = Row(
    role=Role.WITHOUT_PATH,
    when=_comes_out_elsewhere,
    ask=_without_path,
    tells="whether it is where the path comes out that the target does not like",
)
