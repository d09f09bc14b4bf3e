"""From facts to verdicts. Pure: no sockets, clock, environment or files."""

from harness.judge.classify import Tried, classify, tried
from harness.judge.combine import Try, combine
from harness.judge.controls import wanted
from harness.judge.declare import declare
from harness.judge.failed import Wanted
from harness.judge.lend import Free, lend
from harness.judge.mechanisms import MECHANISMS
from harness.judge.rules import INSUFFICIENT, RULES, RULES_VERSION
from harness.judge.rules.rule import Rule
from harness.judge.seen import Seen
from harness.judge.verdict import judge, seen_of

__all__ = [
    "INSUFFICIENT",
    "MECHANISMS",
    "RULES",
    "RULES_VERSION",
    "Free",
    "Rule",
    "Seen",
    "Tried",
    "Try",
    "Wanted",
    "classify",
    "combine",
    "declare",
    "judge",
    "lend",
    "seen_of",
    "tried",
    "wanted",
]
