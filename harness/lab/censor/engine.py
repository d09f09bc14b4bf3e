"""The censor without its sockets: frames and the time go in, frames and events come out. A bump in the wire.

    client -- hops before -- [ rules ] -- line -- hops after -- internet

The rules look at what the client sends at once, and at what the internet sends once it has come down the line, as a
middlebox near the client does. Whatever cannot be read is dropped and logged: nothing passes uninspected.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.lab.censor import forge
from harness.lab.censor.call import Call
from harness.lab.censor.flows import Flow, FlowTable
from harness.lab.censor.fragments import FULL, Fragments, cut
from harness.lab.censor.hops import Routers
from harness.lab.censor.hours import DAY
from harness.lab.censor.line import Line
from harness.lab.censor.memory import Memory
from harness.lab.censor.packet import CLIENT, INTERNET, NotIp, Packet, Piece, Unreadable
from harness.lab.censor.residual import Residuals, Sentence
from harness.lab.censor.rule import CompiledRule
from harness.lab.censor.watch import Watch
from harness.lab.events import Event

if TYPE_CHECKING:
    from harness.model import Json

SWEEP_EVERY = 5.0  # seconds
MOST_UNREADABLE = 1000  # events about frames that cannot be read; their number beyond that says nothing new

Emit = Callable[[int, bytes], None]
Record = Callable[[Event], None]


@dataclass(slots=True, kw_only=True)
class Made:
    """A frame of our own making that waits for the packet that caused it to be dealt with."""

    side: int
    frame: bytes
    after: float


@dataclass(slots=True, kw_only=True)
class Counts:
    """What went through."""

    seen: int = 0
    sent: int = 0
    unreadable: int = 0
    lost: int = 0  # on the line, as the world wants it


@dataclass(slots=True, kw_only=True)
class Engine:
    """The censor of one world. `emit(side, frame)` sends, `record(event)` logs; time is told with each call."""

    emit: Emit
    record: Record
    clock: Callable[[], float]  # the wall clock, for events only
    lines: tuple[Line, Line] = field(
        default_factory=lambda: (Line(), Line())
    )  # towards the client, towards the internet
    routers: Routers = field(default_factory=Routers)
    rules: list[CompiledRule] = field(default_factory=list)
    flows: FlowTable = field(default_factory=FlowTable)
    residuals: Residuals = field(default_factory=Residuals)
    memory: Memory = field(default_factory=Memory)
    calls: dict[bytes, Call] = field(default_factory=dict)  # our own connections, by the key of what answers them
    counts: Counts = field(default_factory=Counts)
    now: float = 0.0
    midnight: float = 0.0  # when, by `now`, the world's day began
    generation: int = 0
    _fragments: tuple[Fragments, Fragments] = field(default_factory=lambda: (Fragments(), Fragments()))
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)
    _made: list[Made] = field(default_factory=list)
    _swept: float = 0.0

    def receive(self, side: int, raw: bytes, now: float) -> None:
        """Deal with one frame that came in from a side."""
        self.now = now
        self.counts.seen += 1
        try:
            packet, frames = Packet(raw, side), None
        except NotIp:
            return
        except Piece:
            whole = self._whole(side, raw)
            if whole is None:
                return
            packet, frames = whole
        except Unreadable:
            self._unreadable("malformed")
            return
        met = self.routers.towards_censor[side]
        if met:
            if packet.ttl <= met:
                self.emit(side, self.routers.ended(packet, 0))
                return
            packet, frames = self._lowered(packet, frames, met)
        if side == CLIENT:
            self._judge(packet, frames)
        else:
            self._after_line(packet, frames)

    def _whole(self, side: int, raw: bytes) -> tuple[Packet, list[bytes]] | None:
        """The packet that a fragment completes, with the frames that it came in."""
        try:
            complete = self._fragments[side].add(raw, self.now)
            return None if complete is None else (Packet(complete[0], side), complete[1])
        except (Unreadable, Piece):
            self._unreadable("fragment")
            return None

    def _unreadable(self, action: str) -> None:
        self.counts.unreadable += 1
        if self.counts.unreadable <= MOST_UNREADABLE:
            self.record(Event(at=self.clock(), flow=None, action=action))

    def _lowered(self, packet: Packet, frames: list[bytes] | None, by: int) -> tuple[Packet, list[bytes] | None]:
        lower = Packet(forge.lowered(packet.raw, by), packet.side)
        return lower, frames and [forge.lowered(frame, by) for frame in frames]

    def _after_line(self, packet: Packet, frames: list[bytes] | None) -> None:
        arrival = self.lines[CLIENT].arrival(packet, self.now)
        if arrival is None:
            self.counts.lost += 1
        elif arrival <= self.now:
            self._judge(packet, frames)
        else:
            self.at(arrival, lambda: self._judge(packet, frames))

    def _judge(self, packet: Packet, frames: list[bytes] | None) -> None:
        """Shows the packet to the rules, and sends on what they leave of it."""
        if self.calls and (call := self.calls.get(packet.key)):
            call.hear(packet)
            return
        flow = self.flows.find(packet, self.now)
        if flow is None:
            flow = self.flows.begin(packet, self.now)
            self._attach(flow)
        if flow.watches:
            self._carry(flow.watches, packet, frames)
        else:
            self._forward(packet, frames)

    def hold(self, watch: Watch[Any], packet: Packet, until: float) -> None:
        """Let a packet go on later, past the rules that stand behind the watch's and still watch the flow then."""

        def go_on() -> None:
            behind = [one for one in watch.flow.watches if one.rule.index > watch.rule.index]
            self._carry(behind, packet, None)

        self.at(until, go_on)

    def _carry(self, watches: Sequence[Watch[Any]], packet: Packet, frames: list[bytes] | None) -> None:
        """Shows the packet to those rules, and sends on what they leave of it, with what they made of it."""
        passed = self._shown(watches, packet)
        made, self._made = self._made, []
        for one in made:
            if one.side == packet.side:
                self._launch(one)
        if passed is not None:
            self._forward(passed, frames if passed is packet else None)
        for one in made:
            if one.side != packet.side:
                self._launch(one)

    def _shown(self, watches: Sequence[Watch[Any]], packet: Packet) -> Packet | None:
        for watch in tuple(watches):
            passed = watch.handle(packet)
            if watch.done and watch.sentence is None:
                watch.flow.watches.remove(watch)
            if passed is None:
                return None
            packet = passed
        return packet

    def _forward(self, packet: Packet, frames: list[bytes] | None) -> None:
        far = self.routers.past_censor[packet.side]
        if far:
            if packet.ttl <= far:
                error = self.routers.ended(packet, self.routers.towards_censor[packet.side])
                self.at(self.now + self._there_and_back(packet.side), lambda: self.emit(packet.side, error))
                return
            packet, frames = self._lowered(packet, frames, far)
        if frames is None and len(packet.raw) <= FULL:
            self._leave(packet, packet.raw)
            return
        for frame in frames or cut(packet.raw, next(self._numbers)):
            self._leave(packet, frame)

    def _there_and_back(self, side: int) -> float:
        return self.lines[CLIENT].delay + self.lines[INTERNET].delay if side == CLIENT else 0.0

    def _leave(self, packet: Packet, frame: bytes) -> None:
        if packet.side == INTERNET:
            self.emit(CLIENT, frame)
            return
        arrival = self.lines[INTERNET].arrival(packet, self.now)
        if arrival is None:
            self.counts.lost += 1
        elif arrival <= self.now:
            self.emit(INTERNET, frame)
        else:
            self.at(arrival, lambda: self.emit(INTERNET, frame))

    def inject(self, side: int, frame: bytes, after: float) -> None:
        """Send a frame of our own making to a side: ahead of the packet at hand if that came from there."""
        self._made.append(Made(side=side, frame=frame, after=after))

    def send(self, side: int, frame: bytes) -> None:
        """Send a frame of our own making at once, whatever packet is at hand."""
        self._depart(Made(side=side, frame=frame, after=0.0))

    def _launch(self, made: Made) -> None:
        if made.after > 0:
            self.at(self.now + made.after, lambda: self._depart(made))
        else:
            self._depart(made)

    def _depart(self, made: Made) -> None:
        packet = Packet(made.frame, 1 - made.side)
        far = self.routers.past_censor[packet.side]
        if packet.ttl > far:
            for frame in cut(forge.lowered(made.frame, far) if far else made.frame, next(self._numbers)):
                self._leave(packet, frame)

    def _attach(self, flow: Flow) -> None:
        """Lets every rule that is about a new flow watch it."""
        flow.generation = self.generation
        for rule in self.rules:
            if not rule.scope.holds(flow):
                continue
            if rule.draws(flow):
                flow.watches.append(rule.watch(self, rule, flow))
            sentence = self.residuals.find(rule, flow, self.now)
            if sentence is not None and self.at_work(rule):
                self.sentenced(rule, flow, sentence)

    @property
    def time_of_day(self) -> float:
        """Seconds since midnight by the world's clock."""
        return (self.now - self.midnight) % DAY

    def at_work(self, rule: CompiledRule) -> bool:
        """True where the world's clock shows one of the rule's hours."""
        return rule.hours is None or rule.hours.holds(self.time_of_day)

    def sentenced(self, rule: CompiledRule, flow: Flow, sentence: Sentence) -> None:
        """Put a flow under a sentence that another flow has brought about."""
        watch: Watch[Any] | None = next((one for one in flow.watches if one.rule is rule), None)
        if watch is None:
            watch = rule.watch(self, rule, flow)
            watch.done = True  # the flow was let go before, or never drawn, and is again when the sentence is over
            flow.watches.append(watch)
        watch.sentence = sentence
        watch.note("residual")

    def spread(self, watch: Watch[Any], sentence: Sentence) -> None:
        """Put the other standing flows of the flow's kind under its sentence, once it reaches them."""
        if sentence.since > self.now:
            self.at(sentence.since, lambda: self.spread(watch, sentence))
            return
        for flow in self.flows:
            if (
                flow.generation == self.generation
                and flow is not watch.flow
                and self.residuals.find(watch.rule, flow, self.now) is sentence
            ):
                self.sentenced(watch.rule, flow, sentence)

    def log(self, flow: Flow, rule: CompiledRule, action: str, name: str, detail: Mapping[str, Json]) -> None:
        """Write an event of a rule's."""
        self.record(
            Event(
                at=self.clock(),
                flow=flow.name(),
                action=action,
                rule=rule.index,
                behaviour=rule.behaviour,
                name=name,
                generation=rule.generation,
                detail=detail,
            )
        )

    def swap(self, rules: Iterable[CompiledRule]) -> None:
        """Take other rules for the flows to come; standing flows keep theirs, all that outlives a flow is forgotten."""
        self.rules = list(rules)
        self.generation += 1
        self.residuals.clear()
        self.memory.clear()

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._due, (when, next(self._numbers), do))

    def next_due(self) -> float | None:
        """When something has to be done next."""
        return self._due[0][0] if self._due else None

    def tick(self, now: float) -> None:
        """Do what is due, and forget what is over."""
        while self._due and self._due[0][0] <= now:
            self.now = max(self._due[0][0], self.now)
            heapq.heappop(self._due)[2]()
        self.now = now
        if now - self._swept > SWEEP_EVERY:
            self._swept = now
            self.flows.sweep(now)
            self.residuals.sweep(now)
            self.memory.sweep(now)
