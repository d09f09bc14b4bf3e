"""Flows: who speaks with whom, who began, and which rules watch. All state of a rule lives here, none on the rule."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.lab.censor.packet import ACK, CLIENT, FIN, INTERNET, RST, SYN, TCP, UDP, Packet
from harness.lab.events import Flow as FlowName

if TYPE_CHECKING:
    from harness.lab.censor.watch import Watch

MOST = 65536  # flows; beyond that the oldest are forgotten
IDLE = {TCP: 600.0, UDP: 120.0}  # seconds; TSPU forgets TCP after about ten minutes (Xue 2021)
# Outside Linux's ephemeral ports, so that the client has its own.
_HIGH, _LOW = range(61000, 65536), range(1024, 32768)
LENT = len(_HIGH) + len(_LOW)
IDLE_OTHERS = 30.0
IDLE_CLOSED = 10.0
PROTOCOLS = {TCP: "tcp", UDP: "udp", 1: "icmp", 58: "icmp"}


class Flow:
    """One flow. `key` is that of the client's packets; `far` is the address in the internet."""

    __slots__ = (
        "client",
        "closed",
        "cport",
        "far",
        "fins",
        "fport",
        "generation",
        "isn",
        "key",
        "last",
        "opener",
        "ordinal",
        "proto",
        "replies",
        "shaken",
        "watches",
    )

    def __init__(self, packet: Packet, now: float) -> None:
        out = packet.side == CLIENT
        self.key = packet.key if out else packet.reverse_key
        self.replies = [packet.reverse_key if out else packet.key]
        self.proto = packet.proto
        self.client, self.cport = (packet.source, packet.sport) if out else (packet.target, packet.dport)
        self.far, self.fport = (packet.target, packet.dport) if out else (packet.source, packet.sport)
        self.opener = _opener(packet)
        self.isn = packet.seq if packet.flags & (SYN | ACK) == SYN else None
        self.last = now
        self.ordinal = 0
        self.generation = 0  # of the rules that it began under
        self.fins = 0
        self.closed = False
        self.shaken = False  # a SYN was seen, and the other side's SYN+ACK
        self.watches: list[Watch[Any]] = []

    def name(self) -> FlowName:
        """The flow in the words of the event log."""
        family = socket.AF_INET if len(self.far) == 4 else socket.AF_INET6
        return FlowName(
            proto=PROTOCOLS.get(self.proto, str(self.proto)),
            src=socket.inet_ntop(family, self.client),
            sport=self.cport,
            dst=socket.inet_ntop(family, self.far),
            dport=self.fport,
        )

    @property
    def called(self) -> int:
        """The port of the side that was called."""
        return self.fport if self.opener == CLIENT else self.cport

    def ended(self, now: float) -> bool:
        """True where nobody will miss it."""
        limit = IDLE_CLOSED if self.closed else IDLE.get(self.proto, IDLE_OTHERS)
        return now - self.last > limit


def _opener(packet: Packet) -> int:
    """Who began: the sender of a SYN or of the first datagram; a TCP flow met half-way counts as the client's."""
    if packet.proto != TCP:
        return packet.side
    if packet.flags & SYN:
        return 1 - packet.side if packet.flags & ACK else packet.side
    return CLIENT


class FlowTable:
    """All flows, found by the key of a packet of either side."""

    def __init__(self) -> None:
        self.by_key: tuple[dict[bytes, Flow], dict[bytes, Flow]] = ({}, {})
        self._met: dict[bytes, int] = {}
        self._lent: int = 0

    def __len__(self) -> int:
        return len(self.by_key[CLIENT])

    def __iter__(self) -> Iterator[Flow]:
        return iter(tuple(self.by_key[CLIENT].values()))

    def find(self, packet: Packet, now: float) -> Flow | None:
        """The flow that a packet belongs to, None where it begins one."""
        flow = self.by_key[packet.side].get(packet.key)
        if flow is None:
            return None
        if packet.proto == TCP and (flags := packet.flags) & (SYN | FIN | RST):
            if _begins_anew(flow, packet):
                return None
            if flags & (SYN | ACK) == SYN | ACK:
                flow.shaken = flow.isn is not None and packet.side != flow.opener
            if flags & (FIN | RST):
                flow.fins |= 3 if flags & RST else 1 << packet.side
                flow.closed = flow.fins == 3
        flow.last = now
        return flow

    def begin(self, packet: Packet, now: float) -> Flow:
        """A new flow, with its place among those that went to the same end."""
        flow = Flow(packet, now)
        end = flow.far + flow.fport.to_bytes(2, "big") + bytes((flow.proto,))
        flow.ordinal = self._met[end] = self._met.get(end, 0) + 1
        if len(self) >= MOST:
            self.forget(next(iter(self.by_key[CLIENT].values())))
        self.by_key[CLIENT][flow.key] = flow
        self.by_key[INTERNET][flow.replies[0]] = flow
        return flow

    def lent_port(self, flow: Flow, elsewhere: bytes) -> int | None:
        """A port of the client's under which the flow speaks with another address; None where all are lent already."""
        if len(flow.replies) > 1:
            return int.from_bytes(flow.replies[1][-3:-1], "big")
        replies = self.by_key[INTERNET]
        fixed = elsewhere + flow.client + flow.fport.to_bytes(2, "big")
        for _ in range(LENT):
            self._lent = (self._lent + 1) % LENT
            port = _HIGH[self._lent] if self._lent < len(_HIGH) else _LOW[self._lent - len(_HIGH)]
            key = fixed + port.to_bytes(2, "big") + bytes((flow.proto,))
            if key not in replies:
                flow.replies.append(key)
                replies[key] = flow
                return port
        return None

    def forget(self, flow: Flow) -> None:
        """Take a flow out."""
        self.by_key[CLIENT].pop(flow.key, None)
        for key in flow.replies:
            self.by_key[INTERNET].pop(key, None)

    def sweep(self, now: float) -> None:
        """Take out the flows that nobody will miss, in one pass over each side."""
        for side, table in enumerate(self.by_key):
            kept = {key: flow for key, flow in table.items() if not flow.ended(now)}
            if len(kept) < len(table):
                self.by_key[side].clear()
                self.by_key[side].update(kept)


def _begins_anew(flow: Flow, packet: Packet) -> bool:
    """True for a SYN of a connection that uses the ports of an old one again."""
    return packet.flags & (SYN | ACK) == SYN and packet.seq != flow.isn
