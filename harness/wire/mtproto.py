"""The opening of MTProto's key exchange: `req_pq_multi`, and the `resPQ` that answers it. No account is needed.

Facts from core.telegram.org: `mtproto/auth_key` and `mtproto/samples-auth_key` (messages), `mtproto/mtproto-transports`
(envelopes, errors), `mtproto/description#unencrypted-message` (the header).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from harness.failures import Failed
from harness.wire.cursor import Cursor
from harness.wire.malformed import Malformed
from harness.wire.obfuscated import Obfuscation

_REQ_PQ_MULTI = 0xBE7E8EF1
_RES_PQ = 0x05162463
_VECTOR = 0x1CB5C415
_NONCE = 16
_LARGEST = 1 << 16
"""Bytes of an envelope that we read; a resPQ has about a hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The server answered our nonce, and names a key that we know."""

    fingerprint: str  # of the key, 64 bits in hex as Telegram prints them
    fingerprints: tuple[str, ...]  # all that it named
    pq: int


class Opening:
    """One opening, as the client: send `hello`, then feed what comes until there is a proof.

    `fingerprints` are those of known RSA keys in hex, `now` seconds since the epoch, `random` gives that many random
    bytes; `transport` is `intermediate` or `abridged`, `centre` the data centre where a front wants to know it.
    """

    def __init__(
        self,
        *,
        fingerprints: Collection[str],
        now: float,
        random: Callable[[int], bytes],
        transport: str = "intermediate",
        centre: int | None = None,
    ) -> None:
        self._known = frozenset(int(text, 16) for text in fingerprints)
        self._envelope = _ENVELOPES[transport]
        self._nonce = random(_NONCE)
        self._veil = Obfuscation(transport, random, centre)
        self._came = b""
        message = self._envelope.wrap(request(self._nonce, now))
        self.hello = self._veil.opening + self._veil.seal(message)

    def feed(self, data: bytes) -> Proof | None:
        """The proof, None while more bytes are wanted.

        Raises Malformed (`protocol_error`) for what is no answer of this protocol, a transport error among it, and
        Failed (`proof_missing`) for an answer to another nonce, or one that names no key of ours.
        """
        self._came += self._veil.unseal(data)
        message = self._envelope.unwrap(self._came)
        return None if message is None else self._verified(*answer(message))

    def _verified(self, nonce: bytes, pq: int, named: tuple[int, ...]) -> Proof:
        shown = tuple(f"{number:016x}" for number in named)
        if nonce != self._nonce:
            raise Failed("proof_missing", why="the answer is to another nonce", fingerprints=list(shown))
        known = next((number for number in named if number in self._known), None)
        if known is None:
            raise Failed("proof_missing", why="the answer names no key of ours", fingerprints=list(shown))
        return Proof(fingerprint=f"{known:016x}", fingerprints=shown, pq=pq)


class Intermediate:
    """The envelope with four bytes of length."""

    def wrap(self, message: bytes) -> bytes:
        """The message in its envelope."""
        return len(message).to_bytes(4, "little") + message

    def unwrap(self, data: bytes) -> bytes | None:
        """The first message, None while it is not whole. Raises Malformed for a length that cannot be."""
        return _whole(data, 4, int.from_bytes(data[:4], "little")) if len(data) >= 4 else None


class Abridged:
    """The envelope with one byte of length in words, or 0x7f and three."""

    def wrap(self, message: bytes) -> bytes:
        """The message in its envelope."""
        words = len(message) // 4
        return (bytes((words,)) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")) + message

    def unwrap(self, data: bytes) -> bytes | None:
        """The first message, None while it is not whole. Raises Malformed for a length that cannot be."""
        if not data or (data[0] == 0x7F and len(data) < 4):
            return None
        if data[0] == 0x7F:
            return _whole(data, 4, 4 * int.from_bytes(data[1:4], "little"))
        return _whole(data, 1, 4 * data[0])


_ENVELOPES: Mapping[str, Intermediate | Abridged] = {"intermediate": Intermediate(), "abridged": Abridged()}


def request(nonce: bytes, now: float) -> bytes:
    """`req_pq_multi` as an unencrypted message: no key, an id made of the time, the length, the body."""
    body = _REQ_PQ_MULTI.to_bytes(4, "little") + nonce
    # Seconds times 2**32, divisible by four as every client message id is.
    identity = int(now * 2**32) & ~3
    return bytes(8) + identity.to_bytes(8, "little") + len(body).to_bytes(4, "little") + body


def answer(message: bytes) -> tuple[bytes, int, tuple[int, ...]]:
    """The nonce, pq and key fingerprints of a `resPQ`. Raises Malformed."""
    if len(message) == 4:
        # A transport error is a negative number: 404 no such key, 429 flood, 444 no such data centre.
        raise Malformed("a transport error", code=-int.from_bytes(message, "little", signed=True))
    outer = Cursor(message)
    if outer.take(8) != bytes(8):
        raise Malformed("an encrypted message, before any key was agreed on")
    outer.take(8)
    body = Cursor(outer.take(_small(outer, 4)))
    if _small(body, 4) != _RES_PQ:
        raise Malformed("no resPQ")
    nonce = body.take(_NONCE)
    body.take(_NONCE)  # the server's own
    pq = int.from_bytes(_string(body), "big")
    if _small(body, 4) != _VECTOR:
        raise Malformed("no vector of fingerprints")
    return nonce, pq, tuple(_small(body, 8) for _ in range(_count(body)))


def _whole(data: bytes, head: int, size: int) -> bytes | None:
    if not 0 < size <= _LARGEST:
        raise Malformed(f"an envelope of {size} bytes")
    return data[head : head + size] if len(data) >= head + size else None


def _small(read: Cursor, size: int) -> int:
    return int.from_bytes(read.take(size), "little")


def _count(read: Cursor) -> int:
    count = _small(read, 4)
    if count > _LARGEST:
        raise Malformed(f"{count} fingerprints")
    return count


def _string(read: Cursor) -> bytes:
    """A TL string (core.telegram.org/mtproto/serialize): a length of one byte, padding to a whole word."""
    size = read.number(1)
    text = read.take(size)
    read.take(-(size + 1) % 4)
    return text
