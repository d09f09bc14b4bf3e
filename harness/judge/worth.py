"""Controls that tell something only after what others have told: asked last, and not always."""

from __future__ import annotations

from collections.abc import Iterable

from harness.judge.compared import http_answer
from harness.judge.failed import Wanted
from harness.judge.named import encrypted_check_name
from harness.judge.pages import same_page
from harness.model import Control, Role, Walk

# These may set off a filter at an address that others still need: they come when the others are done, one by one.
RISKY = frozenset({Role.OTHER_NAME, Role.OTHER_HELLO, Role.NAME_ELSEWHERE})
_NEUTRAL = (Role.FOREIGN, Role.DOMESTIC)


def worth_asking(one: Wanted, done: Iterable[Control], here: str, asking: Iterable[Walk] = ()) -> bool:
    """Whether a control can tell anything, after what the others have said of a cell of the path `here`.

    `asking` are the walks that ask for controls. A check is asked again only where it is a riddle why it failed: the
    target is up, or the line itself is in doubt. Where nothing neutral came through no name is at fault, and none need
    be risked; another ClientHello that was not answered is not sent again. Nobody is waited for who answers nothing, or
    has answered this question by TCP. A check is asked without its path only where that path carries something, and
    over TLS, or a neutral host in the clear, only where a path known good brings another page.
    """
    if one.role in RISKY:
        return _may_carry(done, here) and not _unanswered(one, done)
    if one.role is Role.AGAIN:
        return _went(done, Role.KNOWN_GOOD, check=one.check.name) is True or _line_in_doubt(done, here)
    if one.role is Role.PATIENT_QUERY:
        return _went(done, Role.NEUTRAL_QUERY) is True and not _went(done, Role.OTHER_TRANSPORT)
    if one.role is Role.ENCRYPTED:
        return any(_other_page(walk, done) for walk in asking if encrypted_check_name(walk.check) == one.check.name)
    if one.role is Role.IN_THE_CLEAR:
        return any(_other_page(walk, done) for walk in asking)
    if one.role is Role.WITHOUT_PATH:
        return _went(done, Role.FOREIGN, path=here) is True
    return True


def _other_page(walk: Walk, done: Iterable[Control]) -> bool:
    here = http_answer(walk)
    good = [one for one in done if one.role is Role.KNOWN_GOOD and one.check == walk.check]
    there = [http_answer(seen) for one in good for seen in one.walks if seen.completed]
    return bool(here and there) and not any(same_page(here, answer) for answer in there)


def _line_in_doubt(done: Iterable[Control], here: str) -> bool:
    return all(_went(done, role, path=here) is False for role in _NEUTRAL)


def _may_carry(done: Iterable[Control], here: str) -> bool:
    """Something neutral came through over the path, or nothing neutral was asked."""
    found = [went for role in _NEUTRAL if (went := _went(done, role, path=here)) is not None]
    return not found or any(found)


def _unanswered(one: Wanted, done: Iterable[Control]) -> bool:
    """The same ClientHello was sent before, and not answered."""
    same, _, _ = one.check.name.rpartition(":")
    before = (each for each in done if each.role is one.role is Role.OTHER_HELLO and each.path == one.path.name)
    return any(each.check.rpartition(":")[0] == same and not _passed(each) for each in before)


def _went(done: Iterable[Control], role: Role, check: str | None = None, path: str | None = None) -> bool | None:
    """Whether a control of that role went through, None where none was asked; those to pinned addresses aside."""
    found = [
        _passed(control)
        for control in done
        if control.role is role and check in (None, control.check) and path in (None, control.path)
        if "#" not in control.id
    ]
    return any(found) if found else None


def _passed(control: Control) -> bool:
    return any(walk.completed for walk in control.walks)
