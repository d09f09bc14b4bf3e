"""The world's own trust: a certificate authority, a leaf for each host, and TLS contexts that use them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import pathlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.lab.world import Certificate, Host


class Authority:
    """Signs a leaf for every host of a world; keys never leave the working directory.

    `skew` is by how many seconds the client's clock is ahead. No namespace has a clock of its own, so it is the dates
    of the certificates that are moved the other way: to the client it is the same.
    """

    def __init__(self, workdir: pathlib.Path, name: str = "Lab Root", skew: float = 0.0) -> None:
        self._workdir = workdir
        self._skew = skew
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._contexts: dict[tuple[str, tuple[str, ...]], ssl.SSLContext] = {}
        self.ca_file = workdir / "ca.pem"
        write_private(self.ca_file, _pem(self._root()))

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
            key = ec.generate_private_key(ec.SECP256R1())
            plain = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            write_private(file, plain + _pem(self._leaf(host, key.public_key())))
        return file

    def _root(self) -> x509.Certificate:
        builder = self._begun(self._name, self._key.public_key(), Certificate())
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())

    def _leaf(self, host: Host, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        names = [x509.DNSName(name) for name in (*host.names, *host.certificate.names)]
        addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in host.addresses]
        common = x509.NameAttribute(NameOID.COMMON_NAME, (host.names or (host.name,))[0][:64])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = self._begun(x509.Name([common]), key, host.certificate)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        # Python 3.13 verifies with VERIFY_X509_STRICT, which asks for the issuer's key (RFC 5280, 4.2.1.1).
        return builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())

    def _begun(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, valid: Certificate) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=self._skew)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + dt.timedelta(seconds=valid.begins))
            .not_valid_after(now + dt.timedelta(seconds=valid.ends))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


def write_private(file: pathlib.Path, data: bytes) -> None:
    """Write a file that only its owner may read."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(data)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
