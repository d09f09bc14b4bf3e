"""The echo protocol, version 1: a stream of datagrams that looks like voice goes to a server and comes back.

All numbers are big-endian. Nothing that a server sends is longer than what it answers, and nothing is echoed before
the source has shown that it receives there, so that nobody is reached in another's name (RFC 8085, section 3.1.1).

    hello   "WGE1" 01, nonce 16, zeros up to at least 64 bytes     client to server
    token   "WGE1" 02, nonce 16, token 16                          server to client
    voice   RTP header 12 (RFC 3550, 5.1; version 2, type 0), token 16, count 4, clock 8, filler

A voice datagram comes back as it went, but for `count`, the number of datagrams of this stream that the server has
received, this one included, and `clock`, the microseconds of its own clock when it came. By `count` the ways there and
back are told apart. A server answers no voice datagram whose token it did not give to that source.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass

MAGIC = b"WGE1"
HELLO, TOKEN = MAGIC + b"\x01", MAGIC + b"\x02"
LEAST_HELLO = 64
_RTP = struct.Struct(">BBHII")
_MARKS = struct.Struct(">IQ")
_RTP_VERSION, _PCMU, _CLOCK = 0x80, 0, 8000  # RFC 3550, 5.1; RFC 3551, 6: PCMU has type 0 and a clock of 8 kHz
_TOKEN = slice(12, 28)
_FAR = slice(28, 40)
SIZE = 172
"""An RTP header and 20 ms of G.711: 160 bytes."""

LEAST = 40
"""The least voice datagram: its header, its token and its marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echoed:
    """A voice datagram that came back: its number, and what the server noted on it."""

    number: int  # modulo 65536
    count: int
    clock: float  # seconds of the server's own clock


def hello(nonce: bytes) -> bytes:
    """A request for a token."""
    return (HELLO + nonce).ljust(LEAST_HELLO, b"\0")


def token(datagram: bytes, nonce: bytes) -> bytes | None:
    """The token that answers our hello; None where the datagram does not."""
    ours = len(datagram) == len(TOKEN) + 32 and datagram.startswith(TOKEN + nonce)
    return datagram[-16:] if ours else None


def voice(number: int, stream: int, token: bytes, filler: bytes) -> bytes:
    """The voice datagram of that number; the filler follows its marks."""
    at = number * _CLOCK // 50 & 0xFFFFFFFF  # 20 ms each
    return _RTP.pack(_RTP_VERSION, _PCMU, number & 0xFFFF, at, stream) + token + bytes(_MARKS.size) + filler


def echoed(datagram: bytes, stream: int, token: bytes) -> Echoed | None:
    """What came back of our stream; None where the datagram is not of it."""
    if len(datagram) < LEAST or datagram[_TOKEN] != token:
        return None
    version, _, number, _, source = _RTP.unpack_from(datagram)
    if version != _RTP_VERSION or source != stream:
        return None
    count, clock = _MARKS.unpack(datagram[_FAR])
    return Echoed(number=number, count=count, clock=clock / 1e6)


# The server's side.


def asks(datagram: bytes) -> bytes | None:
    """The nonce of a hello that is long enough to be answered; None for anything else."""
    return datagram[5:21] if datagram.startswith(HELLO) and len(datagram) >= LEAST_HELLO else None


def grant(nonce: bytes, token: bytes) -> bytes:
    """The answer to a hello."""
    return TOKEN + nonce + token


def token_of(datagram: bytes) -> bytes | None:
    """The token of a voice datagram; None for anything else."""
    return datagram[_TOKEN] if len(datagram) >= LEAST and datagram[0] == _RTP_VERSION else None


def marked(datagram: bytes, count: int, clock: float) -> bytes:
    """A voice datagram on its way back."""
    return datagram[: _FAR.start] + _MARKS.pack(count & 0xFFFFFFFF, int(clock * 1e6)) + datagram[_FAR.stop :]


def mint(secret: bytes, source: tuple[str, int], epoch: int) -> bytes:
    """The token of a source in an epoch, which needs no memory of who asked."""
    return hmac.new(secret, f"{source[0]} {source[1]} {epoch}".encode(), hashlib.sha256).digest()[:16]
