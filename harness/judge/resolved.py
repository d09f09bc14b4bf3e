"""What rules about names are made of: statements about a lookup, and about the address that it gave."""

from __future__ import annotations

from harness.judge.addresses import agree, is_bogon
from harness.judge.conditions import Condition
from harness.judge.endpoints import target_name
from harness.judge.seen import Good, Seen
from harness.judge.told import answers, contradictory, explained, given_out, is_bogon_answer
from harness.model import Stage, Walk

FILTERED = frozenset({17})
"""The code by which a resolver says that it keeps a name from those who asked it to (RFC 8914, section 4.18)."""
ZONE_FAILS = frozenset({1, 2, *range(5, 13), 22, 23, 25, 27})
"""Codes by which a resolver says that a name's signatures do not hold, or that its servers do not answer (RFC 8914)."""
ENCRYPTED_RESOLVERS = ("https:", "dot:", "doh:")
"""How the labels of resolvers begin in whose name nobody else can answer."""


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
family_untold = Condition(
    "asked for over a path known good, this address was not reached, and nothing shows that path to have IPv6",
    lambda walk, seen: seen.family_untold(walk),
)
address_is_genuine = Condition(
    "over a path known good this very address serves the target",
    lambda walk, seen: seen.same_address(walk) in {Good.PASSED, Good.BEYOND},
)
