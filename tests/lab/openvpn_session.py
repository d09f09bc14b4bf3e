"""A real OpenVPN client and server that shake hands on loopback, and what passed between them. No interface is made."""

from __future__ import annotations

import datetime as dt
import functools
import os
import pathlib
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import needs

PROGRAM = shutil.which("openvpn", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
present = needs.needs(PROGRAM, "no openvpn; make system-deps")

ENOUGH = 8  # messages; the handshake is well under way by then
PATIENCE = 10.0
_QUIET = ("--dev", "null", "--ifconfig-noexec", "--verb", "0", "--single-session")

Session = Sequence[tuple[bool, bytes]]
"""What was sent, in order, and whether the client sent it."""


@functools.cache
def session(proto: str, key: str = "") -> Session:
    """The first messages over `udp` or `tcp`, with `tls-auth` or `tls-crypt` where `key` says so."""
    assert PROGRAM is not None, "no openvpn; make system-deps"
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = pathlib.Path(name)
        papers(folder)
        more = [f"--{key}", "static.key"] if key else []
        near, far = stack.enter_context(_bound(proto)), _free(proto)
        server = ["--tls-server", "--dh", "none", "--local", "127.0.0.1", "--lport", str(far)]
        client = ["--tls-client", "--remote", "127.0.0.1", str(near.getsockname()[1])]
        ends = {"udp": ("udp4", "udp4"), "tcp": ("tcp4-server", "tcp4-client")}[proto]
        stack.enter_context(_running(folder, [*server, "--proto", ends[0], *more, *_QUIET]))
        _await_taken(proto, far)
        stack.enter_context(_running(folder, [*client, "--nobind", "--proto", ends[1], *more, *_QUIET]))
        return (_datagrams if proto == "udp" else _segments)(near, far)


def _datagrams(near: socket.socket, far: int) -> Session:
    """Carries datagrams between the client, which comes to `near`, and the server."""
    seen: list[tuple[bool, bytes]] = []
    until = time.monotonic() + PATIENCE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out, selectors.DefaultSelector() as ready:
        client: Any = None
        for each in (near, out):
            ready.register(each, selectors.EVENT_READ)
        while len(seen) < ENOUGH and (left := until - time.monotonic()) > 0:
            for key, _ in ready.select(left):
                if key.fileobj is near:
                    data, client = near.recvfrom(4096)
                    out.sendto(data, ("127.0.0.1", far))
                else:
                    data = out.recv(4096)
                    near.sendto(data, client)
                seen.append((key.fileobj is near, data))
    return seen


def _segments(near: socket.socket, far: int) -> Session:
    """The same for streams: each piece that came is a message."""
    seen: list[tuple[bool, bytes]] = []
    until = time.monotonic() + PATIENCE
    near.settimeout(PATIENCE)
    with (
        near.accept()[0] as client,
        socket.create_connection(("127.0.0.1", far), timeout=PATIENCE) as out,
        selectors.DefaultSelector() as ready,
    ):
        for each, other in ((client, out), (out, client)):
            ready.register(each, selectors.EVENT_READ, other)
        while len(seen) < ENOUGH and (left := until - time.monotonic()) > 0:
            for key, _ in ready.select(left):
                data = key.fileobj.recv(4096)  # type: ignore[union-attr]
                key.data.sendall(data)
                seen.append((key.fileobj is client, data))
    return seen


@contextmanager
def _bound(proto: str) -> Iterator[socket.socket]:
    kind = socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as bound:
        bound.bind(("127.0.0.1", 0))
        if proto == "tcp":
            bound.listen()
        yield bound


def _await_taken(proto: str, port: int) -> None:
    """Return once somebody else has bound the port."""
    kind = socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with socket.socket(socket.AF_INET, kind) as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                return
        time.sleep(0.01)


def _free(proto: str) -> int:
    with _bound(proto) as bound:
        port: int = bound.getsockname()[1]
    return port


@contextmanager
def _running(folder: pathlib.Path, arguments: Sequence[str]) -> Iterator[None]:
    papers = ["--ca", "cert.pem", "--cert", "cert.pem", "--key", "key.pem"]
    program = subprocess.Popen([str(PROGRAM), *arguments, *papers], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        program.kill()
        program.wait(5)


def papers(folder: pathlib.Path) -> None:
    """One certificate that both sides show and trust, and a static key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vpn")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - dt.timedelta(days=1))
    made = made.not_valid_after(now + dt.timedelta(days=1))
    certificate = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*plain))
    lines = "\n".join(os.urandom(16).hex() for _ in range(16))
    static = f"-----BEGIN OpenVPN Static key V1-----\n{lines}\n-----END OpenVPN Static key V1-----\n"
    (folder / "static.key").write_text(static)
