"""The lab's messengers, spoken to by clients written here from the protocols' descriptions."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import struct

import pytest
import wsproto
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from wsproto.events import AcceptConnection, BytesMessage, RejectConnection, Request, TextMessage

from harness.lab.servers import protobuf, xeddsa
from tests.truth.loopback import NAME, Serve, Served

HEADER = b"WA\x06\x03"


def verified(montgomery: bytes, signature: bytes, text: bytes) -> None:
    """Raise where the signature is not the key's (XEdDSA, 2.4 and 2.3: u to y, sign bit 0)."""
    u = int.from_bytes(montgomery, "little")
    y = (u - 1) * pow(u + 1, -1, xeddsa.P) % xeddsa.P
    Ed25519PublicKey.from_public_bytes(y.to_bytes(32, "little")).verify(signature, text)


def field(data: bytes, *numbers: int) -> bytes:
    for number in numbers:
        value = protobuf.parse(data)[number]
        assert isinstance(value, bytes)
        data = value
    return data


class Initiator:
    """The client's half of the handshake."""

    def __init__(self) -> None:
        self.hash = self.salt = self.key = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"
        self.private = X25519PrivateKey.generate()
        public = self.private.public_key().public_bytes_raw()
        hello = protobuf.message({2: protobuf.message({1: public})})
        self.absorb(HEADER)
        self.absorb(public)
        self.hello = HEADER + len(hello).to_bytes(3, "big") + hello

    def absorb(self, data: bytes) -> None:
        self.hash = hashlib.sha256(self.hash + data).digest()

    def mix(self, theirs: bytes) -> None:
        secret = self.private.exchange(X25519PublicKey.from_public_bytes(theirs))
        both = HKDF(algorithm=SHA256(), length=64, salt=self.salt, info=b"").derive(secret)
        self.salt, self.key = both[:32], both[32:]

    def opened(self, sealed: bytes) -> bytes:
        plain = AESGCM(self.key).decrypt(bytes(12), sealed, self.hash)
        self.absorb(sealed)
        return plain

    def finish(self, frame: bytes) -> tuple[bytes, bytes]:
        """The server's static key and its chain of certificates."""
        server = field(frame[3:], 3)
        self.absorb(field(server, 1))
        self.mix(field(server, 1))
        static = self.opened(field(server, 2))
        self.mix(static)
        return static, self.opened(field(server, 3))


def shown(issuer: bytes, static: bytes, chain: bytes) -> tuple[bool, int | bytes]:
    """That the chain ends in the server's key, and the serial of its issuer. Raises on a wrong signature."""
    leaf, middle = field(chain, 1), field(chain, 2)
    verified(issuer, field(middle, 2), field(middle, 1))
    verified(field(middle, 1, 3), field(leaf, 2), field(leaf, 1))
    return static == field(leaf, 1, 3), protobuf.parse(field(middle, 1))[2]


async def converse(
    served: Served, path: str, message: BytesMessage | TextMessage
) -> BytesMessage | TextMessage | RejectConnection:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port, ssl=served.tls, server_hostname=NAME)
    socket = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    writer.write(socket.send(Request(host=NAME, target=path)))
    try:
        while True:
            socket.receive_data(await reader.read(65_536))
            for event in socket.events():
                if isinstance(event, AcceptConnection):
                    writer.write(socket.send(message))
                elif isinstance(event, BytesMessage | TextMessage | RejectConnection):
                    return event
    finally:
        writer.close()


def test_whatsapp_shows_a_certificate_under_the_worlds_issuer_over_a_web_socket(serve: Serve) -> None:
    async def asked() -> tuple[bool, int | bytes]:
        initiator = Initiator()
        async with serve("whatsapp_web") as served:
            answer = await converse(served, "/ws/chat", BytesMessage(data=initiator.hello))
            assert isinstance(answer, BytesMessage)
            issuer = bytes.fromhex(served.trust["anchors"]["whatsapp_noise"][0])
            return shown(issuer, *initiator.finish(bytes(answer.data)))

    assert (True, 0) == asyncio.run(asked())


def test_whatsapp_shows_it_over_bare_tcp_however_the_hello_is_cut(serve: Serve) -> None:
    async def asked() -> tuple[bool, int | bytes]:
        initiator = Initiator()
        async with serve("whatsapp_raw") as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            for byte in initiator.hello:
                writer.write(bytes([byte]))
                await writer.drain()
            size = await reader.readexactly(3)
            frame = size + await reader.readexactly(int.from_bytes(size, "big"))
            writer.close()
            issuer = bytes.fromhex(served.trust["anchors"]["whatsapp_noise"][0])
            return shown(issuer, *initiator.finish(frame))

    assert (True, 0) == asyncio.run(asked())


def test_whatsapp_hangs_up_on_what_is_not_its_header(serve: Serve) -> None:
    async def asked() -> bytes:
        async with serve("whatsapp_raw") as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            rest = await reader.read()
            writer.close()
            return rest

    assert b"" == asyncio.run(asked())


def test_a_web_socket_is_refused_elsewhere(serve: Serve) -> None:
    async def asked() -> object:
        async with serve("whatsapp_web") as served:
            return await converse(served, "/elsewhere", BytesMessage(data=b""))

    assert isinstance(asyncio.run(asked()), RejectConnection)


def test_max_answers_its_hello_with_the_same_number(serve: Serve) -> None:
    hello = {"ver": 11, "cmd": 0, "seq": 7, "opcode": 6, "payload": {"userAgent": {"deviceType": "WEB"}}}

    async def asked() -> dict[str, object]:
        async with serve("max") as served:
            answer = await converse(served, "/websocket", TextMessage(data=json.dumps(hello)))
            assert isinstance(answer, TextMessage)
            return {key: json.loads(answer.data)[key] for key in ("ver", "cmd", "seq", "opcode")}

    assert {"ver": 11, "cmd": 1, "seq": 7, "opcode": 6} == asyncio.run(asked())


def obfuscated(tag: bytes, plain: bytes) -> tuple[bytes, Cipher[CTR]]:
    """The 64 bytes of opening with the payload behind them, and the cipher of what comes back."""
    start = b"\x01" + os.urandom(55) + tag + struct.pack("<h", 2) + os.urandom(2)
    out = Cipher(AES(start[8:40]), CTR(start[40:56])).encryptor()
    sealed = out.update(start)
    back = start[8:56][::-1]
    return start[:56] + sealed[56:] + out.update(plain), Cipher(AES(back[:32]), CTR(back[32:]))


@pytest.mark.parametrize(
    ("tag", "head", "answer_head"), [("ef", "0a", 1), ("ee", "28000000", 4), ("dd", "2a000000", 4)]
)
def test_telegram_answers_req_pq_multi_with_our_nonce_and_its_fingerprint(
    serve: Serve, tag: str, head: str, answer_head: int
) -> None:
    nonce = os.urandom(16)
    asking = struct.pack("<qqiI", 0, 4, 20, 0xBE7E8EF1) + nonce
    plain = bytes.fromhex(head) + asking + (b"\x00\x00" if tag == "dd" else b"")

    async def asked() -> tuple[bytes, str, str]:
        async with serve("mtproto") as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            opening, back = obfuscated(bytes.fromhex(tag * 4), plain)
            writer.write(opening)
            answer = back.decryptor().update(await reader.read(4096))[answer_head:]
            writer.close()
            (fingerprint,) = struct.unpack_from("<Q", answer, 20 + 4 + 16 + 16 + 12 + 8)
            return answer[24:40], f"{fingerprint:016x}", served.trust["anchors"]["telegram_rsa"][0]

    echoed, fingerprint, trusted = asyncio.run(asked())

    assert (nonce, trusted) == (echoed, fingerprint)
