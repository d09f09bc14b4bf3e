"""All rules in the order in which they are tried: the first that holds wins, and where none holds, we do not know."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from harness.judge.rules.connection import ADDRESSES, DOWN, EXCHANGES, HANDSHAKES, ON_FINGERPRINT, ON_NAME
from harness.judge.rules.flow import FLOWS, POOR, QUALITY
from harness.judge.rules.local import LOCAL, USABLE
from harness.judge.rules.names import NAMES
from harness.judge.rules.path import CUT_OFF, HOPS, PROXIED, RESOLVERS
from harness.judge.rules.rule import Rule
from harness.judge.rules.service import BEFORE, EXITS, OWN_WORDS, REFUSALS, SERVICE, UNSTEADY, UNTOLD
from harness.judge.rules.tunnel import TUNNELS
from harness.model import Claim, Strength

RULES: tuple[Rule, ...] = (
    *QUALITY,
    *OWN_WORDS,
    *USABLE,
    *LOCAL,
    *UNSTEADY,
    *TUNNELS,
    *HOPS,
    *RESOLVERS,
    *SERVICE,
    *NAMES,
    *ON_FINGERPRINT,
    *ON_NAME,
    *EXITS,
    *POOR,
    *DOWN,
    *CUT_OFF,
    *PROXIED,
    *BEFORE,
    *ADDRESSES,
    *HANDSHAKES,
    *FLOWS,
    *REFUSALS,
    *EXCHANGES,
    *UNTOLD,
)

INSUFFICIENT = Rule(
    id="insufficient",
    claim=Claim.INCONCLUSIVE,
    strength=Strength.INSUFFICIENT,
    when=(),
    why="What was seen does not settle the matter: no rule holds.",
    case="no-control",
)
"""The default is ignorance."""


def version(rules: Iterable[Rule]) -> str:
    """A digest of what the rules say: their ids, claims and conditions in words, in their order."""
    rows = [
        (rule.id, rule.claim, rule.strength, rule.mechanism, rule.stage, [one.text for one in rule.when])
        for rule in rules
    ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:12]


RULES_VERSION = version(RULES)
"""Changes with any row's meaning: its claim, its conditions in words, or its place in the order."""
