"""Three network namespaces in a row: the client, the censor without an address, the internet.

    client eth0 = veth = client0 censor internet0 = veth = eth0 internet

Neighbours are known for good on both ends, so nothing but IP crosses the censor.
"""

from __future__ import annotations

import ipaddress
import os
import pathlib
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from harness.lab.net import netlink, offload, syscalls
from harness.lab.net.netlink import Rtnetlink

CLIENT_V4, CLIENT_V6 = "100.64.0.2", "2001:db8:64::2"  # behind a carrier's NAT (RFC 6598); documentation (RFC 3849)
PROBERS = (("100.64.2.0", 24), ("2001:db8:64:2::", 64))  # where the censor's own connections come from
GATEWAY_V4, GATEWAY_V6 = "100.64.0.1", "2001:db8:64::1"
CLIENT_MAC, INTERNET_MAC = bytes.fromhex("020000000002"), bytes.fromhex("020000000001")
CLIENT_PORT, INTERNET_PORT = "client0", "internet0"  # the censor's two interfaces

_LO = 1  # the index of the loopback interface in every namespace

# Saved route metrics would carry congestion windows from one flow to the next; forwarding would answer for the world.
_SETTINGS = {
    "ipv4/tcp_no_metrics_save": "1",
    "ipv4/ping_group_range": "0 0",
    "ipv4/ip_unprivileged_port_start": "0",
    "ipv4/ip_nonlocal_bind": "1",
    "ipv6/ip_nonlocal_bind": "1",
}
_MUST = {"ipv4/ip_forward": "0", "ipv6/conf/all/forwarding": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaces:
    """Descriptors of the three network namespaces; they live as long as somebody holds them or is inside."""

    client: int
    censor: int
    internet: int


def build(addresses: Iterable[str], *, timestamps: bool = True) -> Namespaces:
    """The topology, from a process in a fresh network namespace, which becomes the client's; it ends there."""
    client = _here()
    client_link = Rtnetlink()
    internet, internet_link = _fresh()
    censor, censor_link = _fresh()
    with client_link, internet_link, censor_link:
        censor_link.do(_pairs(client, internet))
        offload.switch_off(CLIENT_PORT)
        offload.switch_off(INTERNET_PORT)
        for index in _indexes(CLIENT_PORT, INTERNET_PORT):
            censor_link.do((netlink.silence(index), netlink.raise_link(index)))
        _enter(internet)
        _internet(internet_link, addresses)
        _enter(client)
        _client(client_link)
        if not timestamps:
            _set(pathlib.Path("/proc/sys/net/ipv4/tcp_timestamps"), "0", must=True)
    return Namespaces(client=client, censor=censor, internet=internet)


def _here() -> int:
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _enter(namespace: int) -> None:
    syscalls.setns(namespace, syscalls.CLONE_NEWNET)


def _fresh() -> tuple[int, Rtnetlink]:
    syscalls.unshare(syscalls.CLONE_NEWNET)
    return _here(), Rtnetlink()


def _indexes(*names: str) -> list[int]:
    return [socket.if_nametoindex(name) for name in names]


def _pairs(client: int, internet: int) -> Iterable[tuple[int, int, bytes]]:
    own = bytes.fromhex("0200000000c0")
    yield netlink.veth(CLIENT_PORT, peer="eth0", peer_ns=client, mac=own, peer_mac=CLIENT_MAC)
    yield netlink.veth(INTERNET_PORT, peer="eth0", peer_ns=internet, mac=own, peer_mac=INTERNET_MAC)


def _client(rtnetlink: Rtnetlink) -> None:
    """Gives the namespace in which we are the client's addresses, and a gateway for all else."""
    _settle()
    (eth,) = _indexes("eth0")
    rtnetlink.do((netlink.raise_link(_LO), netlink.silence(eth), netlink.raise_link(eth)))
    for own, gateway in ((CLIENT_V4, GATEWAY_V4), (CLIENT_V6, GATEWAY_V6)):
        packed, via = _packed(own), _packed(gateway)
        rtnetlink.do(
            (
                netlink.address(eth, packed),
                netlink.neighbour(eth, via, INTERNET_MAC),
                netlink.route(eth, family=_family(packed), via=via),
            )
        )


def _internet(rtnetlink: Rtnetlink, addresses: Iterable[str]) -> None:
    """Gives the namespace in which we are every declared address; packets to any other vanish without a word."""
    _settle()
    void = _void(rtnetlink)
    (eth,) = _indexes("eth0")
    rtnetlink.do((netlink.raise_link(_LO), netlink.silence(eth), netlink.raise_link(eth)))
    rtnetlink.do(netlink.address(_LO, _packed(text)) for text in dict.fromkeys(addresses))
    for text, (probers, length) in zip((CLIENT_V4, CLIENT_V6), PROBERS, strict=True):
        packed = _packed(text)
        there = (packed, 8 * len(packed))
        rtnetlink.do(
            (
                netlink.neighbour(eth, packed, CLIENT_MAC),
                netlink.route(eth, family=_family(packed), to=there, via=packed),
                netlink.route(eth, family=_family(packed), to=(_packed(probers), length), via=packed),
                netlink.route(void, family=_family(packed)),
            )
        )


def _void(rtnetlink: Rtnetlink) -> int:
    """A link that leads nowhere: servers that speak to an address nobody owns hear nothing, as in the world outside."""
    here = _here()
    mac, elsewhere = bytes.fromhex("0200000000d0"), bytes.fromhex("0200000000d1")
    rtnetlink.do([netlink.veth("void", peer="nowhere", peer_ns=here, mac=mac, peer_mac=elsewhere)])
    os.close(here)
    void, nowhere = _indexes("void", "nowhere")
    for index in (nowhere, void):
        rtnetlink.do((netlink.silence(index), netlink.raise_link(index, ask=False)))
    return void


def _packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def _family(packed: bytes) -> int:
    return socket.AF_INET if len(packed) == 4 else socket.AF_INET6


def _settle() -> None:
    """Sets this namespace's kernel settings: those that must hold, and those that only make life easier."""
    offload.switch_off("eth0")
    for name, value in (_SETTINGS | _MUST).items():
        _set(pathlib.Path("/proc/sys/net", name), value, must=name in _MUST)


def _set(file: pathlib.Path, value: str, *, must: bool) -> None:
    try:
        file.write_text(value)
    except OSError:
        # A container may show /proc/sys read-only; what the kernel's default gives us anyway needs no writing.
        if must and file.read_text().strip() != value:
            raise
