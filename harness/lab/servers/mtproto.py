"""A Telegram data centre's side of the obfuscated transport, up to `resPQ`.

core.telegram.org/mtproto/mtproto-transports (framing, obfuscation), /mtproto/auth_key (req_pq_multi, resPQ),
/mtproto/description (unencrypted messages).
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from harness.lab.servers.issuer import tl_bytes
from harness.lab.servers.seat import Seat, Stream

_REQ_PQ, _REQ_PQ_MULTI, _RES_PQ = 0x60469778, 0xBE7E8EF1, 0x05162463
_VECTOR = 0x1CB5C415
# The product of two primes of Telegram's own worked example (core.telegram.org/mtproto/samples-auth_key).
_PQ = bytes.fromhex("17ed48941a08f981")
_ABRIDGED, _INTERMEDIATE, _PADDED = b"\xef" * 4, b"\xee" * 4, b"\xdd" * 4
_MOST = 4096  # no request that is answered here is near this long


@dataclass(frozen=True, slots=True)
class Framing:
    """How payloads are told apart on a transport."""

    split: Callable[[bytes], tuple[bytes, int] | None]  # the first payload of a buffer and the bytes it took
    join: Callable[[bytes], bytes]


def _split_abridged(buffer: bytes) -> tuple[bytes, int] | None:
    if not buffer:
        return None
    head, size = 1, (buffer[0] & 0x7F) * 4
    if buffer[0] & 0x7F == 0x7F:
        head, size = 4, int.from_bytes(buffer[1:4], "little") * 4
    return (buffer[head : head + size], head + size) if len(buffer) >= head + size else None


def _join_abridged(payload: bytes) -> bytes:
    words = len(payload) // 4
    return (bytes([words]) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")) + payload


def _split_intermediate(buffer: bytes) -> tuple[bytes, int] | None:
    size = int.from_bytes(buffer[:4], "little") & 0x7FFFFFFF  # the top bit asks for a quick acknowledgement
    if len(buffer) < 4 or len(buffer) < 4 + size:
        return None
    return buffer[4 : 4 + size], 4 + size


def _join_intermediate(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "little") + payload


def _join_padded(payload: bytes) -> bytes:
    return _join_intermediate(payload + os.urandom(os.urandom(1)[0] % 16))


FRAMINGS = {
    _ABRIDGED: Framing(_split_abridged, _join_abridged),
    _INTERMEDIATE: Framing(_split_intermediate, _join_intermediate),
    _PADDED: Framing(_split_intermediate, _join_padded),
}


class MtprotoServer:
    """Answers every `req_pq` and `req_pq_multi` of a connection."""

    def __init__(self, seat: Seat) -> None:
        self._fingerprint = int(seat.internet.issuer.rsa_fingerprint, 16)

    async def serve(self, stream: Stream) -> None:
        """Undo the obfuscation, then answer. Whoever starts otherwise is hung up on."""
        start = await stream.reader.readexactly(64)
        inward, outward = _cipher(start[8:56]), _cipher(start[8:56][::-1])
        framing = FRAMINGS.get(inward.update(start)[56:60])
        buffer = b""
        while framing and len(buffer) < _MOST and (data := await stream.reader.read(_MOST)):
            buffer += inward.update(data)
            while frame := framing.split(buffer):
                buffer = buffer[frame[1] :]
                stream.writer.write(outward.update(framing.join(self._answer(frame[0]))))
            await stream.writer.drain()

    def _answer(self, payload: bytes) -> bytes:
        if len(payload) < 40 or struct.unpack_from("<qqiI", payload)[::3] not in {(0, _REQ_PQ), (0, _REQ_PQ_MULTI)}:
            return struct.pack("<i", -404)  # the transport's own error: no such key or no such message
        body = struct.pack("<I", _RES_PQ) + payload[24:40] + os.urandom(16) + tl_bytes(_PQ)
        body += struct.pack("<IiQ", _VECTOR, 1, self._fingerprint)
        # A server's answer has a message id that is 1 modulo 4, seconds in its upper half.
        number = int(time.time() * 2**32) & ~3 | 1
        return struct.pack("<qqi", 0, number, len(body)) + body


def _cipher(key_and_counter: bytes) -> CipherContext:
    return Cipher(AES(key_and_counter[:32]), CTR(key_and_counter[32:48])).encryptor()
