"""A real QUIC server, aioquic, asked for what it answers to one datagram."""

from __future__ import annotations

import datetime as dt
import functools
import importlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FAR = ("198.51.100.7", 4433)


def answers(datagram: bytes, *, alpn: str = "h3") -> list[bytes]:
    """The datagrams that a server which speaks this protocol sends back."""
    connection = importlib.import_module("aioquic.quic.connection")
    server = connection.QuicConnection(
        configuration=_configuration(alpn), original_destination_connection_id=datagram[6 : 6 + datagram[5]]
    )
    server.receive_datagram(datagram, FAR, now=0.0)
    return [data for data, _ in server.datagrams_to_send(now=0.0)]


def retry(datagram: bytes, source: bytes = b"retrying") -> bytes:
    """The Retry of a server that wants to see a token first."""
    packet = importlib.import_module("aioquic.quic.packet")
    ours, theirs = _ids(datagram)
    made: bytes = packet.encode_quic_retry(1, source, theirs, ours, b"token")
    return made


def version_negotiation(datagram: bytes, *versions: int) -> bytes:
    """The answer of a server that knows other versions alone."""
    packet = importlib.import_module("aioquic.quic.packet")
    ours, theirs = _ids(datagram)
    made: bytes = packet.encode_quic_version_negotiation(ours, theirs, list(versions))
    return made


def _ids(datagram: bytes) -> tuple[bytes, bytes]:
    """The connection ids that a client's Initial calls the server and itself by."""
    target = datagram[6 : 6 + datagram[5]]
    rest = datagram[6 + len(target) :]
    return target, rest[1 : 1 + rest[0]]


@functools.cache
def _configuration(alpn: str) -> Any:
    configuration = importlib.import_module("aioquic.quic.configuration")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    return configuration.QuicConfiguration(
        is_client=False, alpn_protocols=[alpn], certificate=made.sign(key, hashes.SHA256()), private_key=key
    )
