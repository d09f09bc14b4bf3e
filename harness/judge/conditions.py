"""What rules are made of: plain statements about a walk and its controls, each true or not, each in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from harness.judge.compared import RANK, reached
from harness.judge.controls.neutral import stood
from harness.judge.controls.over import DIRECT, names_here
from harness.judge.endpoints import is_ipv6
from harness.judge.seen import Answer, Good, Seen
from harness.judge.told import bogus
from harness.model import Level, Role, Stage, Walk

Predicate: TypeAlias = Callable[[Walk, Seen], bool]

SILENT = frozenset({"generic_timeout_error"})
RESET = frozenset({"connection_reset", "connection_aborted"})
CLOSED = frozenset({"eof_error"})
CUT = SILENT | RESET | CLOSED
REFUSED = frozenset({"connection_refused", "connection_reset"})
UNREACHABLE = frozenset({"host_unreachable", "network_unreachable"})
ALERT = frozenset({"ssl_failed_handshake"})
CERTIFICATE = frozenset({"ssl_unknown_authority", "ssl_invalid_hostname", "ssl_invalid_certificate"})
OTHER_ANSWER = frozenset(
    {
        *("http_unexpected_status_code", "http_unexpected_redirect_url", "http_request_failed", "json_parse_error"),
        *("proof_missing", "websocket_refused", "protocol_error"),
    }
)
RESOLVER_ERRORS = frozenset({"dns_servfail_error", "dns_refused_error", "dns_server_misbehaving"})
SHOWN = CERTIFICATE | OTHER_ANSWER
"""How a walk ends that was shown something, and not what it should have been shown."""
LATE = 1.0
"""Seconds by which our own event loop may be late before a timeout says more of us than of the network."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A statement in words, and whether it holds."""

    text: str
    holds: Predicate
    exactly: Callable[[Walk, Seen], str] | None = None  # of one that holds in several ways: the way in which it does

    def said(self, walk: Walk, seen: Seen) -> str:
        """The statement; where it holds, no wider than what was seen."""
        return self.exactly(walk, seen) if self.exactly and self.holds(walk, seen) else self.text


def either(*some: Condition) -> Condition:
    """At least one of them holds."""
    text = ", or ".join(one.text for one in some)

    def exactly(walk: Walk, seen: Seen) -> str:
        return next(one.said(walk, seen) for one in some if one.holds(walk, seen))

    return Condition(text, lambda walk, seen: any(one.holds(walk, seen) for one in some), exactly)


def both(*all_of: Condition) -> Condition:
    """All of them hold."""
    return Condition(
        " and ".join(one.text for one in all_of), lambda walk, seen: all(one.holds(walk, seen) for one in all_of)
    )


def no(other: Condition) -> Condition:
    """The other one does not hold."""
    return Condition(f"it is not so that {other.text}", lambda walk, seen: not other.holds(walk, seen))


# How the walk ended.


def ended(stages: Stage | frozenset[Stage], tokens: frozenset[str], of: str = "target") -> Condition:
    """The walk ended at one of the stages with one of the tokens; `of` is whose stage, `hop` meaning any hop."""
    at = frozenset({stages}) if isinstance(stages, Stage) else stages

    def holds(walk: Walk, _: Seen) -> bool:
        last = walk.last
        return last is not None and last.stage in at and last.failure in tokens and last.of.split(":")[0] == of

    whose = {"target": "", "hop": " of the path's own server", "resolver": " of the path's own resolver"}[of]
    named = " or ".join(sorted(at, key=lambda stage: RANK[Stage(stage)]))
    text = f"the walk ended at the stage {named}{whose} with {' or '.join(sorted(tokens))}"
    return Condition(
        text, holds, lambda walk, _: f"the walk ended at the stage {walk.failed_at}{whose} with {walk.failure}"
    )


def token(*tokens: str) -> Condition:
    """The walk ended with one of the tokens, wherever."""
    return Condition(f"the walk ended with {' or '.join(tokens)}", lambda walk, _: walk.failure in tokens)


def _level_needed(walk: Walk, seen: Seen) -> bool:
    return walk.completed and walk.level >= seen.cell.target.needs


def _believable(walk: Walk, _: Seen) -> bool:
    """A bare answer of a resolver is worth nothing where it is bogus on its face."""
    return not bogus(walk)


through = Condition("the walk went through", lambda walk, _: walk.completed)
shown = Condition("it showed the level that the target needs", _level_needed)
believable = Condition("what it rests on is not bogus on its face", _believable)
proved = Condition("only the real service can have answered so (E3)", lambda walk, _: walk.level >= Level.E3)


# Ourselves.


def _late(walk: Walk, _: Seen) -> bool:
    return walk.failure == "generic_timeout_error" and walk.last is not None and walk.last.lag >= LATE


def _ipv6_broken(walk: Walk, seen: Seen) -> bool:
    neutral = [
        control for control in seen.of(Role.FOREIGN) + seen.of(Role.DOMESTIC) if control.path == seen.cell.path.name
    ]
    tried = [other for control in neutral for other in control.walks if is_ipv6(other.address)]
    if not tried:
        return walk.failure in {"network_unreachable", "address_not_available"}
    return not any(other.completed for other in tried)


def _never_connected(walk: Walk, _: Seen) -> bool:
    made = {Stage.CONNECT, Stage.HOP, Stage.TLS, Stage.RESPONSE}
    return not any(one.stage in made and (one.failure is None or one.received) for one in walk.observations)


def _neutral_tokens(seen: Seen) -> frozenset[str]:
    neutral = [*seen.of(Role.FOREIGN, seen.cell.path.name), *seen.of(Role.DOMESTIC, seen.cell.path.name)]
    return frozenset(walk.failure for control in neutral for walk in control.walks if walk.failure)


def _neutral_silent(walk: Walk, seen: Seen) -> bool:
    """No neutral host at home or abroad answered over this path, or past a tunnel that is down; both were asked."""
    over = None if stood(walk) else DIRECT.name
    return seen.neutral(Role.FOREIGN, over) is Answer.NO and seen.neutral(Role.DOMESTIC, over) is Answer.NO


loop_was_late = Condition(f"our own event loop was at least {LATE:g} s late meanwhile", _late)
by_ipv6 = Condition("the address is an IPv6 one", lambda walk, _: is_ipv6(walk.address))
ipv6_broken = Condition("no neutral host answered over IPv6 either", _ipv6_broken)
nothing_anywhere = Condition("not one control went through, over any path", lambda _, seen: seen.network is Answer.NO)
never_connected = Condition("the walk itself made no connection", _never_connected)
neutral_silent = Condition(
    "neutral hosts failed, at home and abroad: over this path, or past a tunnel that did not come up", _neutral_silent
)
neutral_impersonated = Condition(
    "neutral hosts were shown with certificates or pages that are not theirs",
    lambda walk, seen: _neutral_silent(walk, seen) and bool(_neutral_tokens(seen) & SHOWN),
)
certificate_out_of_date = Condition(
    "the certificate inside the target's own protocol is out of date",
    lambda walk, _: (
        walk.failure == "proof_missing" and walk.last is not None and walk.last.detail.get("in_time") is False
    ),
)
neutral_out_of_date = Condition(
    "neutral hosts' certificates were out of date too",
    lambda walk, seen: _neutral_silent(walk, seen) and _neutral_tokens(seen) & SHOWN == {"ssl_invalid_certificate"},
)


# The path.


def _network_works(walk: Walk, seen: Seen) -> bool:
    earlier_hop = any(
        one.of.startswith("hop:") and one.stage == Stage.HOP and not one.failure for one in walk.observations
    )
    return seen.network is Answer.YES or earlier_hop


def _may_be_the_targets(walk: Walk, _: Seen) -> bool:
    """A proxy that answers for its target, or hangs up on it, fails at the hop stage."""
    last = walk.last
    return last is not None and (
        last.of == "target" or (last.stage == Stage.HOP and last.failure in CUT | {"proxy_refused"})
    )


def _abroad_is_up(_: Walk, seen: Seen) -> bool:
    failing = {control.check for control in seen.of(Role.FOREIGN, seen.cell.path.name)}
    return seen.abroad_elsewhere or len(failing) > 1


def _abroad_is_cut_off(_: Walk, seen: Seen) -> bool:
    """One neutral host that takes connections and is cut then may be meant by its name; several are not."""
    failing = seen.of(Role.FOREIGN, seen.cell.path.name)
    return len({one.check for one in failing}) > 1 or not any(reached(walk) for one in failing for walk in one.walks)


network_works = Condition("the network here works, shown by a control that went through", _network_works)
may_be_the_targets = Condition("the failure may be the target's, not the path's own", _may_be_the_targets)
foreign_works = Condition(
    "a neutral host abroad answered over this path", lambda _, seen: seen.neutral(Role.FOREIGN) is Answer.YES
)
fails_by_address = Condition(
    "nor did one whose name was asked past the path",
    lambda _, seen: seen.neutral(Role.FOREIGN, names_here(seen.cell.path.name)) is Answer.NO,
)
fails_without_path = Condition(
    "no neutral host answered without the path either", lambda _, seen: seen.direct is not Answer.YES
)
foreign_fails = Condition(
    "no neutral host abroad answered over this path", lambda _, seen: seen.neutral(Role.FOREIGN) is Answer.NO
)
domestic_works = Condition(
    "a neutral host at home answered over this path", lambda _, seen: seen.neutral(Role.DOMESTIC) is Answer.YES
)
abroad_is_up = Condition(
    "hosts abroad are up: one answered by another path, or several failed at once here", _abroad_is_up
)
abroad_is_cut_off = Condition(
    "no neutral host abroad even took a connection, or several failed at once here", _abroad_is_cut_off
)
works_elsewhere = Condition("a neutral host abroad answered by another path", lambda _, seen: seen.abroad_elsewhere)
resolver_answers = Condition(
    "the path's resolver answers a neutral question", lambda _, seen: seen.resolver_answers(()) is Answer.YES
)
resolver_fails = Condition(
    "the path's resolver does not answer a neutral question either",
    lambda _, seen: seen.resolver_answers(()) is Answer.NO,
)
resolver_errs = Condition(
    "the path's resolver answers by errors, neutral questions too",
    lambda walk, seen: walk.failure in RESOLVER_ERRORS and seen.resolver_answers(()) is Answer.NO,
)


# The same check elsewhere.


def good(*some: Good) -> Predicate:
    """The check came so far over a path known good."""
    return lambda walk, seen: seen.known_good(walk) in some


passes_elsewhere = Condition("the same check goes through over a path known good", good(Good.PASSED))
gets_further = Condition("the same check gets past this stage over a path known good", good(Good.PASSED, Good.BEYOND))
fails_alike = Condition("the same check fails the same way over a path known good", good(Good.ALIKE))
fails_elsewhere = Condition(
    "a path known good on which it fails alike takes another way than this one, or asks another resolver",
    lambda walk, seen: seen.fails_elsewhere(walk),
)
other_name_answered = Condition(
    "the same address answers under a neutral name", lambda walk, seen: seen.other_name_answered(walk) is Answer.YES
)
home_name_answered = Condition(
    "the same address answers under the name of a neutral host at home",
    lambda walk, seen: seen.home_name_answered(walk) is Answer.YES,
)
name_cut_elsewhere = Condition(
    "the target's name meets the same end at a neutral host",
    lambda walk, seen: seen.name_cut_elsewhere(walk) is Answer.YES,
)
other_hello_answered = Condition(
    "the same address answers another ClientHello with the same name",
    lambda walk, seen: seen.other_hello_answered(walk) is Answer.YES,
)
only_the_name = either(other_name_answered, name_cut_elsewhere)
both_arms = both(other_name_answered, name_cut_elsewhere)
