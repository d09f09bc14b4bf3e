"""Statements about what came back: pages, refusals, certificates out of date, and what comes when asked again."""

from __future__ import annotations

from harness.judge.blockpages import known_page
from harness.judge.compared import http_answer
from harness.judge.conditions import Condition
from harness.judge.controls.elsewhere import SHORT_SEGMENT
from harness.judge.endpoints import asked_host
from harness.judge.pages import REFUSALS, challenge, led_to, location, same_hand, same_page
from harness.judge.residue import RESIDUAL_SECONDS
from harness.judge.seen import Answer, Seen
from harness.model import Level, Observation, Stage, Walk

SLOW = 0.5
"""The share of our patience that an answer elsewhere must have taken for its lack here to be no wonder."""
CRAWLS = 0.5
"""The part of our patience within which data must have come last for it to have been on its way still."""
_AS_LONG_AS_ASKED = frozenset({Stage.MEDIA, Stage.HOLD})  # a stream lasts as long as it is told to, wherever it goes
UNTIMELY = frozenset({408, 421, 425, 426, 428, 429, 431})
"""Too slow, too soon, too many, too large or at the wrong place: what a server says for its own sake."""
SIGN_IN = 511
"""The status of a network that wants its user to sign in, which no origin server says (RFC 6585, section 6)."""
PATIENT = 1.0
"""Seconds that must have been waited for this to mean anything."""


def _encrypted(walk: Walk, seen: Seen) -> bool:
    where = seen.where(walk)
    return walk.at(Stage.TLS) is not None or (where is not None and where.encrypted)


def _speaks_http(walk: Walk, seen: Seen) -> bool:
    check = seen.check(walk)
    return check is not None and str(check.params.get("url", "")).startswith(("http", "ws"))


def _received(walks: list[Walk]) -> int:
    return max((one.received for walk in walks for one in walk.observations if one.stage == Stage.BODY), default=0)


def _more_elsewhere(walk: Walk, seen: Seen) -> bool:
    return _received(list(seen.known_good_walks(walk))) > _received([walk])


def _shook_hands(walk: Walk) -> bool:
    shaken = walk.at(Stage.TLS)
    return shaken is not None and shaken.failure is None


def dated_wrongly(walk: Walk) -> str:
    """`expired` or `not_yet_valid` where nothing but the date is wrong with the target's certificate, else "".

    OpenSSL looks at a chain's names before its dates, and at each date after the signature on it.
    """
    shown = walk.at(Stage.TLS)
    fault = str(shown.detail.get("fault")) if shown and shown.failure == "ssl_invalid_certificate" else ""
    return fault if fault in {"expired", "not_yet_valid"} else ""


def _status(walk: Walk) -> int:
    return int(http_answer(walk).get("status") or 0)


def _alike_over_tls(walk: Walk, seen: Seen) -> bool:
    """The service itself answers this request so: over TLS, where nobody else can speak for it."""
    here = http_answer(walk)
    return bool(here) and any(same_page(here, answer) for answer in seen.over_tls(walk))


def _other_page(walk: Walk, seen: Seen) -> bool:
    here = http_answer(walk)
    there = [http_answer(good) for good in seen.known_good_walks(walk) if good.completed]
    return bool(here and there) and not any(same_page(here, answer) for answer in there)


other_page_elsewhere = Condition("over a path known good another page comes", _other_page)
encrypted = Condition("the exchange is encrypted", _encrypted)
in_the_clear = Condition("the exchange can be read on the way", lambda walk, seen: not _encrypted(walk, seen))
speaks_http = Condition("the exchange is HTTP", _speaks_http)


def _leads_away(walk: Walk, seen: Seen) -> bool:
    """A redirect to a host that is neither the target's own, nor below it, nor above it."""
    there = led_to(http_answer(walk))
    return bool(there) and not _related(there, _asked(walk, seen))


def _asked(walk: Walk, seen: Seen) -> str:
    check = seen.check(walk)
    return asked_host(check) if check else ""


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _given_to_all(walk: Walk, seen: Seen) -> bool:
    """Neutral hosts' pages in the clear are all the same that came here for the target, at home too where one is."""
    here, there = http_answer(walk), seen.in_the_clear()
    return bool(here and there) and all(same_hand(here, answer) for answer in there)


def _own_fault(walk: Walk, _: Seen) -> bool:
    """A server says that it, or what is behind it, fails (RFC 9110, section 15.6), or that it will not be asked so."""
    return (500 <= _status(walk) < 600 and _status(walk) != SIGN_IN) or _status(walk) in UNTIMELY


def _leads_beside(walk: Walk, seen: Seen) -> bool:
    """A redirect into TLS at the same host, or to another of its own parent domain: only its owner has hosts there."""
    there, here = led_to(http_answer(walk)), _asked(walk, seen)
    parent = here.partition(".")[2]
    if there == here:
        return bool(there) and location(http_answer(walk)).lower().startswith("https:")
    return "." in parent and (there == parent or there.endswith("." + parent))


own_fault = Condition("the answer says that the server itself fails, or is asked too much (5xx, 429)", _own_fault)
leads_beside = Condition("the answer leads into TLS at the target, or to another host of its own domain", _leads_beside)
wants_signing_in = Condition(
    "the answer says that the network wants us to sign in (511)", lambda walk, _: _status(walk) == SIGN_IN
)
given_to_all = Condition("in the clear, neutral hosts are all shown with the same page", _given_to_all)
leads_away = Condition("the answer leads to another's host", _leads_away)
alike_over_tls = Condition("over TLS the service itself answers alike over this path", _alike_over_tls)
refuses = Condition(
    "the answer says that we may not have it (401, 403, 429 or 451)", lambda walk, _: _status(walk) in REFUSALS
)
is_challenge = Condition(
    "the answer asks for a proof of being human", lambda walk, _: challenge(http_answer(walk)) is not None
)


def _slow_elsewhere(walk: Walk, seen: Seen) -> bool:
    if walk.last is None or walk.last.stage in _AS_LONG_AS_ASKED:
        return False
    waited = _lasted(walk.last)
    there = [other.at(walk.last.stage) for other in seen.known_good_walks(walk) if other.completed]
    took = [_lasted(stage) for stage in there if stage]
    return bool(took) and waited >= PATIENT and min(took) >= SLOW * waited


def _come(walk: Walk) -> int:
    """Bytes of the answer: at the stage that failed, and with the head of an answer what came along with it."""
    if walk.last is None:
        return 0
    head = walk.at(Stage.RESPONSE) if walk.last.stage is Stage.BODY else None
    return walk.last.received + (head.received if head else 0)


def _crawls(walk: Walk) -> bool:
    """Segments with data had come until shortly before the time was over: it is no silence that was waited out."""
    last = walk.last
    since = last.detail.get("quiet") if last else None
    return last is not None and since is not None and _lasted(last) >= PATIENT and since < CRAWLS * _lasted(last)


def _lasted(stage: Observation) -> float:
    return stage.ended - stage.started


crawls = Condition("data still came when the time was over", lambda walk, _: _crawls(walk))
slow_elsewhere = Condition(
    f"over a path known good this stage took at least {SLOW:.0%} of the time that it was waited for here",
    _slow_elsewhere,
)
goes_again = Condition(
    "asked again over this path, after a path known good had brought it, the check went through",
    lambda walk, seen: seen.again(walk) is Answer.YES,
)
hardly_begun = Condition(
    f"less of the answer had come than one segment of {SHORT_SEGMENT} bytes holds",
    lambda walk, _: walk.last is not None and _come(walk) < SHORT_SEGMENT,
)
goes_directly = Condition(
    "without the path the same check goes through", lambda walk, seen: seen.without_path(walk) is Answer.YES
)
served_from_nowhere = Condition(
    "over a path known good nobody takes connections at this address either",
    lambda walk, seen: seen.served_from_nowhere(walk),
)
without_tls = Condition(
    "the service takes no connections for TLS: they are refused", lambda walk, seen: seen.without_tls(walk)
)
nobody_shown = Condition(
    "whoever takes connections at this address shows nobody who he is, over a path known good neither",
    lambda walk, seen: seen.nobody_shown(walk),
)
taken_before = Condition(
    f"another cell's connection was taken at this address within the {RESIDUAL_SECONDS:g} s before",
    lambda walk, seen: (ago := seen.taken_before(walk)) is not None and ago <= RESIDUAL_SECONDS,
)
showed_certificate = Condition(
    "at this address the target's own certificate was shown, be it out of date",
    lambda walk, _: _shook_hands(walk) or dated_wrongly(walk) != "",
)
has_expired = Condition("the certificate has expired", lambda walk, _: dated_wrongly(walk) == "expired")
not_valid_yet = Condition("the certificate is not valid yet", lambda walk, _: dated_wrongly(walk) == "not_yet_valid")
is_known_page = Condition(
    "the answer is a page known to be served by censors",
    lambda walk, seen: known_page(http_answer(walk), seen.pages) is not None,
)
not_proved = Condition("nothing that only the real service can answer was shown", lambda walk, _: walk.level < Level.E3)
has_begun = Condition("part of the answer had come", lambda walk, _: _come(walk) > 0)
more_elsewhere = Condition("over a path known good more of it came", _more_elsewhere)
