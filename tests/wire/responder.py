"""WhatsApp's side of an opening, for tests: certificates can be made wrong in every way that must be noticed."""

import hashlib
import os
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from harness.lab.servers import protobuf, xeddsa
from harness.lab.servers.noise import Responder
from harness.wire import whatsapp

NOW = 1_790_000_000.0
ROOT, MIDDLE, SERVER = (X25519PrivateKey.generate() for _ in range(3))


def public(key: X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def details(serial: int, issuer: int, key: bytes, **changed: int) -> bytes:
    fields = {"serial": serial, "issuer": issuer, "before": int(NOW) - 60, "after": int(NOW) + 60, **changed}
    return protobuf.message({1: fields["serial"], 2: fields["issuer"], 3: key, 4: fields["before"], 5: fields["after"]})


def certificate(body: bytes, signer: X25519PrivateKey) -> bytes:
    return protobuf.message({1: body, 2: xeddsa.sign(signer.private_bytes_raw(), body)})


def chain(leaf: bytes | None = None, intermediate: bytes | None = None) -> bytes:
    leaf = leaf or certificate(details(2, 1, public(SERVER)), MIDDLE)
    intermediate = intermediate or certificate(details(1, 0, public(MIDDLE)), ROOT)
    return protobuf.message({1: leaf, 2: intermediate})


def answer(hello: bytes, payload: bytes) -> bytes:
    """What the server answers to a client's first bytes."""
    ephemeral = protobuf.parse(_field(protobuf.parse(hello[7:]), 2))
    ours, static, sealed = Responder(hello[:4], SERVER).answer(_field(ephemeral, 1), payload)
    whole = protobuf.message({3: protobuf.message({1: ours, 2: static, 3: sealed})})
    return len(whole).to_bytes(3, "big") + whole


def opening(issuers: tuple[str, ...] = (), random: object = os.urandom) -> whatsapp.Opening:
    assert callable(random)
    return whatsapp.Opening(issuers=issuers or (public(ROOT).hex(),), now=NOW, random=random)


def _field(fields: Mapping[int, int | bytes], number: int) -> bytes:
    value = fields[number]
    assert isinstance(value, bytes)
    return value


def digest(text: str) -> bytes:
    """32 bytes that are always the same."""
    return hashlib.sha256(text.encode()).digest()
