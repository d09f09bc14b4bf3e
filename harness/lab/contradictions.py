"""Rules of a world that cannot mean what they say, told at load: only what is certain, whatever the traffic."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.document.node import Loc
from harness.kinds import load
from harness.lab.censor.hours import Hours
from harness.lab.censor.scope import below
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.world import Rule

TAKES_ALL = "takes-all"
"""The trait of behaviours that let no packet of a flow in their scope go on: rules behind them never see it."""

PROTOCOLS = frozenset({"tcp", "udp", "icmp", "other"})
ALL_PORTS = frozenset(range(65536))
_EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


class Contradiction(NamedTuple):
    """What is wrong with which part of a world, and what to write."""

    loc: Loc
    wrong: str
    remedy: str


class Placed(NamedTuple):
    """A rule and where it stands."""

    loc: Loc
    rule: Rule


def contradictions(rules: Sequence[Placed]) -> Iterator[Contradiction]:
    """Everything that is certainly wrong with a censor's rules as they stand together."""
    for place, one in enumerate(rules):
        found = next(_alone(one), None) or next(_behind(one, rules[:place]), None)
        if found:
            yield found


def timeless(rules: Iterable[Rule]) -> bool:
    """True where no rule cares what time it is."""
    return not any(rule.params["hours"] for rule in rules)


def _alone(one: Placed) -> Iterator[Contradiction]:
    """What contradicts itself within one rule."""
    params, inside = one.rule.params, (*one.loc, one.rule.behaviour)
    if params["probability"] == 0:
        wrong = "the probability is 0, so that this rule never acts"
        yield Contradiction((*inside, "probability"), wrong, "write more than 0, or leave the rule out")
    if params["ports"] and not ports(params["ports"]) - ports(params["exempt_ports"]):
        yield _exempts_all((*inside, "exempt_ports"), "port")
    if params["prefixes"] and not _of_families(params["prefixes"], params["families"]):
        wrong = "no prefix of this rule is of its families, so that it never acts"
        yield Contradiction((*inside, "families"), wrong, "write both families, or prefixes of this one")
    if params["prefixes"] and _covered(params["prefixes"], params["exempt_prefixes"]):
        yield _exempts_all((*inside, "exempt_prefixes"), "prefix")
    named, spared = params.get("names") or (), frozenset(params.get("exempt_names") or ())
    if named and "*" not in named and params.get("match") != "substring" and all(below(each, spared) for each in named):
        yield _exempts_all((*inside, "exempt_names"), "name")
    if _idle(params):
        wrong = "nothing is lost and nothing delayed, so that this rule never acts"
        yield Contradiction(
            inside, wrong, "write a loss, a delay or a jitter; where losses come in spells, lasting too"
        )
    yield from _reversed(inside, params)


def _idle(params: Mapping[str, Any]) -> bool:
    """True for a rule about losses that never loses anything, and delays nothing instead."""
    lost = params.get("loss") and (params.get("lasting") or not params.get("every"))
    return "loss" in params and not lost and not params.get("delay") and not params.get("jitter")


def _reversed(loc: Loc, params: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Spans whose end lies before their start."""
    least, most = params.get("least"), params.get("most")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield Contradiction((*loc, "least"), f"least is {least}, and most is {most}", "write the smaller one as least")
    residual = params.get("residual") or {}
    if 0 < residual.get("most", 0) < residual["seconds"]:
        wrong = "a residual's most is less than its seconds"
        yield Contradiction((*loc, "residual", "most"), wrong, "write the longer time as most, or leave it out")


def _of_families(prefixes: Iterable[str], families: Sequence[int]) -> tuple[str, ...]:
    return tuple(each for each in prefixes if not families or ipaddress.ip_network(each).version in families)


def _exempts_all(loc: Loc, what: str) -> Contradiction:
    return Contradiction(
        loc, f"every {what} of this rule is exempt, so that it never acts", "exempt less, or name more"
    )


def _behind(one: Placed, before: Sequence[Placed]) -> Iterator[Contradiction]:
    """An earlier rule that takes every flow which this one is about."""
    reach = Reach.of(one.rule)
    for place, other in enumerate(before):
        if TAKES_ALL in BEHAVIOURS[other.rule.behaviour].traits and Reach.of(other.rule).holds_all_of(reach):
            wrong = f"rule {place + 1} of this censor, {other.rule.behaviour}, takes every flow of this rule"
            yield Contradiction(one.loc, f"{wrong}, so that it never acts", "put it before that one, or leave it out")


@dataclass(frozen=True, slots=True)
class Reach:
    """The flows that a rule is about."""

    rule: Rule
    protocols: frozenset[str]
    openers: frozenset[str]
    ports: frozenset[int]
    prefixes: tuple[str, ...]
    exempt: tuple[str, ...]

    @classmethod
    def of(cls, rule: Rule) -> Reach:
        """The reach of a rule whose parameters were checked."""
        params: Any = rule.params
        watched = load(BEHAVIOURS[rule.behaviour].build).PROTOCOLS or params.get("protocols") or PROTOCOLS
        openers = {"both": ("out", "in")}.get(params["direction"], (params["direction"],))
        return cls(
            rule,
            frozenset(watched),
            frozenset(openers),
            (ports(params["ports"]) or ALL_PORTS) - ports(params["exempt_ports"]),
            _of_families(params["prefixes"] or tuple(_EVERYWHERE.values()), params["families"]),
            (*params["exempt_prefixes"], *params.get("allow", ())),
        )

    def holds_all_of(self, other: Reach) -> bool:
        """True where each flow of the other is one of these, at any time and by no chance.

        What survives a shut border, or may shake hands before it is hung up on, may yet be another rule's.
        """
        return (
            self.rule.params["probability"] == 1
            and not self.rule.params.get("dns")
            and self.rule.params.get("otherwise") != "close"
            and _always(self.rule.params["hours"], other.rule.params["hours"])
            and other.protocols <= self.protocols
            and other.openers <= self.openers
            and other.ports <= self.ports
            and _covered(other.prefixes, self.prefixes)
            and not any(_may_meet(spared, other) for spared in self.exempt)
        )


def _always(spans: Sequence[str], of: Sequence[str]) -> bool:
    """True where the spans hold at each minute at which those of another rule do."""
    if not spans:
        return True
    whole, other = Hours(spans), Hours(of or ("00:00-24:00",))
    return all(whole.holds(minute * 60.0) for minute in range(24 * 60) if other.holds(minute * 60.0))


def _may_meet(spared: str, other: Reach) -> bool:
    """True where the other may be about an address that is spared."""
    return not _covered((spared,), other.exempt) and any(_overlap(spared, each) for each in other.prefixes)


def _covered(prefixes: Sequence[str], by: Sequence[str]) -> bool:
    """True where each prefix lies within one of the others."""
    return all(any(_within(each, whole) for whole in by) for each in prefixes)


def _within(inner: str, outer: str) -> bool:
    one, other = ipaddress.ip_network(inner), ipaddress.ip_network(outer)
    return one.version == other.version and other.supernet_of(one)  # type: ignore[arg-type]


def _overlap(one: str, other: str) -> bool:
    return ipaddress.ip_network(one).overlaps(ipaddress.ip_network(other))


def ports(spans: Iterable[int | str]) -> frozenset[int]:
    """All the ports of numbers and ranges."""
    whole: set[int] = set()
    for span in spans:
        low, _, high = str(span).partition("-")
        whole.update(range(int(low), int(high or low) + 1))
    return frozenset(whole)
