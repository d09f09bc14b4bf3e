"""TLS over any stream, by memory buffers: over a socket, over a proxy, over another TLS.

OpenSSL verifies, so that a failure is the one an ordinary client would meet, alert and all. What the peer showed is
kept also then: the Certificate message is overheard while the handshake lasts.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import Required, TypedDict, TypeVar, Unpack

from harness.dial.api import Note, Stream, Tape
from harness.dial.certificate import facts, fault
from harness.dial.closing import closed_on_failure
from harness.dial.deadline import Deadline
from harness.dial.trust import Overheard, context
from harness.model import Json, Stage, Trust
from harness.wire.malformed import Malformed
from harness.wire.tls import client_hello

_T = TypeVar("_T")

# One record is at most 16 KiB of text (RFC 8446, section 5.2); a few fit one read.
_READ = 65536


class Options(TypedDict, total=False):
    """What a handshake offers, trusts, and whose stage it is (`of`; `target` where nothing is said).

    `roots` names anchors of the trust that hold certificates, where a service has an authority of its own; `uncommon`
    offers other ciphers and extensions than usual.
    """

    trust: Required[Trust]
    alpn: Sequence[str]
    verify: bool
    of: str
    roots: str
    uncommon: bool


class TlsStream:
    """Bytes in order under TLS over another stream; `sent` and `received` count the bytes that TLS carries."""

    def __init__(self, below: Stream, made: ssl.SSLContext, server_name: str) -> None:
        self.below = below
        self.sent = 0
        self.received = 0
        self.first_flight = b""  # the ClientHello, record headers and all
        self.answer_head = b""  # the first bytes that the peer sent
        self.clean_end = False  # the peer said close_notify before it closed
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        # OpenSSL sends no server_name for an address literal, and matches it against the certificate's addresses.
        self.tls = made.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name or None)
        self._flushing = asyncio.Lock()

    @property
    def alpn(self) -> str | None:
        """The application protocol that was agreed on."""
        return self.tls.selected_alpn_protocol()

    async def shake(self, until: Deadline) -> None:
        """Shake hands. Raises SSLError, OSError, EOFError or TimeoutError."""
        await self._step(self.tls.do_handshake, until)

    async def read(self, most: int, until: Deadline) -> bytes:
        """1 to `most` bytes; b"" at the peer's end. Raises OSError or TimeoutError."""
        try:
            data = await self._step(lambda: self.tls.read(most), until)
        except (EOFError, ssl.SSLEOFError):
            return b""  # without close_notify, as many servers end
        self.clean_end = not data
        self.received += len(data)
        return data

    async def write(self, data: bytes, until: Deadline) -> None:
        """Hand over all of `data`. Raises OSError or TimeoutError."""
        await self._step(lambda: self.tls.write(data), until)
        self.sent += len(data)

    def close(self) -> None:
        """Let go of everything below, at once and without waiting."""
        self.below.close()

    async def _step(self, act: Callable[[], _T], until: Deadline) -> _T:
        while True:
            try:
                done = act()
            except ssl.SSLWantReadError:
                await self._flush(until)
                await self._pull(until)
            except ssl.SSLError:
                # The alert that explains the failure to the peer: sent as any client sends it, where it can be.
                with contextlib.suppress(OSError):
                    await self._flush(until)
                raise
            else:
                await self._flush(until)
                return done

    async def _flush(self, until: Deadline) -> None:
        # A reader and a writer may both have bytes to send; records must not be torn apart.
        async with self._flushing:
            if data := self._outgoing.read():
                self.first_flight = self.first_flight or data
                await self.below.write(data, until)

    async def _pull(self, until: Deadline) -> None:
        data = await self.below.read(_READ, until)
        if not data:
            self._incoming.write_eof()
            raise EOFError("the peer closed")
        if len(self.answer_head) < 32:
            self.answer_head = (self.answer_head + data)[:32]
        self._incoming.write(data)


async def handshake(
    stream: Stream, server_name: str, until: Deadline, tape: Tape, **options: Unpack[Options]
) -> TlsStream:
    """TLS over the stream, and one `tls` stage. Raises WalkEnded, and has closed the stream then.

    Options: `trust` (always), `alpn`, `verify` (True), `of` (`target`), `roots`, `uncommon`. The stage's detail:
    `server_name`, `offered` (by ALPN), `version`, `cipher`, `alpn`, `hello_size`, `ja4`, `server_hello` (the peer sent
    anything at all), `offset` (bytes on the stream below when the stage ended), and of the peer's certificate, also
    where it was refused, `peer_sha256`, `subject`, `issuer`, `sans`, `not_before`, `not_after`. After a failure
    `reason`, `verify_code`, `verify_message`, `fault` (`expired`, `not_yet_valid`, `wrong_name`, `unknown_authority`)
    and `answer_head` in hex.
    """
    of = options.get("of", "target")
    with closed_on_failure(stream), tape.stage(Stage.TLS, of) as note:
        alpn = tuple(options.get("alpn", ()))
        note.detail.update(server_name=server_name, offered=list(alpn))
        roots, uncommon = options.get("roots", ""), options.get("uncommon", False)
        made = context(options["trust"], alpn, options.get("verify", True), of, roots=roots, uncommon=uncommon)
        shaken = TlsStream(stream, made, server_name)
        with _written(shaken, note):
            await shaken.shake(until)
    return shaken


@contextlib.contextmanager
def _written(shaken: TlsStream, note: Note) -> Iterator[None]:
    """Put down what was sent and seen, however the handshake ends."""
    below = shaken.below
    sent, received = below.sent, below.received
    try:
        yield
    except Exception as exc:
        note.detail.update(fault(exc), answer_head=shaken.answer_head.hex())
        raise
    finally:
        note.sent, note.received = below.sent - sent, below.received - received
        note.detail.update(server_hello=note.received > 0, offset={"sent": below.sent, "received": below.received})
        note.detail.update(_hello_facts(shaken.first_flight), **_agreed(shaken), **_peer(shaken))


def _hello_facts(flight: bytes) -> dict[str, Json]:
    try:
        return {"hello_size": len(flight), "ja4": client_hello(flight).ja4}
    except Malformed:
        return {"hello_size": len(flight)}


def _agreed(shaken: TlsStream) -> dict[str, Json]:
    cipher = shaken.tls.cipher()
    return {"version": shaken.tls.version(), "cipher": cipher[0], "alpn": shaken.alpn} if cipher else {}


def _peer(shaken: TlsStream) -> dict[str, Json]:
    if isinstance(shaken.tls, Overheard) and shaken.tls.shown:
        return facts(shaken.tls.shown[0]) | {"chain": len(shaken.tls.shown)}
    try:
        der = shaken.tls.getpeercert(binary_form=True)
    except ValueError:  # the handshake did not come so far
        return {}
    return facts(der) if der else {}
