"""Answers that are not the target's, or need not be: the same page over TLS, and where the server saw us come from."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from dataclasses import replace

from harness.judge.endpoints import target_name
from harness.judge.failed import Failed, Row, Wanted, another_page
from harness.judge.named import encrypted_check_name, in_the_clear_check
from harness.judge.pages import REFUSALS
from harness.model import Check, Level, Role, Stage, Walk


def anybodys(walk: Walk, check: Check) -> bool:
    """True where an answer came in the clear, and nothing in it shows whose it is."""
    answered = walk.at(Stage.RESPONSE) is not None and walk.level < Level.E3
    return answered and _in_the_clear(check)


def _in_the_clear(check: Check) -> bool:
    return str(check.params.get("url", "")).startswith("http://")


def _over_tls(failed: Failed) -> Iterator[Wanted]:
    url = urllib.parse.urlsplit(str(failed.check.params["url"]))
    secure = url._replace(scheme="https", netloc=url.hostname or "").geturl()
    check = replace(failed.check, name=encrypted_check_name(failed.check.name), params={"url": secure})
    yield Wanted(role=Role.ENCRYPTED, check=check, path=failed.cell.path)


def _neutral_page(failed: Failed) -> Iterator[Wanted]:
    neutral = [target_name(check) for check in (failed.neutral, failed.at_home) if check]
    for name in neutral:
        if name and name != target_name(failed.check):
            yield Wanted(role=Role.IN_THE_CLEAR, check=in_the_clear_check(name), path=failed.cell.path)


def _exit(failed: Failed) -> Iterator[Wanted]:
    for check in failed.controls.reflectors:
        yield Wanted(role=Role.EXIT, check=check, path=failed.cell.path)


def _answered_otherwise(failed: Failed) -> bool:
    return failed.last.of == "target" and failed.last.stage in {Stage.RESPONSE, Stage.BODY}


def _page_in_the_clear(failed: Failed) -> bool:
    """A page came in the clear, or a refusal in its place: whether it is the service's own nobody can tell by looks."""
    answer = failed.walk.at(Stage.RESPONSE)
    came = failed.last.failure is None or (another_page(failed) and answer and answer.detail.get("status") in REFUSALS)
    asked = failed.check.probe == "http" and target_name(failed.check) is not None
    return bool(came) and asked and _in_the_clear(failed.check)


def _anything_in_the_clear(failed: Failed) -> bool:
    answered = failed.walk.at(Stage.RESPONSE)
    came = answered is not None and "status" in answered.detail
    return came and failed.check.probe == "http" and _in_the_clear(failed.check)


OVER_TLS = Row(
    role=Role.ENCRYPTED,
    when=_page_in_the_clear,
    ask=_over_tls,
    tells="whether the service itself, which nobody else can speak for over TLS, answers alike",
)

NEUTRAL_PAGE = Row(
    role=Role.IN_THE_CLEAR,
    when=_anything_in_the_clear,
    ask=_neutral_page,
    tells="whether neutral hosts, at home too, are shown with the same page, so that nobody is singled out",
)

EXIT = Row(role=Role.EXIT, when=_answered_otherwise, ask=_exit, tells="where the answering server saw us come from")
