"""Servers that are programs of the system: unbound, nginx and coturn, where they are installed."""

from __future__ import annotations

import shutil

from harness.errors import ApparatusError
from harness.lab.servers.authority import write_private
from harness.lab.servers.params import Dns
from harness.lab.servers.params import Nginx as NginxParams
from harness.lab.servers.program import Program
from harness.lab.servers.seat import Seat

_START = 10.0  # seconds
_SBIN = "/usr/sbin:/sbin:/usr/local/sbin"  # not on an ordinary user's PATH


def find(name: str) -> str | None:
    """The program of that name, where the system has it."""
    return shutil.which(name) or shutil.which(name, path=_SBIN)


class Unbound:
    """unbound with the world's names as local data."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    async def run(self) -> None:
        """Start it on the host's addresses."""
        config = self._seat.internet.workdir / f"unbound-{self._seat.host.name}.conf"
        write_private(config, self._config().encode())
        running = Program(self._seat.internet, f"unbound-{self._seat.host.name}", (_need("unbound"), "-c", str(config)))
        await running.start()
        await running.listening(self._seat.host.addresses[0], self._seat.service.port, _START)

    def _config(self) -> str:
        params: Dns = self._seat.params
        settings = [
            "do-daemonize: no",
            "use-syslog: no",
            'logfile: ""',
            'username: ""',
            'chroot: ""',
            'pidfile: ""',
            "num-threads: 1",
            "ip-freebind: yes",
            "interface-automatic: no",
            f"port: {params.port}",
            "access-control: 0.0.0.0/0 allow",
            "access-control: ::0/0 allow",
            "module-config: iterator",
            'local-zone: "." static',
            *(f"interface: {address}" for address in self._seat.host.addresses),
            *(f'local-zone: "{name}." always_nxdomain' for name in params.nxdomain),
            *(f"local-data: '{record}'" for record in self._records(params)),
        ]
        return "server:\n" + "".join(f"  {line}\n" for line in settings) + "remote-control:\n  control-enable: no\n"

    def _records(self, params: Dns) -> list[str]:
        names = {**self._seat.internet.zone, **params.forge}
        pairs = [(name, address) for name, addresses in names.items() for address in addresses]
        return [f"{name}. 60 IN {'AAAA' if ':' in address else 'A'} {address}" for name, address in pairs]


class Coturn:
    """coturn, of which only the STUN server is used."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    async def run(self) -> None:
        """Start it on the host's addresses."""
        workdir, name, port = self._seat.internet.workdir, self._seat.host.name, self._seat.service.port
        argv = [_need("turnserver"), "-n", "--stun-only", "--no-cli", "--no-tls", "--no-dtls", "--log-file", "stdout"]
        argv += ["--pidfile", str(workdir / f"coturn-{name}.pid"), "--userdb", str(workdir / f"coturn-{name}.db")]
        argv += ["--listening-port", str(port)]
        for address in self._seat.host.addresses:
            argv += ["--listening-ip", address, "--relay-ip", address]
        running = Program(self._seat.internet, f"coturn-{name}", tuple(argv))
        await running.start()
        await running.listening(self._seat.host.addresses[0], port, _START)


class Nginx:
    """nginx with one page, by the host's own certificate."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    async def run(self) -> None:
        """Start it on the host's addresses."""
        config = self._seat.internet.workdir / f"nginx-{self._seat.host.name}.conf"
        write_private(config, self._config().encode())
        argv = (_need("nginx"), "-e", "stderr", "-p", str(self._seat.internet.workdir), "-c", str(config))
        running = Program(self._seat.internet, f"nginx-{self._seat.host.name}", argv)
        await running.start()
        await running.listening(self._seat.host.addresses[0], self._seat.service.port, _START)

    def _config(self) -> str:
        """Its paths are from the folder that it is told of: that one's own may hold whatever paths hold."""
        params: NginxParams = self._seat.params
        workdir = self._seat.internet.workdir
        chain = self._seat.internet.authority.chain_file(self._seat.host).relative_to(workdir)
        page = workdir / f"nginx-{self._seat.host.name}" / "index.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text(params.body)
        listens = "".join(f"listen {_bracketed(text)}:{params.port} ssl http2; " for text in self._seat.host.addresses)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path nginx-{kind}; " for kind in kinds)
        return (
            f"user root root; daemon off; master_process off; pid nginx-{self._seat.host.name}.pid;\n"
            "events { worker_connections 256; }\n"
            f"http {{ access_log off; {temporary}\n"
            f"server {{ {listens} server_name _; root {page.parent.name};\n"
            f"ssl_certificate {chain}; ssl_certificate_key {chain}; }} }}\n"
        )


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _need(name: str) -> str:
    if found := find(name):
        return found
    raise ApparatusError(f"this world runs {name}, which is not installed; make system-deps")
