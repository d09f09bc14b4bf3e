"""Rules about flows chosen by where they go, or by the name in their ClientHello, with exemptions of several kinds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

from harness.lab.censor import params
from harness.lab.censor.hello import HelloReader
from harness.lab.censor.packet import TCP, UDP, Packet
from harness.lab.censor.scope import Names
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.quic_names import InitialReader
    from harness.lab.censor.rule import CompiledRule

Opening: TypeAlias = Literal["ssh", "rdp"]

# What a side says first, by protocol: RFC 4253 section 4.2; TPKT (RFC 2126) around an X.224 connection request
# ([MS-RDPBCGR] section 2.2.1.1).
OPENINGS: Mapping[str, Callable[[bytes], bool]] = {
    "ssh": lambda data: data.startswith(b"SSH-"),
    "rdp": lambda data: data.startswith(b"\x03\x00") and data[5:6] == b"\xe0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Named):
    """Flows by prefix, port and protocol; with `names`, those alone whose ClientHello, in TLS or QUIC, shows one."""

    names: tuple[params.Name, ...] = ()
    protocols: tuple[params.Protocol, ...] = ()  # none means all of them
    exempt_openings: tuple[Opening, ...] = ()  # flows in which a side first says that it speaks this protocol
    reassembly: params.Reassembly = "both"
    residual: params.Residual | None = None


C = TypeVar("C", bound=Params)


class ChosenWatch(Watch[C], Generic[C]):
    """Acts on a flow once it is known to be meant; lets it go once it is known to be exempt."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        assert rule.names is not None
        self.names: Names = rule.names
        self._meant = not self.params.names
        named = self.params.names or self.params.exempt_names
        self._reader = _reader(flow, self.params.reassembly) if named else None
        self._heard: set[int] = set()  # the sides that have said something

    def see(self, packet: Packet) -> Packet | None:
        """What goes on in place of the packet; nothing is done to flows that are not meant."""
        if packet.end > packet.body and not self.done:
            self._hear(packet)
            self._read(packet)
        return self.act(packet) if self._meant and not self.done else packet

    def _hear(self, packet: Packet) -> None:
        if packet.side not in self._heard:
            self._heard.add(packet.side)
            payload = packet.payload
            self.done = any(OPENINGS[each](payload) for each in self.params.exempt_openings)

    def _read(self, packet: Packet) -> None:
        """Looks for the name; a flow whose hello has none of the listed ones is let go."""
        if self._reader is None or packet.side != self.flow.opener:
            return
        hello = self._reader.read(packet)
        over = self._reader.over
        if hello is not None and hello.name is not None:
            self._named(hello.name)
            over = True
        if over:
            self._reader = None
            self.done = self.done or not self._meant

    def _named(self, name: str) -> None:
        if self.names.exempts(name):
            self.done = True
        elif self.names.holds(name):
            self._meant = True
            self.log("match", name)

    @abstractmethod
    def act(self, packet: Packet) -> Packet | None:
        """What goes on in place of a packet of a flow that is meant."""


def _reader(flow: Flow, how: params.Reassembly) -> HelloReader | InitialReader | None:
    """What finds the name in flows of its kind."""
    if flow.proto == TCP:
        return HelloReader(how, flow.isn)
    if flow.proto != UDP:
        return None
    from harness.lab.censor.quic_names import InitialReader  # brings ciphers with it

    return InitialReader(how)


class LimitWatch(ChosenWatch[C], Generic[C]):
    """Puts a flow under its sentence as soon as it is known to be meant; subclasses say what that means."""

    def act(self, packet: Packet) -> Packet | None:
        """Condemns the flow once; when its time is over it is let go."""
        self.condemn()
        self.done = True
        return self.enforce(packet)
