"""The base of every path: the sockets of this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from harness.dial import sockets
from harness.dial.api import Address, Datagrams, Stream, Tape
from harness.dial.deadline import Deadline
from harness.failures import Failed
from harness.model import Json, Stage

Permit: TypeAlias = Callable[[str], bool]
"""Says of an address whether a packet may leave for it."""


def anywhere(_address: str) -> bool:
    """Permits every address."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """Opens connections with nothing between; its `connect` stages are those of `of`."""

    of: str = "target"
    permit: Permit = anywhere
    segment: int | None = None  # bytes of the longest segment, both ways; None leaves it to the kernel

    async def stream(self, to: Address, until: Deadline, tape: Tape) -> Stream:
        """A connected stream, and one `connect` stage: address, port, our source port, the kernel's round trip."""
        with tape.stage(Stage.CONNECT, self.of) as note:
            note.detail.update(address=to.host, port=to.port)
            self.check(to)
            stream, facts = await sockets.connect(to, until, self.segment)
            note.detail.update(facts)
        return stream

    async def datagrams(self, to: Address, until: Deadline, tape: Tape) -> Datagrams:
        """A flow of datagrams. Opening one sends nothing, so only a failure is a `connect` stage."""
        try:
            self.check(to)
            return sockets.datagrams(to)
        except (OSError, Failed) as exc:
            with tape.stage(Stage.CONNECT, self.of) as note:
                note.detail.update(address=to.host, port=to.port, transport="udp")
                raise exc

    def check(self, to: Address) -> None:
        """Raise Failed where no packet may leave for the address."""
        if not self.permit(to.host):
            raise Failed("permission_denied", why="nothing may leave for this address here")


def build(params: Mapping[str, Json], of: str = "target", permit: Permit = anywhere) -> Direct:
    """The base that the table of bases names `direct`; `family` is the affair of whoever picks addresses."""
    return Direct(of=of, permit=permit, segment=params.get("segment"))
