"""Questions to resolvers: whether the path's resolver answers at all, and whether somebody answers in its name."""

from __future__ import annotations

from collections.abc import Iterator

from harness.judge.endpoints import target_name
from harness.judge.failed import Failed, Row, Wanted, at_target
from harness.judge.named import neutral_query_check, other_transport_check, patient_query_check, udp_server
from harness.model import Role, Stage


def _other_transport(failed: Failed) -> Iterator[Wanted]:
    name, server = target_name(failed.check), udp_server(failed.walk)
    if name and server:
        yield Wanted(role=Role.OTHER_TRANSPORT, check=other_transport_check(name, server), path=failed.cell.path)


def _neutral_query(failed: Failed) -> Iterator[Wanted]:
    name = target_name(failed.neutral) if failed.neutral else None
    if name:
        yield Wanted(role=Role.NEUTRAL_QUERY, check=neutral_query_check(name), path=failed.cell.path)


def _patient_query(failed: Failed) -> Iterator[Wanted]:
    if name := target_name(failed.check):
        yield Wanted(role=Role.PATIENT_QUERY, check=patient_query_check(name), path=failed.cell.path)


def _of_lookup(failed: Failed) -> bool:
    return failed.last.stage == Stage.RESOLVE


def _lookup_silent(failed: Failed) -> bool:
    return _of_lookup(failed) and failed.last.of == "target" and failed.last.failure == "generic_timeout_error"


def _looked_up(failed: Failed) -> bool:
    return at_target(failed) and udp_server(failed.walk) is not None


BY_TCP = Row(
    role=Role.OTHER_TRANSPORT,
    when=_looked_up,
    ask=_other_transport,
    tells="whether somebody else answers in the resolver's name over UDP",
)

NEUTRAL_QUERY = Row(
    role=Role.NEUTRAL_QUERY, when=_of_lookup, ask=_neutral_query, tells="whether the resolver answers at all"
)

PATIENT_QUERY = Row(
    role=Role.PATIENT_QUERY,
    when=_lookup_silent,
    ask=_patient_query,
    tells="whether the resolver is only slow to answer for this name",
)
