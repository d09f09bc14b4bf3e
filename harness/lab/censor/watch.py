"""One rule watching one flow: it sees each packet and gives back what goes on, which is how all behaviours are written.

A behaviour is a subclass of `Watch` (or of one that already finds names) and a model of its parameters.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from harness.lab.censor import forge, question
from harness.lab.censor.hello import Hello, HelloReader
from harness.lab.censor.host import HostReader, Request
from harness.lab.censor.packet import RST, SYN, TCP, Packet
from harness.lab.censor.params import Hosted, Named, Params, Reset, Side, Telling
from harness.lab.censor.question import Question
from harness.lab.censor.residual import FOREVER, Sentence
from harness.lab.censor.scope import Names, sent_by
from harness.lab.censor.stream import Stream
from harness.lab.censor.traits import Traits

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule
    from harness.model import Json

TOO_SHORT = 8  # bytes of a first segment by which Iran's filter tells HTTP (Bock 2020)

P = TypeVar("P", bound=Params)
N = TypeVar("N", bound=Named)
T = TypeVar("T", bound=Telling)
H = TypeVar("H", bound=Hosted)


class Watch(Generic[P]):
    """One rule on one flow. What it remembers is this flow's; what outlives the flow is a `Sentence`."""

    PROTOCOLS: ClassVar[Collection[str]] = ()  # of which flows it is told; none means all

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        self.engine = engine
        self.rule = rule
        self.flow = flow
        self.params: P = rule.params
        self._hours = rule.hours
        self.done = False  # True lets it go: the flow passes unwatched from then on
        self.sentence: Sentence | None = None
        self._noted: set[str] = set()

    def handle(self, packet: Packet) -> Packet | None:
        """What goes on in place of the packet; a flow under sentence is not looked at further."""
        if self._hours is not None and not self.engine.at_work(self.rule):
            return packet
        if self.sentence is not None:
            if self.sentence.holds(self.engine.now):
                return self.enforce(packet)
            self.sentence = None
            if self.done:  # what it was condemned for lies behind it
                return packet
        return self.see(packet)

    def see(self, packet: Packet) -> Packet | None:
        """What goes on in place of a packet of a flow without a sentence."""
        return packet

    def enforce(self, packet: Packet) -> Packet | None:
        """What goes on in place of a packet of a flow under sentence: nothing, either way."""
        self.note("drop")
        return None

    def condemn(self) -> None:
        """Put the flow under sentence: for its life, or as the rule's residual says, with all of its kind."""
        if self.rule.residual is None:
            self.sentence = FOREVER
            return
        self.sentence = self.engine.residuals.set(self.rule, self.flow, self.engine.now)
        self.engine.spread(self, self.sentence)

    def condemned(self, packet: Packet) -> Packet | None:
        """Put the flow under sentence by this packet, which is the first to be held; what goes on in its place."""
        self.condemn()
        return self.enforce(packet)

    def log(self, action: str, name: str = "", **detail: Json) -> None:
        """Write an event. It stands in the log before any packet of this action leaves."""
        if self.params.log:
            self.engine.log(self.flow, self.rule, action, name, detail)

    def note(self, action: str, **detail: Json) -> None:
        """Write an event once for the flow, however often it happens."""
        if action not in self._noted:
            self._noted.add(action)
            self.log(action, **detail)

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something after a time, unless other rules hold by then."""
        engine = self.engine
        engine.at(engine.now + seconds, lambda: do() if engine.generation == self.flow.generation else None)

    def send_back(self, packet: Packet, frame: bytes, after: float = 0.0) -> None:
        """Send a frame of our own making to the sender of the packet."""
        self.engine.inject(packet.side, frame, after)

    def send_on(self, packet: Packet, frame: bytes, after: float = 0.0) -> None:
        """Send a frame of our own making to the receiver of the packet, behind it."""
        self.engine.inject(1 - packet.side, frame, after)

    def reset(self, packet: Packet, shape: Reset, *, taken: bool) -> None:
        """Send forged resets; `taken` says that the packet itself goes on. Resets are never answered by resets."""
        if packet.flags & RST:
            return
        payload = bytes.fromhex(shape.payload)
        from_client = packet.side == 0
        for look in _looks(shape):
            if shape.to == "both" or (shape.to == "client") == from_client:
                self.send_back(packet, forge.reset_back(packet, ack=shape.ack, payload=payload, look=look))
            if shape.to == "both" or (shape.to == "server") == from_client:
                self.send_on(packet, forge.reset_on(packet, ack=shape.ack, payload=payload, look=look, taken=taken))
        self.note("rst", to=shape.to)

    def cut(self, packet: Packet, shapes: Iterable[Reset], *, taken: bool) -> Packet | None:
        """Answers what the opener sends by resets; what the other side sends vanishes where we stand in the path."""
        if packet.side == self.flow.opener:
            for shape in shapes:
                self.reset(packet, shape, taken=taken)
        return packet if taken else None

    def silence(self, packet: Packet, whose: Side) -> Packet | None:
        """The packet, unless it is one of those whose packets vanish."""
        if not sent_by(packet, whose):
            return packet
        self.note("drop")
        return None


def _looks(shape: Reset) -> Iterator[forge.Look]:
    """What each of the resets says."""
    for number, ahead in enumerate(ahead for ahead in shape.ahead for _ in range(shape.count)):
        more = number * shape.grow
        ttl, window = min(max(shape.ttl + more, 1), 255), min(max(shape.window + more, 0), 65535)
        yield forge.Look(ttl=ttl, window=window, ident=shape.ip_id, ahead=ahead)


class NameWatch(Watch[N], Generic[N]):
    """A rule that looks for a name; subclasses say where names are found and what follows."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        assert rule.names is not None
        self.names: Names = rule.names

    def _unseen(self, packet: Packet, stateful: bool) -> bool:
        """True for a connection whose handshake would have to be known, and is not; behind its SYN, it is let go."""
        unseen = stateful and not self.flow.shaken
        self.done = self.done or (unseen and not packet.flags & SYN)
        return unseen


class HelloWatch(NameWatch[T], Generic[T]):
    """Finds names, and whatever else the rule asks for, in the ClientHello of whoever opened the flow."""

    PROTOCOLS: ClassVar[Collection[str]] = ("tcp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        assert rule.traits is not None
        self.traits: Traits = rule.traits
        self._reader = HelloReader(self.params.reassembly, flow.isn)

    def see(self, packet: Packet) -> Packet | None:
        """What goes on in place of the packet, once its hello has been looked at."""
        if packet.side != self.flow.opener or packet.end == packet.body or self._unseen(packet, self.params.stateful):
            return packet
        hello = self._reader.add(packet.place, packet.payload)
        if hello is not None and self.meant(hello):
            self.log("match", hello.name or "", **self.traits.seen(hello))
            return self.matched(packet, hello)
        self.done = self.done or self._reader.over
        return packet

    def meant(self, hello: Hello) -> bool:
        """True where the rule acts on the flow of this hello, as far as it is there."""
        return self.traits.hold(hello)

    def matched(self, packet: Packet, hello: Hello) -> Packet | None:
        """What goes on in place of the packet that completed what the rule looks for."""
        return self.condemned(packet)

    def condemn(self) -> None:
        """Put the flow under sentence; once that is over it is not judged by how it began, but by what comes then."""
        self._reader = HelloReader(self.params.reassembly, None)
        super().condemn()


class HostWatch(NameWatch[H], Generic[H]):
    """Finds names in the Host lines of requests, every one of a connection unless told otherwise."""

    PROTOCOLS: ClassVar[Collection[str]] = ("tcp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        base = None if flow.isn is None else (flow.isn + 1) % (1 << 32)
        self._stream = Stream(base) if self.params.reassembly == "tcp" else None
        self._reader = HostReader(each=self._stream is None, strict=self.params.strict)
        self._short = b""
        self.requests = self.segments = 0  # that were looked at so far

    def see(self, packet: Packet) -> Packet | None:
        """What goes on in place of the packet, once its request has been looked at."""
        if packet.side != self.flow.opener or packet.end == packet.body or self._unseen(packet, self.params.stateful):
            return packet
        self.segments += 1
        found = self._found(self._reader.add(self._ordered(packet)))
        self.done = self._reader.over or self._enough
        if found is None:
            return packet
        self.log("match", found.name)
        return self.matched(packet, found.name)

    def _found(self, requests: Iterable[Request]) -> Request | None:
        """The first request that the rule is about, of those that it looks at."""
        for request in requests:
            self.requests += 1
            if self.meant(request):
                return request
            if self._enough:
                break
        return None

    @property
    def _enough(self) -> bool:
        limits = ((self.requests, self.params.requests), (self.segments, self.params.segments))
        return any(most and seen >= most for seen, most in limits)

    def meant(self, request: Request) -> bool:
        """True where the rule is about this request."""
        return self.names.holds(request.name) and self._path_listed(request.path)

    def _path_listed(self, path: str) -> bool:
        return not self.params.paths or path.startswith(self.params.paths)

    def _ordered(self, packet: Packet) -> bytes:
        if self._stream is None:
            return self._joined(packet.payload)
        data = self._stream.add(packet.place, packet.payload)
        self._stream.take(len(data))
        return data

    def _joined(self, payload: bytes) -> bytes:
        """The segment, behind a first one that was too short to be told for HTTP."""
        if self.params.reassembly != "short" or len(self._short) >= TOO_SHORT:
            return payload
        self._short += payload
        return self._short if len(self._short) >= TOO_SHORT else b""

    @abstractmethod
    def matched(self, packet: Packet, name: str) -> Packet | None:
        """What goes on in place of the packet that completed a listed name."""


class QuestionWatch(NameWatch[N], Generic[N]):
    """Finds names in DNS questions: in datagrams, and over TCP where a subclass is told of it."""

    PROTOCOLS: ClassVar[Collection[str]] = ("udp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        how = getattr(self.params, "reassembly", "none")
        self._reader = question.TcpReader(how, flow.isn) if flow.proto == TCP else None

    def see(self, packet: Packet) -> Packet | None:
        """What goes on in place of the packet, once its question has been looked at."""
        if packet.side != self.flow.opener or packet.end == packet.body:
            return packet
        for asked in self._asked(packet):
            if self.names.holds(asked.name):
                self.log("match", asked.name, type=asked.kind)
                return self.matched(packet, asked)
        return packet

    def _asked(self, packet: Packet) -> Sequence[Question]:
        if self._reader is not None:
            return self._reader.add(packet.place, packet.payload)
        asked = packet.made(question.read)
        return () if asked is None else (asked,)

    @abstractmethod
    def matched(self, packet: Packet, asked: Question) -> Packet | None:
        """What goes on in place of a listed question."""
