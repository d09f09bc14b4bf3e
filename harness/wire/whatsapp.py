"""The opening of a WhatsApp connection, up to where the server has proved itself; no account is needed so far.

Facts from tulir/whatsmeow: `handshake.go` (Noise messages, certificate chain), `socket/framesocket.go` (frames),
`socket/constants.go` (header), `proto/waCert/WACert.proto` (certificate), and WAProto's HandshakeMessage.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from harness.failures import Failed
from harness.wire import noise, protobuf, xeddsa
from harness.wire.malformed import Malformed

HEADER = b"WA\x06\x03"
"""Magic, the protocol's major version, the version of its token dictionary; sent once, and the Noise prologue."""

_LENGTH = 3  # bytes of a frame's length, the highest first
_CLIENT_HELLO, _SERVER_HELLO = 2, 3  # fields of HandshakeMessage
_EPHEMERAL, _STATIC, _PAYLOAD = 1, 2, 3  # fields of both hellos
_LEAF, _INTERMEDIATE = 1, 2  # fields of CertChain
_DETAILS, _SIGNATURE = 1, 2  # fields of a certificate
_SERIAL, _ISSUER_SERIAL, _KEY, _NOT_BEFORE, _NOT_AFTER = 1, 2, 3, 4, 5  # fields of its details
_ROOT_SERIAL = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The server holds a key that an issuer of ours vouches for."""

    issuer: str  # the issuer's public key, in hex
    intermediate_serial: int
    leaf_serial: int
    not_after: int  # of the leaf, seconds since the epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Certificate:
    details: bytes
    signature: bytes
    serial: int
    issuer_serial: int
    key: bytes
    not_before: int
    not_after: int


class Opening:
    """One opening, as the client: send `hello`, then feed what comes until there is a proof.

    `issuers` are public keys in hex, `now` seconds since the epoch, `random` gives that many random bytes. A web
    socket carries the same bytes in its messages as TCP does by itself.
    """

    def __init__(self, *, issuers: Collection[str], now: float, random: Callable[[int], bytes]) -> None:
        self._issuers = tuple(bytes.fromhex(issuer) for issuer in issuers)
        self._now = now
        self._private = X25519PrivateKey.from_private_bytes(random(32))
        self._state = noise.Symmetric(HEADER)
        self._came = b""
        ephemeral = noise.public(self._private)
        # Unlike Noise at large, the empty payload of the first message is not taken into the transcript.
        self._state.mix_hash(ephemeral)
        self.hello = HEADER + frame(protobuf.field(_CLIENT_HELLO, protobuf.field(_EPHEMERAL, ephemeral)))

    def feed(self, data: bytes) -> Proof | None:
        """The proof, None while more bytes are wanted.

        Raises Malformed (`protocol_error`) for what is no answer of this protocol, Failed (`proof_missing`) with the
        reason in its detail for an answer whose certificate does not hold under our issuers.
        """
        self._came += data
        size = int.from_bytes(self._came[:_LENGTH], "big")
        if len(self._came) < _LENGTH or len(self._came) < _LENGTH + size:
            return None
        return self._verified(*self._opened(self._came[_LENGTH : _LENGTH + size]))

    def _opened(self, message: bytes) -> tuple[bytes, bytes]:
        """The server's static key and its certificate chain, both decrypted (Noise XX: e, ee, s, es)."""
        hello = protobuf.read(protobuf.blob(protobuf.read(message), _SERVER_HELLO))
        ephemeral = protobuf.blob(hello, _EPHEMERAL)
        self._state.mix_hash(ephemeral)
        self._state.mix_key(noise.agree(self._private, ephemeral))
        static = self._state.decrypt(protobuf.blob(hello, _STATIC))
        self._state.mix_key(noise.agree(self._private, static))
        return static, self._state.decrypt(protobuf.blob(hello, _PAYLOAD))

    def _verified(self, static: bytes, chain: bytes) -> Proof:
        pair = protobuf.read(chain)
        intermediate = _certificate(protobuf.blob(pair, _INTERMEDIATE))
        leaf = _certificate(protobuf.blob(pair, _LEAF))
        in_time = self._in_time(intermediate) and self._in_time(leaf)
        issuer = next((key for key in self._issuers if _signed(intermediate, key)), None)
        for holds, why in (
            (issuer is not None, "the intermediate is signed by no issuer of ours"),
            (intermediate.issuer_serial == _ROOT_SERIAL, "the intermediate names another issuer"),
            (_signed(leaf, intermediate.key), "the leaf is not signed by the intermediate"),
            (leaf.issuer_serial == intermediate.serial, "the leaf names another intermediate"),
            (leaf.key == static, "the leaf is for another key than the one that answered"),
            (in_time, "a certificate is expired or not yet valid"),
        ):
            if not holds:
                serials = {"leaf_serial": leaf.serial, "intermediate_serial": intermediate.serial}
                raise Failed("proof_missing", why=why, in_time=in_time, **serials)
        return Proof(
            issuer=(issuer or b"").hex(),
            intermediate_serial=intermediate.serial,
            leaf_serial=leaf.serial,
            not_after=leaf.not_after,
        )

    def _in_time(self, certificate: _Certificate) -> bool:
        return certificate.not_before <= self._now <= certificate.not_after


def frame(message: bytes) -> bytes:
    """A message behind its length."""
    return len(message).to_bytes(_LENGTH, "big") + message


def _certificate(data: bytes) -> _Certificate:
    outer = protobuf.read(data)
    details = protobuf.blob(outer, _DETAILS)
    inner = protobuf.read(details)
    key = protobuf.blob(inner, _KEY)
    if len(key) != 32:
        raise Malformed("a certificate whose key is no X25519 key")
    return _Certificate(
        details=details,
        signature=protobuf.blob(outer, _SIGNATURE),
        serial=protobuf.number(inner, _SERIAL),
        issuer_serial=protobuf.number(inner, _ISSUER_SERIAL),
        key=key,
        not_before=protobuf.number(inner, _NOT_BEFORE),
        not_after=protobuf.number(inner, _NOT_AFTER),
    )


def _signed(certificate: _Certificate, key: bytes) -> bool:
    return xeddsa.verify(key, certificate.details, certificate.signature)
