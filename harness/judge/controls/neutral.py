"""Neutral hosts: whether there is a network, and whether a path carries anything."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from harness.judge.controls.over import direct, known_good, names_past_it, this_path
from harness.judge.failed import Failed, Row, Wanted, at_target
from harness.model import PATH_TARGET, Path, Role, Stage, Walk


def stood(walk: Walk) -> bool:
    """False where a tunnel of the path itself did not come up, so that nothing was asked over it."""
    return walk.last is None or walk.last.stage != Stage.PATH or not walk.last.of.startswith("hop:")


def _neutral(failed: Failed, *, role: Role, over: Callable[[Failed], tuple[Path, ...]]) -> Iterator[Wanted]:
    """The declared neutral checks, except those that are the cell's own and were just run."""
    own = {check.name for check in failed.cell.target.checks}
    for path in over(failed):
        for check in failed.controls.foreign if role is Role.FOREIGN else failed.controls.domestic:
            if check.name not in own or path.name != failed.cell.path.name:
                yield Wanted(role=role, check=check, path=path)


def _path_stood(failed: Failed) -> bool:
    """The path was there to be asked over. A tunnel that did not come up would only be tried again by its controls."""
    return stood(failed.walk)


def _own_servers(failed: Failed) -> bool:
    """The path's own servers failed, or may have: then the question is whether the network here works."""
    apart = failed.last.of != "target" or failed.last.stage in {Stage.PATH, Stage.RESOLVE}
    return apart or bool(failed.cell.path.hops) or failed.cell.target.name == PATH_TARGET


def _lookup_by_hops(failed: Failed) -> bool:
    """The resolver was asked over the path's hops, so that either of them may be at fault."""
    return failed.last.stage == Stage.RESOLVE and failed.last.of == "target" and failed.cell.path.lookup == "hops"


_abroad = functools.partial(_neutral, role=Role.FOREIGN)
_at_home = functools.partial(_neutral, role=Role.DOMESTIC)

HERE: tuple[Row, ...] = (
    Row(
        role=Role.FOREIGN,
        when=_path_stood,
        ask=functools.partial(_abroad, over=this_path),
        tells="whether this path carries anything abroad",
    ),
    Row(
        role=Role.DOMESTIC,
        when=_path_stood,
        ask=functools.partial(_at_home, over=this_path),
        tells="whether this path carries anything at all",
    ),
)

WITHOUT_THE_PATH: tuple[Row, ...] = (
    Row(
        role=Role.FOREIGN,
        when=_own_servers,
        ask=functools.partial(_abroad, over=direct),
        tells="whether the network here reaches abroad without the path",
    ),
    Row(
        role=Role.DOMESTIC,
        when=_own_servers,
        ask=functools.partial(_at_home, over=direct),
        tells="whether there is a network here at all",
    ),
)

NAMES_PAST_THE_PATH = Row(
    role=Role.FOREIGN,
    when=_lookup_by_hops,
    ask=functools.partial(_abroad, over=names_past_it),
    tells="whether this path carries anything where no name is asked over it",
)

OVER_KNOWN_GOOD = Row(
    role=Role.FOREIGN,
    when=at_target,
    ask=functools.partial(_abroad, over=known_good),
    tells="whether the path known good is up, so that its failure means something",
)
