"""What resolvers told of a name: their answers, whether these contradict each other, and whether two heard the same."""

from __future__ import annotations

from collections.abc import Mapping

from harness.judge.addresses import is_bogon
from harness.model import Json, Level, Stage, Walk


def given_out(walk: Walk) -> tuple[str, ...]:
    """The addresses that a resolver gave out for the walk; pinned ones are nobody's answer."""
    seen = walk.at(Stage.RESOLVE)
    if seen is None or seen.detail.get("server") == "pins":
        return ()
    return tuple(str(address) for address in seen.detail.get("addresses") or ())


def answers(walk: Walk) -> tuple[Mapping[str, Json], ...]:
    """Every DNS answer that came to the walk's question, in order of arrival."""
    seen = walk.at(Stage.RESOLVE)
    return tuple(seen.detail.get("answers") or ()) if seen else ()


def explained(walk: Walk, codes: frozenset[int]) -> bool:
    """True where every answer that gave no address said why, by one of the codes (RFC 8914)."""
    empty = [one for one in answers(walk) if one.get("rcode") and not one.get("addresses")]
    return bool(empty) and all(codes.intersection(one.get("ede") or ()) for one in empty)


def contradictory(walk: Walk) -> bool:
    """True where two answers to one question differ in their status or share no address."""
    seen = [(one.get("type"), one.get("rcode"), frozenset(one.get("addresses") or ())) for one in answers(walk)]
    return any(
        kind == other_kind and (code != other_code or (found != others and found.isdisjoint(others)))
        for number, (kind, code, found) in enumerate(seen)
        for other_kind, other_code, others in seen[number + 1 :]
    )


def same_lookup(walk: Walk, control: Walk) -> bool:
    """True where the same resolver told both the same of the name: whatever it keeps to itself, both do not know."""
    one, other = walk.at(Stage.RESOLVE), control.at(Stage.RESOLVE)
    if one is None or other is None or not one.detail.get("server") or one.detail.get("server") == "pins":
        return False
    told = (one.detail["server"], one.failure, frozenset(given_out(walk)))
    return told == (other.detail.get("server"), other.failure, frozenset(given_out(control)))


def is_bogon_answer(walk: Walk) -> bool:
    """True where the address given out cannot be public; where none was chosen, none of them."""
    found = given_out(walk)
    return bool(found) and (is_bogon(walk.address) if walk.address else all(map(is_bogon, found)))


def bogus(walk: Walk) -> bool:
    """True for a bare answer of a resolver that is bogus on its face."""
    return walk.level <= Level.E0 and (is_bogon_answer(walk) or contradictory(walk))
