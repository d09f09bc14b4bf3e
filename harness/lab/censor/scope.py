"""Which flows and which names a rule is about, made ready once so that asking costs little."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable

from harness.lab.censor.flows import PROTOCOLS, Flow
from harness.lab.censor.packet import CLIENT, Packet
from harness.lab.censor.params import Allowing, Named, Params, Side


class Prefixes:
    """A set of prefixes of both families."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_size: dict[int, list[tuple[int, int]]] = {4: [], 16: []}
        for text in texts:
            network = ipaddress.ip_network(text)
            packed = network.network_address.packed
            shift = 8 * len(packed) - network.prefixlen
            self._by_size[len(packed)].append((int.from_bytes(packed, "big") >> shift, shift))

    def __contains__(self, address: bytes) -> bool:
        number = int.from_bytes(address, "big")
        return any(number >> shift == start for start, shift in self._by_size[len(address)])


class Ports:
    """A set of ports, kept as the spans that it is written in: a rule about all of them costs as little as one."""

    def __init__(self, texts: Iterable[int | str]) -> None:
        ends = [str(text).partition("-") for text in texts]
        self._spans = tuple((int(low), int(high or low)) for low, _, high in ends)

    def __bool__(self) -> bool:
        return bool(self._spans)

    def __contains__(self, port: int) -> bool:
        return any(low <= port <= high for low, high in self._spans)


def sent_by(packet: Packet, whose: Side) -> bool:
    """True where the packet is one of those that a rule calls the client's, the server's, or both's."""
    return whose == "both" or (whose == "client") == (packet.side == CLIENT)


class Scope:
    """The flows that a rule is about."""

    def __init__(self, params: Params, protocols: Collection[str]) -> None:
        self._protocols = frozenset(protocols)
        self._prefixes = Prefixes(params.prefixes) if params.prefixes else None
        self._ports = Ports(params.ports)
        self._sizes = frozenset({4: 4, 6: 16}[family] for family in params.families)
        allowed = params.allow if isinstance(params, Allowing) else ()
        self._exempt = Prefixes((*params.exempt_prefixes, *allowed))
        self._exempt_ports = Ports(params.exempt_ports)
        self._openers = {"out": (CLIENT,), "in": (1 - CLIENT,), "both": (0, 1)}[params.direction]

    def holds(self, flow: Flow) -> bool:
        """True where the rule is about this flow."""
        return (
            flow.opener in self._openers
            and (not self._protocols or PROTOCOLS.get(flow.proto, "other") in self._protocols)
            and (not self._ports or flow.called in self._ports)
            and flow.called not in self._exempt_ports
            and (not self._sizes or len(flow.far) in self._sizes)
            and (self._prefixes is None or flow.far in self._prefixes)
            and flow.far not in self._exempt
        )


class Names:
    """The names that a rule is about."""

    def __init__(self, params: Named) -> None:
        self._any = "*" in params.names
        self._match = params.match
        self._names = frozenset(params.names)
        self._exempt = frozenset(params.exempt_names)

    def exempts(self, name: str) -> bool:
        """True where the rule leaves this name alone, whatever else it says."""
        return below(name, self._exempt)

    def holds(self, name: str) -> bool:
        """True where the rule is about this name."""
        if self.exempts(name):
            return False
        if self._any or name in self._names:
            return True
        if self._match == "substring":
            return any(part in name for part in self._names)
        return self._match == "suffix" and below(name, self._names)


def below(name: str, suffixes: Collection[str]) -> bool:
    """True where the name is one of the suffixes, or lies below one."""
    while name:
        if name in suffixes:
            return True
        _, _, name = name.partition(".")
    return False
