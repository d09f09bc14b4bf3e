"""SSH's transport as a server sees it: key exchange, then packets that nobody else can read (RFC 4253).

Curve25519 with SHA-256 (RFC 8731), Ed25519 host keys (RFC 8709), AES-128 in counter mode (RFC 4344) with HMAC-SHA-256
(RFC 6668): one choice of each, which every client has.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.lab.servers.seat import Stream

VERSION = b"SSH-2.0-lab"
DISCONNECT, KEXINIT, NEWKEYS, ECDH_INIT, ECDH_REPLY = 1, 20, 21, 30, 31
_ALGORITHMS = (
    b"curve25519-sha256",
    b"ssh-ed25519",
    *(b"aes128-ctr",) * 2,
    *(b"hmac-sha2-256",) * 2,
    *(b"none",) * 2,
    *(b"",) * 2,
)
_LONGEST_LINE, _LONGEST = 255, 65_536  # bytes of a version, and of a packet
_BLOCK, _MAC = 16, 32


class Garbled(EOFError):
    """The client says what it may not say here; its connection ends."""


def string(data: bytes) -> bytes:
    """Data behind its length."""
    return len(data).to_bytes(4, "big") + data


def uint(number: int) -> bytes:
    """A number in four bytes."""
    return number.to_bytes(4, "big")


def mpint(data: bytes) -> bytes:
    """A positive number of any size (RFC 4251, section 5)."""
    data = data.lstrip(b"\0")
    return string(b"\0" * bool(data and data[0] & 0x80) + data)


class Fields:
    """The fields of a message, one after the other; Garbled where there is none."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def take(self, size: int) -> bytes:
        """So many bytes."""
        taken, self._left = self._left[:size], self._left[size:]
        if len(taken) < size:
            raise Garbled
        return taken

    def number(self) -> int:
        """A number of four bytes."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """Data behind its length."""
        return self.take(self.number())


@dataclass(slots=True)
class _Way:
    """One direction: how many packets went, and under which keys."""

    count: int = 0
    cipher: CipherContext | None = None
    key: bytes = b""

    def mac(self, packet: bytes) -> bytes:
        """What vouches for the next packet."""
        return hmac.digest(self.key, uint(self.count) + packet, "sha256") if self.key else b""

    def passed(self, data: bytes) -> bytes:
        """The data through the cipher, which is the same both ways."""
        return self.cipher.update(data) if self.cipher else data


class Transport:
    """One connection, once `open` has come back: messages in, messages out."""

    def __init__(self, stream: Stream, host: Ed25519PrivateKey) -> None:
        self._stream, self._host = stream, host
        self._in, self._out = _Way(), _Way()
        self._theirs = b""  # the client's version
        self._session = b""  # what the first exchange of keys gave: its hash
        self._speaking = asyncio.Lock()  # while keys are exchanged nobody else speaks (RFC 4253, section 7.1)

    async def open(self) -> None:
        """Exchange versions and keys."""
        self._stream.writer.write(VERSION + b"\r\n")
        self._theirs = await self._version()
        async with self._speaking:
            ours = await self._offer()
            await self._exchange(await self.hear(), ours)

    async def renew(self, offered: bytes) -> None:
        """Exchange keys once more, which the client has begun with this message (section 9)."""
        async with self._speaking:
            await self._exchange(offered, await self._offer())

    async def _offer(self) -> bytes:
        ours = bytes((KEXINIT,)) + secrets.token_bytes(16) + b"".join(map(string, _ALGORITHMS)) + bytes(5)
        await self._say(ours)
        return ours

    async def _exchange(self, offered: bytes, ours: bytes) -> None:
        if offered[:1] != bytes((KEXINIT,)):
            raise Garbled
        begin = Fields(await self.hear())
        if begin.take(1)[0] != ECDH_INIT:
            raise Garbled
        await self._agree((self._theirs, VERSION, offered, ours), begin.string())

    async def _version(self) -> bytes:
        line = await self._stream.reader.readuntil(b"\n")
        if len(line) > _LONGEST_LINE or not line.startswith(b"SSH-2.0-"):
            raise Garbled
        return line.rstrip(b"\r\n")

    async def _agree(self, said: Sequence[bytes], theirs: bytes) -> None:
        """Make the keys (RFC 4253, sections 7.2 and 8); `said` is what both sides have said before."""
        key = X25519PrivateKey.generate()
        mine = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        try:
            shared = mpint(key.exchange(X25519PublicKey.from_public_bytes(theirs)))
        except ValueError as exc:  # no key, or one that anybody's gives the same secret with (RFC 7748, 6.1)
            raise Garbled from exc
        public = self._host.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        host = string(b"ssh-ed25519") + string(public)
        agreed = hashlib.sha256(b"".join(map(string, (*said, host, theirs, mine))) + shared).digest()
        self._session = self._session or agreed
        signature = string(b"ssh-ed25519") + string(self._host.sign(agreed))
        await self._say(bytes((ECDH_REPLY,)) + string(host) + string(mine) + string(signature))
        await self._say(bytes((NEWKEYS,)))

        def made(letter: bytes) -> bytes:
            return hashlib.sha256(shared + agreed + letter + self._session).digest()

        self._out.cipher, self._out.key = _counter(made(b"D"), made(b"B")), made(b"F")
        if await self.hear() != bytes((NEWKEYS,)):
            raise Garbled
        self._in.cipher, self._in.key = _counter(made(b"C"), made(b"A")), made(b"E")

    async def hear(self) -> bytes:
        """The next message."""
        block = _BLOCK if self._in.cipher else 8
        packet = self._in.passed(await self._stream.reader.readexactly(block))
        size = int.from_bytes(packet[:4], "big")
        if not block - 4 <= size <= _LONGEST:
            raise Garbled
        packet += self._in.passed(await self._stream.reader.readexactly(size + 4 - block))
        mac = await self._stream.reader.readexactly(_MAC if self._in.key else 0)
        if not hmac.compare_digest(mac, self._in.mac(packet)) or packet[4] >= size:
            raise Garbled
        self._in.count += 1
        return packet[5 : 4 + size - packet[4]]

    async def say(self, message: bytes) -> None:
        """Send a message."""
        async with self._speaking:
            await self._say(message)

    async def _say(self, message: bytes) -> None:
        block = _BLOCK if self._out.cipher else 8
        padding = block - (5 + len(message)) % block
        padding += block if padding < 4 else 0
        packet = uint(1 + len(message) + padding) + bytes((padding,)) + message + secrets.token_bytes(padding)
        mac = self._out.mac(packet)
        self._out.count += 1
        self._stream.writer.write(self._out.passed(packet) + mac)
        await self._stream.writer.drain()


def _counter(key: bytes, start: bytes) -> CipherContext:
    return Cipher(algorithms.AES(key[:16]), modes.CTR(start[:16])).encryptor()
