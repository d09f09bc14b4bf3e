"""What rules are made of: plain statements about a walk and its controls, each true or not, each in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from harness.judge.addresses import agree, is_bogon
from harness.judge.controls.neutral import stood
from harness.judge.controls.over import DIRECT, names_here
from harness.judge.endpoints import is_ipv6, target_name
from harness.judge.seen import RANK, Answer, Good, Seen, reached
from harness.judge.told import answers, bogus, contradictory, explained, given_out, is_bogon_answer
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
ENCRYPTED_RESOLVERS = ("https:", "dot:", "doh:")
"""How the labels of resolvers begin in whose name nobody else can answer."""
ZONE_FAILS = frozenset({1, 2, *range(5, 13), 22, 23, 25, 27})
"""Codes by which a resolver says that a name's signatures do not hold, or that its servers do not answer (RFC 8914)."""
FILTERED = frozenset({17})
"""The code by which a resolver says that it keeps a name from those who asked it to (RFC 8914, section 4.18)."""
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


# Names.


def _bogon_only_here(walk: Walk, seen: Seen) -> bool:
    elsewhere = seen.addresses_elsewhere(walk)
    return bool(elsewhere) and not any(map(is_bogon, elsewhere))


def _resolves_elsewhere(walk: Walk, seen: Seen) -> bool:
    return seen.known_good(walk) in {Good.PASSED, Good.BEYOND} or bool(
        {address for other in seen.witnesses(walk) for address in given_out(other)}
    )


def _tcp_resolves(walk: Walk, seen: Seen) -> bool:
    by_tcp = seen.by_tcp(walk)
    return by_tcp is not None and bool(given_out(by_tcp))


def _tcp_taken(walk: Walk, seen: Seen) -> bool:
    by_tcp = seen.by_tcp(walk)
    made = by_tcp.at(Stage.CONNECT, "resolver") if by_tcp else None
    return (made is not None and made.failure is None) or _tcp_resolves(walk, seen)


def _tcp_disagrees(walk: Walk, seen: Seen) -> bool:
    by_tcp = seen.by_tcp(walk)
    found = given_out(by_tcp) if by_tcp else ()
    return bool(found) and bool(given_out(walk)) and not agree(found, given_out(walk))


def _tcp_agrees(walk: Walk, seen: Seen) -> bool:
    by_tcp = seen.by_tcp(walk)
    found = given_out(by_tcp) if by_tcp else ()
    return bool(found) and agree(found, given_out(walk))


def _tcp_unheard(walk: Walk, seen: Seen) -> bool:
    """The resolver takes no connection over TCP; or it was asked by means that are nobody else's to answer."""
    by_tcp, told = seen.by_tcp(walk), walk.at(Stage.RESOLVE)
    if by_tcp is not None:
        return by_tcp.failed_at is Stage.CONNECT
    return told is not None and str(told.detail.get("server")).startswith(ENCRYPTED_RESOLVERS)


def _agrees_elsewhere(walk: Walk, seen: Seen) -> bool:
    return bool(walk.address) and agree([walk.address or ""], seen.addresses_elsewhere(walk))


def _agrees_known_good(walk: Walk, seen: Seen) -> bool:
    found = [address for other in seen.witnesses(walk) for address in given_out(other)]
    return bool(walk.address) and agree([walk.address or ""], found)


def _one_answer_agrees(walk: Walk, seen: Seen) -> bool:
    """One of several answers is what controls resolve the name to, and another is not."""
    elsewhere = seen.addresses_elsewhere(walk)
    told = [agree(one.get("addresses") or (), elsewhere) for one in answers(walk)]
    return bool(elsewhere) and any(told) and not all(told)


def _literal(walk: Walk, seen: Seen) -> bool:
    check = seen.check(walk)
    return check is not None and bool(walk.address) and target_name(check) is None


def _known_elsewhere(walk: Walk, seen: Seen) -> bool:
    return bool(seen.addresses_elsewhere(walk))


pinned_here = Condition(
    "the address was pinned by the path", lambda walk, _: not given_out(walk) and walk.at(Stage.RESOLVE) is not None
)
address_is_literal = Condition("the check names an address, so nothing was looked up", _literal)
looked_up = Condition("the address came from a resolver", lambda walk, _: bool(given_out(walk)))
several_answers = Condition(
    "several answers to one question contradict each other", lambda walk, _: contradictory(walk)
)
one_answer_agrees = Condition(
    "one of the answers is what controls resolve the name to, another is not", _one_answer_agrees
)
bogon_answer = Condition("the answer cannot be a public address", lambda walk, _: is_bogon_answer(walk))
bogon_only_here = Condition("controls resolve the name to public addresses", _bogon_only_here)
resolves_elsewhere = Condition("the name resolves over a path known good", _resolves_elsewhere)
tcp_resolves = Condition("the same resolver, asked over TCP, gives an address", _tcp_resolves)
tcp_taken = Condition("the same resolver takes connections over TCP", _tcp_taken)
tcp_disagrees = Condition(
    "the same resolver, asked over TCP, gives addresses that share nothing with these", _tcp_disagrees
)
tcp_agrees = Condition("the same resolver, asked over TCP, gives the same network", _tcp_agrees)
tcp_unheard = Condition("nobody can tell by TCP: it is not served, or the question went over TLS", _tcp_unheard)
zone_fails = Condition(
    "the resolver says that the name's signatures do not hold, or that its servers do not answer",
    lambda walk, _: explained(walk, ZONE_FAILS),
)
filtered = Condition(
    "the resolver says that it filters this name as its users want it", lambda walk, _: explained(walk, FILTERED)
)
answered_late = Condition(
    "the path's resolver answered the same question when it was waited for longer",
    lambda walk, seen: seen.answered_late(walk),
)
agrees_elsewhere = Condition("controls resolve the name to the same network", _agrees_elsewhere)
agrees_known_good = Condition("a path known good resolves the name to the same network", _agrees_known_good)
known_elsewhere = Condition("controls resolve the name", _known_elsewhere)
address_is_foreign = Condition(
    "over a path known good this very address does not serve the target",
    lambda walk, seen: seen.same_address(walk) in {Good.ALIKE, Good.OTHERWISE},
)
address_is_genuine = Condition(
    "over a path known good this very address serves the target",
    lambda walk, seen: seen.same_address(walk) in {Good.PASSED, Good.BEYOND},
)


# The same check elsewhere.


def good(*some: Good) -> Predicate:
    """The check came so far over a path known good."""
    return lambda walk, seen: seen.known_good(walk) in some


passes_elsewhere = Condition("the same check goes through over a path known good", good(Good.PASSED))
gets_further = Condition("the same check gets past this stage over a path known good", good(Good.PASSED, Good.BEYOND))
fails_alike = Condition("the same check fails the same way over a path known good", good(Good.ALIKE))
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
