"""What the controls of a cell say about one failed walk. Everything here is a question with a plain answer."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.judge.blockpages import PAGES, Page
from harness.judge.compared import (
    alike,
    by_way_of_hops,
    furthest,
    http_answer,
    progress,
    reached,
    same_end,
    tls_answered,
)
from harness.judge.controls.over import DIRECT
from harness.judge.endpoints import Endpoint, endpoint, is_ipv6, target_name
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
from harness.judge.quality import DATAGRAMS
from harness.judge.told import bogus, contradictory, given_out, same_lookup
from harness.model import Attempt, Cell, Check, Control, Json, Level, Role, Stage, Walk

ANSWERED_BY_PROXY = frozenset({"proxy_auth_failed", "proxy_protocol_error", "not_supported"})
"""Failures of a hop that say something of the hop alone, and nothing of the target behind it."""

GENUINE = frozenset({Role.FOREIGN, Role.DOMESTIC, Role.KNOWN_GOOD, Role.EXIT})
"""Controls that go through only where a genuine host answered; the others take anybody's answer."""


_BEFORE_IDENTITY = frozenset({Stage.CONNECT, Stage.HOP, Stage.TLS})


class Answer(enum.StrEnum):
    """What a group of controls says; `missing` where none was run."""

    YES = "yes"
    NO = "no"
    MISSING = "missing"


class Good(enum.StrEnum):
    """How far the same check came over a path known good, the best first."""

    PASSED = "passed"
    BEYOND = "beyond"  # past the stage at which the walk failed
    OTHERWISE = "otherwise"  # it failed there too, in another way
    ALIKE = "alike"  # it failed there too, in the same way
    MISSING = "missing"  # none was run, or the path known good was itself down


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The controls of a cell, ready to be asked about a walk."""

    cell: Cell
    controls: tuple[Control, ...] = ()
    pages: tuple[Page, ...] = field(default=PAGES)
    attempts: tuple[Attempt, ...] = ()

    def check(self, walk: Walk) -> Check | None:
        """The check that the walk is of."""
        return next((check for check in self.cell.target.checks if check.name == walk.check), None)

    def where(self, walk: Walk) -> Endpoint | None:
        """Where the walk's check goes."""
        check = self.check(walk)
        return endpoint(check) if check else None

    def of(self, role: Role, path: str | None = None, check: str | None = None) -> tuple[Control, ...]:
        """The controls of a role, over that path and of that check where these are given."""
        return tuple(
            control
            for control in self.controls
            if control.role is role and path in (None, control.path) and check in (None, control.check)
        )

    def neutral(self, role: Role, path: str | None = None) -> Answer:
        """Whether any neutral host of that role answered over that path, by default the cell's own."""
        return _any_passed(self.of(role, path or self.cell.path.name))

    @property
    def network(self) -> Answer:
        """Whether anything at all went through: over whatever path of ours, to whatever host."""
        return _any_passed([one for one in self.controls if one.role in GENUINE and not lent(one)])

    @property
    def direct(self) -> Answer:
        """Whether a neutral host, at home or abroad, answered without the path."""
        return _any_passed([*self.of(Role.FOREIGN, DIRECT.name), *self.of(Role.DOMESTIC, DIRECT.name)])

    @property
    def abroad_elsewhere(self) -> bool:
        """True where a neutral host abroad is shown to be up by another path."""
        return any(passed(one) for one in self.of(Role.FOREIGN) if one.path != self.cell.path.name)

    def known_good(self, walk: Walk) -> Good:
        """How far the walk's check came over paths known good; the best of them counts."""
        return self._best(walk, [one for one in self.of(Role.KNOWN_GOOD, check=walk.check) if not pinned(one)])

    def same_address(self, walk: Walk) -> Good:
        """The same, to the very address that the resolver here gave out; one of IPv6 over paths that have it."""
        return self._best(walk, [one for one in self._at_address(walk) if self._has_family(walk, one.path)])

    def family_untold(self, walk: Walk) -> bool:
        """True where the walk's address was asked for over paths known good, and none of them is shown to have IPv6."""
        asked = self._at_address(walk)
        return bool(asked) and not any(self._has_family(walk, one.path) for one in asked)

    def _at_address(self, walk: Walk) -> list[Control]:
        here = [one for one in self.of(Role.KNOWN_GOOD, check=walk.check) if pinned(one)]
        return [one for one in here if any(seen.address == walk.address for seen in one.walks)]

    def _has_family(self, walk: Walk, path: str) -> bool:
        """Not every proxy has IPv6: it counts only where something by IPv6 was reached over that path."""
        return not is_ipv6(walk.address) or self._carries_ipv6(path)

    def known_good_walks(self, walk: Walk) -> Iterator[Walk]:
        """Every walk of the same check over a path known good."""
        for control in self.of(Role.KNOWN_GOOD, check=walk.check):
            yield from () if pinned(control) else control.walks

    def elsewhere_walks(self, walk: Walk) -> Iterator[Walk]:
        """The same, by another way: without hops here and there, both go over the one line that is in question."""
        for control in self.of(Role.KNOWN_GOOD, check=walk.check):
            yield from (seen for seen in control.walks if not pinned(control) and _parts(walk, seen, control.path))

    def fails_elsewhere(self, walk: Walk) -> bool:
        """True where the walk's check failed alike over a path known good by another way, or a name by its resolver."""
        known = [one for one in self.of(Role.KNOWN_GOOD, check=walk.check) if not pinned(one)]
        alike_there = [
            (seen, one.path) for one in known for seen in one.walks if self._compare(walk, seen, one.path) is Good.ALIKE
        ]
        return any(walk.failed_at is Stage.RESOLVE or _parts(walk, seen, path) for seen, path in alike_there)

    def other_name_answered(self, walk: Walk) -> Answer:
        """Whether the walk's address answers a handshake under a neutral name."""
        return self._at_its_address(walk, other_name_check, tls_answered)

    def other_initial_answered(self, walk: Walk) -> Answer:
        """Whether the walk's address answers an Initial of QUIC under a neutral name."""
        return self._at_its_address(walk, other_initial_check, lambda seen: seen.completed)

    def other_hello_answered(self, walk: Walk) -> Answer:
        """Whether the walk's address answers another ClientHello with the same name, as often as it is asked."""
        where = self.where(walk)
        if where is None or walk.address is None or where.server_name is None:
            return Answer.MISSING
        checks = other_hello_checks(walk.address, where.port, where.server_name)
        found = [self.of(Role.OTHER_HELLO, check=check.name) for check in checks]
        answers = [_any([tls_answered(seen) for one in each for seen in one.walks]) for each in found]
        return next((one for one in (Answer.NO, Answer.MISSING) if one in answers), Answer.YES)

    def home_name_answered(self, walk: Walk) -> Answer:
        """Whether the walk's address answers a handshake under the name of a neutral host at home."""
        return self._at_its_address(walk, home_name_check, tls_answered)

    def _at_its_address(
        self, walk: Walk, asked: Callable[[str, int, str], Check], fits: Callable[[Walk], bool]
    ) -> Answer:
        """Whether a control under another name at the walk's address ended so that it fits."""
        where = self.where(walk)
        if where is None or walk.address is None:
            return Answer.MISSING
        found = self.of(Role.OTHER_NAME, check=asked(walk.address, where.port, "").name)
        return _any([fits(seen) for control in found for seen in control.walks])

    def name_cut_elsewhere(self, walk: Walk) -> Answer:
        """Whether the target's name meets the same end at a neutral host."""
        where = self.where(walk)
        if where is None or where.server_name is None:
            return Answer.MISSING
        found = self.of(Role.NAME_ELSEWHERE, check=name_elsewhere_check("", 443, where.server_name).name)
        lent_to = [seen for control in found for seen in control.walks]
        return Answer.MISSING if self._punished(lent_to) else _any([same_end(seen, walk) for seen in lent_to])

    def _punished(self, walks: Iterable[Walk]) -> bool:
        """True where a neutral host that answered under its own name takes no connection: another was cut there."""
        neutral = [*self.of(Role.FOREIGN, self.cell.path.name), *self.of(Role.DOMESTIC, self.cell.path.name)]
        answered = {seen.address for control in neutral for seen in control.walks if seen.completed and seen.address}
        return any(seen.failed_at is Stage.CONNECT and seen.address in answered for seen in walks)

    def by_tcp(self, walk: Walk) -> Walk | None:
        """The same question put to the same resolver over TCP, where it was."""
        check, server = self.check(walk), udp_server(walk)
        name = target_name(check) if check else None
        if not name or not server:
            return None
        found = self.of(Role.OTHER_TRANSPORT, check=other_transport_check(name, server).name)
        return next((seen for control in found for seen in control.walks), None)

    def answered_late(self, walk: Walk) -> bool:
        """True where the path's resolver answered the question, whatever it said, when it was waited for longer."""
        check = self.check(walk)
        name = target_name(check) if check else None
        found = self.of(Role.PATIENT_QUERY, check=patient_query_check(name).name) if name else ()
        ends = [seen.at(Stage.RESOLVE) for control in found for seen in control.walks]
        return any(end is not None and end.received > 0 for end in ends)

    def taken_before(self, walk: Walk) -> float | None:
        """Seconds since another cell's connection was taken at the walk's address, None where none was."""
        own = next((one for one in self.attempts if any(each is walk for each in one.walks)), None)
        return own.taken.get(walk.address or "") if own else None

    def again(self, walk: Walk) -> Answer:
        """Whether the walk's check went through over the cell's own path when it was asked once more."""
        return _any_passed(self.of(Role.AGAIN, self.cell.path.name, walk.check))

    def without_path(self, walk: Walk) -> Answer:
        """Whether the walk's check goes through directly."""
        return _any_passed(self.of(Role.WITHOUT_PATH, check=walk.check))

    def over_tls(self, walk: Walk) -> tuple[Mapping[str, Json], ...]:
        """What the service answered over TLS, verified, to the request that the walk sent in the clear."""
        found = self.of(Role.ENCRYPTED, self.cell.path.name, encrypted_check_name(walk.check))
        return tuple(answer for control in found for seen in control.walks if (answer := http_answer(seen)))

    def in_the_clear(self) -> tuple[Mapping[str, Json], ...]:
        """What came over the cell's own path as neutral hosts' pages in the clear, empty where nothing came."""
        found = self.of(Role.IN_THE_CLEAR, self.cell.path.name)
        return tuple(http_answer(seen) for control in found for seen in control.walks)

    def without_tls(self, walk: Walk) -> bool:
        """True where the page of the walk was asked for over TLS, and connections for that were refused."""
        found = self.of(Role.ENCRYPTED, self.cell.path.name, encrypted_check_name(walk.check))
        asked = [seen for control in found for seen in control.walks]
        refused = [seen.failed_at is Stage.CONNECT and seen.failure == "connection_refused" for seen in asked]
        return bool(refused) and all(refused)

    def resolver_answers(self, names: Iterable[str]) -> Answer:
        """Whether the path's resolver answered a neutral question."""
        wanted = {neutral_query_check(name).name for name in names}
        found = [one for one in self.of(Role.NEUTRAL_QUERY) if one.check in wanted or not wanted]
        return _any_passed(found)

    def addresses_elsewhere(self, walk: Walk) -> frozenset[str]:
        """The addresses of the name as controls resolved it."""
        by_tcp = self.by_tcp(walk)
        walks = [*self.witnesses(walk), *([by_tcp] if by_tcp else [])]
        return frozenset(address for seen in walks for address in given_out(seen))

    def witnesses(self, walk: Walk) -> Iterator[Walk]:
        """The walks over a path known good that know the name by themselves: by one story, and not by the same one."""
        for control in self.of(Role.KNOWN_GOOD, check=walk.check):
            if not pinned(control):
                yield from (
                    seen for seen in control.walks if not (contradictory(seen) or _retold(walk, seen, control.path))
                )

    def served_from_nowhere(self, walk: Walk) -> bool:
        """True where over a path known good, of the walk's family, nobody takes a connection at its address either."""
        here = [one for one in self._at_address(walk) if self._has_family(walk, one.path)]
        found = [(one.path, seen) for one in here for seen in one.walks if seen.address == walk.address]
        shown = [seen for path, seen in found if not self._says_nothing(seen, path)]
        return bool(shown) and not any(map(reached, shown))

    def nobody_shown(self, walk: Walk) -> bool:
        """True where at the walk's address nobody showed who he is, over a path known good neither."""
        here = [one for one in self.of(Role.KNOWN_GOOD, check=walk.check) if pinned(one)]
        found = [(one.path, seen) for one in here for seen in one.walks if seen.address == walk.address]
        shown = [seen for path, seen in found if not self._says_nothing(seen, path)]
        return bool(shown) and all(seen.failed_at in _BEFORE_IDENTITY and not tls_answered(seen) for seen in shown)

    def _carries_ipv6(self, path: str) -> bool:
        found = [seen for one in self.controls if one.path == path for seen in one.walks if is_ipv6(seen.address)]
        return any(map(reached, found))

    def _best(self, walk: Walk, controls: Iterable[Control]) -> Good:
        found = {self._compare(walk, seen, control.path) for control in controls for seen in control.walks}
        return next((good for good in Good if good in found), Good.MISSING)

    def _compare(self, walk: Walk, control: Walk, path: str) -> Good:
        if control.last is None or self._says_nothing(control, path):
            return Good.MISSING
        if _retold(walk, control, path) and (control.level <= Level.E0 or not control.completed):
            return Good.MISSING
        if control.completed:
            return Good.MISSING if bogus(control) else Good.PASSED
        if progress(control) > furthest(walk):
            return Good.BEYOND
        if self.neutral(Role.FOREIGN, path) is Answer.NO:  # whatever ends so for everybody is the path's own
            return Good.MISSING
        return Good.ALIKE if alike(walk, control) else Good.OTHERWISE

    def _says_nothing(self, control: Walk, path: str) -> bool:
        """True where the path known good failed by itself, or is not shown to reach anybody abroad."""
        last = control.last
        assert last is not None
        if last.of != "target" and (last.stage != Stage.HOP or last.failure in ANSWERED_BY_PROXY):
            return True
        if reached(control):
            return False
        if self._by_datagrams(control):  # a path that carries connections need not carry datagrams
            return not any(map(passed, self.of(Role.YARDSTICK, path)))
        return self.neutral(Role.FOREIGN, path) is not Answer.YES

    def _by_datagrams(self, walk: Walk) -> bool:
        check = self.check(walk)
        return check is not None and check.probe in DATAGRAMS


def _any(answers: Iterable[bool]) -> Answer:
    known = list(answers)
    return (Answer.YES if any(known) else Answer.NO) if known else Answer.MISSING


def _any_passed(controls: Iterable[Control]) -> Answer:
    return _any([passed(control) for control in controls])


def passed(control: Control) -> bool:
    """True where one of the control's addresses went through."""
    return any(walk.completed for walk in control.walks)


def pinned(control: Control) -> bool:
    """True for a control that was sent to an address of our choice; its id says so (`Wanted.id`)."""
    return "#" in control.id


def lent(control: Control) -> bool:
    """True for what another vantage saw (`harness.judge.lend`): it says nothing of the network here."""
    return _afar(control.path)


def _afar(path: str) -> bool:
    return "@" in path


def _parts(walk: Walk, control: Walk, path: str) -> bool:
    """True where a control went another way than the walk."""
    return _afar(path) or by_way_of_hops(control) or by_way_of_hops(walk)


def _retold(walk: Walk, control: Walk, path: str) -> bool:
    """True where a control was told the same of the name by the same resolver, from the same place."""
    return not _afar(path) and same_lookup(walk, control)
