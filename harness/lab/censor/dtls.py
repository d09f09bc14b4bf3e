"""DTLS handshakes as a middlebox reads them, in the clear before any keys are agreed on.

Records: RFC 6347 section 4.1; handshake messages: section 4.2.2; the cookie: section 4.2.1. Messages that come in
fragments are not put together, and nothing that comes in makes it raise.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.lab.censor import hello

HANDSHAKE = 22
CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY_REQUEST = 1, 2, 3
_RECORD, _HEAD = 13, 12  # bytes of the headers of a record and of a handshake message
_TYPES = range(20, 27)  # change_cipher_spec up to tls12_cid and ACK (RFC 9147 section 4)


def speaks(data: bytes) -> bool:
    """True for a datagram that begins with a record in the clear, of any version up to 1.3."""
    return len(data) >= _RECORD and data[0] in _TYPES and data[1] == 0xFE and data[2] >= 0xFC


def messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each handshake message that lies whole in one record before encryption (epoch 0)."""
    while speaks(datagram) and datagram[3:5] == b"\0\0":
        size = int.from_bytes(datagram[11:13], "big")
        record, kind = datagram[_RECORD : _RECORD + size], datagram[0]
        datagram = datagram[_RECORD + size :]
        if kind == HANDSHAKE and len(record) == size:
            yield from _whole(record)


def _whole(record: bytes) -> Iterator[tuple[int, bytes]]:
    """The messages of a record, which may hold several; fragments are passed over."""
    while len(record) >= _HEAD:
        kind, whole, start = record[0], record[1:4], record[6:9]
        end = _HEAD + int.from_bytes(record[9:12], "big")
        body, record = record[_HEAD:end], record[end:]
        if start == bytes(3) and len(body) == int.from_bytes(whole, "big"):
            yield kind, body


def client_hello(body: bytes) -> hello.Hello:
    """What a ClientHello shows; the cookie, which TLS does not have, aside."""
    at = _after_session(body)
    return _told(body[:at] + body[at + 1 + (body[at] if at < len(body) else 0) :])


def server_hello(body: bytes) -> hello.Hello:
    """What a ServerHello shows: its one cipher suite and one compression method count as lists of one."""
    at = _after_session(body)
    return _told(body[:at] + b"\0\2" + body[at : at + 2] + b"\1" + body[at + 2 :])


def _after_session(body: bytes) -> int:
    """Where the session id ends, behind the version and the random."""
    return 2 + 32 + 1 + (body[34] if len(body) > 34 else 0)


def _told(body: bytes) -> hello.Hello:
    return hello.told(bytes([hello.CLIENT_HELLO]) + len(body).to_bytes(3, "big") + body)
