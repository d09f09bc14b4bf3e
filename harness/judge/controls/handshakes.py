"""Handshakes with another name, another ClientHello or another host: whether the address or the name is at fault."""

from __future__ import annotations

from collections.abc import Iterator

from harness.judge.endpoints import endpoint, target_name
from harness.judge.failed import Failed, Row, Wanted
from harness.judge.named import (
    home_name_check,
    name_elsewhere_check,
    other_hello_checks,
    other_initial_check,
    other_name_check,
)
from harness.literals import is_address
from harness.model import Role, Stage


def _other_name(failed: Failed) -> Iterator[Wanted]:
    where, address = endpoint(failed.check), failed.walk.address
    name = target_name(failed.neutral) if failed.neutral else None
    if where and address and is_address(address) and name:
        if failed.check.probe == "quic":
            check = other_initial_check(address, where.port, name, failed.check.params.get("seconds", 4.0))
        else:
            check = other_name_check(address, where.port, name, failed.offered)
        yield Wanted(role=Role.OTHER_NAME, check=check, path=failed.cell.path)


def _other_hello(failed: Failed) -> Iterator[Wanted]:
    where, address = endpoint(failed.check), failed.walk.address
    if where and where.server_name and address and is_address(address):
        for check in other_hello_checks(address, where.port, where.server_name, failed.offered):
            yield Wanted(role=Role.OTHER_HELLO, check=check, path=failed.cell.path)


def _home_name(failed: Failed) -> Iterator[Wanted]:
    where, address = endpoint(failed.check), failed.walk.address
    name = target_name(failed.at_home) if failed.at_home else None
    if where and address and is_address(address) and name and name != where.server_name:
        yield Wanted(
            role=Role.OTHER_NAME,
            check=home_name_check(address, where.port, name, failed.offered),
            path=failed.cell.path,
        )


def _name_elsewhere(failed: Failed) -> Iterator[Wanted]:
    where = endpoint(failed.check)
    there = endpoint(failed.lent) if failed.lent else None
    if where and where.server_name and there and there.host != where.host:
        check = name_elsewhere_check(there.host, there.port, where.server_name, failed.offered)
        yield Wanted(role=Role.NAME_ELSEWHERE, check=check, path=failed.cell.path)


def _in_handshake(failed: Failed) -> bool:
    return failed.last.of == "target" and failed.last.stage == Stage.TLS


def _name_was_shown(failed: Failed) -> bool:
    """The target's name stood in a handshake that failed, or in an Initial that nobody answered."""
    of_quic = failed.check.probe == "quic" and failed.last.of == "target" and failed.last.stage == Stage.RESPONSE
    return _in_handshake(failed) or of_quic


def _silent_in_handshake(failed: Failed) -> bool:
    return _in_handshake(failed) and failed.last.failure == "generic_timeout_error"


OTHER_NAME = Row(
    role=Role.OTHER_NAME,
    when=_name_was_shown,
    ask=_other_name,
    tells="whether the address or the name is at fault",
)

OTHER_HELLO = Row(
    role=Role.OTHER_HELLO,
    when=_in_handshake,
    ask=_other_hello,
    tells="whether it is our ClientHello that is at fault",
)

HOME_NAME = Row(
    role=Role.OTHER_NAME,
    when=_silent_in_handshake,
    ask=_home_name,
    tells="whether only names that are known at home pass",
)

NAME_ELSEWHERE = Row(
    role=Role.NAME_ELSEWHERE,
    when=_in_handshake,
    ask=_name_elsewhere,
    tells="whether the target's name is cut wherever it goes",
)
