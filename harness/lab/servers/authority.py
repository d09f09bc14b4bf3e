"""The world's own trust: a certificate authority, a leaf for each host, and TLS contexts that use them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import pathlib
import ssl

from cryptography.hazmat.primitives.asymmetric import ec

from harness.lab.servers import certificate
from harness.lab.servers.certificate import Subject
from harness.lab.world import Certificate, Host


class Authority:
    """Signs a leaf for every host of a world; keys never leave the working directory.

    `skew` is by how many seconds the client's clock is ahead. No namespace has a clock of its own, so it is the dates
    of the certificates that are moved the other way: to the client it is the same.
    """

    def __init__(self, workdir: pathlib.Path, name: str = "Lab Root", skew: float = 0.0) -> None:
        self._workdir = workdir
        self._skew = skew
        self._root = self._subject(name, Certificate())
        self._contexts: dict[tuple[str, tuple[str, ...]], ssl.SSLContext] = {}
        self.ca_file = workdir / "ca.pem"
        write_private(self.ca_file, certificate.root(self._root))

    def front(self, host: Host, alpn: tuple[str, ...]) -> ssl.SSLContext:
        """The context to listen with. The host's certificate is made for the first client that comes.

        Whatever name a client asks for, it is shown that certificate: no host has the names of another.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        def choose(connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _: ssl.SSLContext) -> None:
            connection.context = self.context(host, alpn)

        context.sni_callback = choose
        return context

    def context(self, host: Host, alpn: tuple[str, ...]) -> ssl.SSLContext:
        """The context with the host's certificate."""
        key = (host.name, alpn)
        if key not in self._contexts:
            self._contexts[key] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._contexts[key].load_cert_chain(self.chain_file(host))
            self._contexts[key].set_alpn_protocols(list(alpn))
        return self._contexts[key]

    def chain_file(self, host: Host) -> pathlib.Path:
        """A file with the host's private key and its certificate, made when it is first asked for."""
        file = self._workdir / f"{host.name}.pem"
        if not file.exists():
            leaf = self._leaf(host)
            write_private(file, certificate.private_key(leaf.key) + certificate.leaf(leaf, self._root))
        return file

    def _leaf(self, host: Host) -> Subject:
        subject = self._subject((host.names or (host.name,))[0][:64], host.certificate)
        names = (*host.names, *host.certificate.names)
        return dataclasses.replace(subject, names=names, addresses=host.addresses)

    def _subject(self, name: str, valid: Certificate) -> Subject:
        """Somebody with a new key, certified for a time from now on."""
        now = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=self._skew)
        return Subject(
            name=name,
            key=ec.generate_private_key(ec.SECP256R1()),
            begins=now + dt.timedelta(seconds=valid.begins),
            ends=now + dt.timedelta(seconds=valid.ends),
        )


def write_private(file: pathlib.Path, data: bytes) -> None:
    """Write a file that only its owner may read."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(data)
