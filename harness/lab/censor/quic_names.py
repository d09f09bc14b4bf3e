"""Rules about the name in a QUIC ClientHello, which the Initials of a flow carry encrypted under keys known to all."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeAlias, TypeVar

from harness.lab.censor import hello, params, quic_initial
from harness.lab.censor.packet import Packet
from harness.lab.censor.stream import LIMIT, Stream
from harness.lab.censor.watch import NameWatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

Joined: TypeAlias = Literal["first", "none", "frames", "datagrams"]

_MOST_CONNECTIONS = 8  # of one flow whose hellos are put together at a time
_MOST_DATAGRAMS = 16  # of the opener's, after which no hello is waited for any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """The names, and how much is done to find them."""

    ports: tuple[params.Port, ...] = (443,)
    reassembly: Joined = (
        "frames"  # a packet's first frame, each CRYPTO frame, those of a datagram or of a connection id
    )
    versions: tuple[Literal[1, 2], ...] = (1, 2)  # of QUIC, whose keys it knows
    checked: bool = True  # whether a packet's tag is looked at; without, the end of a packet may be missing
    first: int = 0  # datagrams of the opener's that are looked at; 0 means all: else whatever goes ahead hides the rest
    residual: params.Residual | None = None


class HelloAssembler:
    """The ClientHello of one flow, out of CRYPTO frames in any order. Policy: what came first stays."""

    def __init__(self, how: Joined, *, whole: bool = False) -> None:
        self._how = how
        self._whole = whole
        self._streams: dict[bytes, Stream] = {}

    def add(self, frames: Iterable[quic_initial.Crypto]) -> hello.Hello | None:
        """The first hello that is whole after this datagram, or, where no whole one is asked for, that has a name."""
        if self._how != "datagrams":
            self._streams.clear()
        found = None
        for frame in frames:
            seen = self._read(frame)
            if seen is not None and (seen.whole or (seen.name is not None and not self._whole)):
                found = found or seen
        return found

    def _read(self, frame: quic_initial.Crypto) -> hello.Hello | None:
        try:
            return hello.told(self._joined(frame))
        except hello.Other:
            return None

    def _joined(self, frame: quic_initial.Crypto) -> bytes:
        """The handshake's start, as far as it is known with this frame."""
        if frame.offset >= LIMIT:
            return b""
        if self._how == "first":  # what stands behind its head, whatever length that says
            return b"" if frame.offset else frame.behind
        if self._how == "none":
            return b"" if frame.offset else frame.data
        if frame.dcid not in self._streams and len(self._streams) >= _MOST_CONNECTIONS:
            del self._streams[next(iter(self._streams))]
        return self._streams.setdefault(frame.dcid, Stream(0)).add(frame.offset, frame.data)


class InitialReader:
    """The ClientHello of one flow of QUIC, versions 1 and 2, for rules that look into TCP as well.

    `none` sees what lies in one CRYPTO frame; all else puts together what comes under one connection id.
    """

    strange = False

    def __init__(self, how: params.Reassembly) -> None:
        self._assembler = HelloAssembler("none" if how == "none" else "datagrams")
        self._left = _MOST_DATAGRAMS
        self.over = False

    def read(self, packet: Packet) -> hello.Hello | None:
        """What can be seen with this datagram; `over` once no further one is of interest."""
        self._left -= 1
        found = self._assembler.add(packet.made(quic_initial.read))
        self.over = found is not None or self._left <= 0
        return found


I = TypeVar("I", bound=Params)  # noqa: E741


class InitialWatch(NameWatch[I], Generic[I]):
    """Finds the name in the first ClientHello of whoever opened the flow; the flow is judged by that one alone."""

    PROTOCOLS = ("udp",)
    WHOLE: ClassVar[bool] = False  # whether the rule looks at more of a hello than its name

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._forget()

    def _forget(self) -> None:
        """Look at the flow as if it began now."""
        self._assembler = HelloAssembler(self.params.reassembly, whole=self.WHOLE)
        self._left = self.params.first or _MOST_DATAGRAMS

    def see(self, packet: Packet) -> Packet | None:
        """What goes on in place of the datagram, once its name has been looked at."""
        if packet.side != self.flow.opener or not self._left:
            return packet
        self._left -= 1
        shown = packet.made(quic_initial.read if self.params.checked else quic_initial.read_unchecked)
        found = self._assembler.add(one for one in shown if one.version in self.params.versions)
        if found is not None:
            self._left = 0
        if not self._left:
            self.judged()
        if found is None or not self.meant(found):
            return packet
        self.log("match", found.name or "")
        return self.matched(packet)

    def meant(self, found: hello.Hello) -> bool:
        """True where the rule is about this hello."""
        return found.name is not None and self.names.holds(found.name)

    def judged(self) -> None:
        """Lets the flow go: its hello has been seen, or none will be looked for any more."""
        self.done = True

    @abstractmethod
    def matched(self, packet: Packet) -> Packet | None:
        """What goes on in place of the datagram that completed a listed name."""
