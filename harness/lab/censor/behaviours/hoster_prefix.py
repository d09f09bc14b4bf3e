"""What becomes of a connection follows the prefix that it goes to, whatever name it is for.

RU 2026-09, a provider in Moscow: Cloudflare's prefixes differ among themselves, so that one site works by one of its
edges alone (net4people/bbs issue 662). A freeze comes after about 25 packets, both directions counted (issue 490).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from harness.lab.censor import params
from harness.lab.censor.packet import ACK, SYN, Packet
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

Fate: TypeAlias = Literal["open", "freeze", "drop", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Addressed):
    """The prefixes, by what becomes of connections to them; of several that fit, the longest counts."""

    drop: tuple[params.Prefix, ...] = ()
    refuse: tuple[params.Prefix, ...] = ()
    freeze: tuple[params.Prefix, ...] = ()
    open: tuple[params.Prefix, ...] = ()
    packets: int = 25  # of a connection, both ways, that pass before it freezes


class HosterPrefix(Watch[Params]):
    """Deals with a flow as its prefix asks for."""

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self.fate = _fate(self.params, flow.far)
        self.done = self.fate == "open"
        self._seen = 0

    def see(self, packet: Packet) -> Packet | None:
        """The packet, where its flow may still have it."""
        self._seen += 1
        if self.done or (self.fate == "freeze" and self._seen <= self.params.packets):
            return packet
        if self.fate == "refuse" and packet.flags & (SYN | ACK) == SYN:
            self.reset(packet, params.TO_CLIENT, taken=False)
            return None
        if self.fate == "freeze":
            self.note("freeze", packets=self.params.packets)
            return None
        return self.silence(packet, "both")


def _fate(said: Params, address: bytes) -> Fate:
    """The fate of the longest prefix that holds the address; open where none does."""
    host = ipaddress.ip_address(address)
    lists: Iterable[tuple[Fate, tuple[str, ...]]] = (
        ("open", said.open),
        ("freeze", said.freeze),
        ("drop", said.drop),
        ("refuse", said.refuse),
    )
    fitting = [
        (network.prefixlen, fate)
        for fate, texts in lists
        for network in map(ipaddress.ip_network, texts)
        if host in network
    ]
    return max(fitting, key=lambda one: one[0], default=(0, "open"))[1]
