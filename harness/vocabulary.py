"""The words of a record: names of fields, stages, failures, mechanisms, kinds. They are no secrets, whoever uses one.

A password `connect` cannot be told from the stage of that name, and taking it out would leave no record to read. It
is still hidden wherever it stands beside its user name, or within a longer word.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
from types import ModuleType

from harness import model, record
from harness.failures import TOKENS
from harness.judge.mechanisms import MECHANISMS
from harness.judge.rules import RULES
from harness.paths import table

PROBES = frozenset(
    {
        *("dns", "tcp", "tls", "http", "exit", "websocket", "whatsapp_noise", "mtproto", "transfer", "stun", "media"),
        *("quic", "carriage"),
    }
)

DETAILS = frozenset(
    {
        *(
            "address",
            "addresses",
            "alpn",
            "answer_head",
            "answers",
            "asked",
            "at",
            "body_head",
            "body_sha256",
            "cipher",
        ),
        *("cnames", "code", "content_type", "cut", "ede", "engine", "failure", "fault", "frame_head", "frames", "head"),
        *("headers", "host", "host_answers", "http_version", "ignored", "in_time", "issuer", "ja4", "kind", "length"),
        *("lost", "malformed", "meaning", "method", "names", "offered", "offset", "passed_over", "phase", "port"),
        *("proof", "quiet", "query", "rcode", "reason", "relay", "reply", "retransmits", "rtt", "said", "sans", "seen"),
        *(
            "server",
            "server_hello",
            "server_name",
            "silent",
            "size",
            "software",
            "source",
            "stalled",
            "status",
            "steps",
            "paused",
        ),
        *("stopped", "subject", "subprotocol", "title", "to", "to_port", "transport", "tried", "truncated", "ttl"),
        *("type", "version", "versions", "why", "steady", "intermittent", "residual", "neutral", "url", "proxy"),
    }
)


@functools.cache
def words() -> frozenset[str]:
    """All of them."""
    named = {*TOKENS, *MECHANISMS, *PROBES, *DETAILS, *(rule.id for rule in RULES)}
    kinds = {kind.name for each in (table.RESOLVERS, table.HOPS, table.BASES, table.HELLOS) for kind in each}
    return frozenset(named | kinds | _of(model) | _of(record))


def _of(module: ModuleType) -> set[str]:
    """The fields of a module's nouns, and the values of its enumerations."""
    found: set[str] = set()
    for one in vars(module).values():
        if not isinstance(one, type):
            continue
        if dataclasses.is_dataclass(one):
            found |= {field.name for field in dataclasses.fields(one)}
        elif issubclass(one, enum.Enum):
            found |= {str(member.value) for member in one} | {member.name for member in one}
    return found
