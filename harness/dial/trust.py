"""TLS contexts by what they trust and offer, built once: building one costs 20 ms, a handshake 0.5."""

from __future__ import annotations

import contextlib
import functools
import os
import ssl
from typing import TypedDict, Unpack

from harness.model import Trust
from harness.wire.malformed import Malformed
from harness.wire.tls import certificates

_CERTIFICATE, _TLS13 = 11, 0x0304  # RFC 8446, appendix B.3 and section 4.1.2


class More(TypedDict, total=False):
    """What else a context may be asked for."""

    roots: str
    uncommon: bool


_FEW_CIPHERS = "ECDHE+AESGCM"
"""What an uncommon hello offers besides those of TLS 1.3; every server of our time takes one of them."""


def context(trust: Trust, alpn: tuple[str, ...], verify: bool, of: str, **more: Unpack[More]) -> ssl.SSLContext:
    """The context for a role. Roles (`target`, `resolver`, `hop:1`) never share one: no session, no ALPN leaks.

    `roots` names anchors that hold certificates; these alone are trusted then. `uncommon` makes a ClientHello with
    other ciphers and extensions than ours has as a rule, so that it has other fingerprints too.
    """
    roots = more.get("roots", "")
    own = tuple(trust.anchors.get(roots, ())) if roots else None
    role = (verify, of, more.get("uncommon", False))
    return _context(trust.ca_file, _stamp(trust.ca_file), alpn, role, own)


def _stamp(ca_file: str | None) -> int:
    # A lab's bundle may be written anew under the same name; its time of change keeps the cache honest.
    return os.stat(ca_file).st_mtime_ns if ca_file else 0


@functools.lru_cache(maxsize=64)
def _context(
    ca_file: str | None, _changed: int, alpn: tuple[str, ...], role: tuple[bool, str, bool], own: tuple[str, ...] | None
) -> ssl.SSLContext:
    verify, _of, uncommon = role
    made = ssl.create_default_context(cafile=ca_file) if own is None else _trusting(own)
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    made.sslobject_class = Overheard
    if hasattr(made, "_msg_callback"):
        made._msg_callback = _overhear
    if alpn:
        made.set_alpn_protocols(list(alpn))
    if uncommon:
        made.set_ciphers(_FEW_CIPHERS)
        made.options |= ssl.OP_NO_TICKET  # takes an extension away
    return made


def _trusting(own: tuple[str, ...]) -> ssl.SSLContext:
    """A client's context that trusts these certificates (DER, in hex) and no others."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if own:
        made.load_verify_locations(cadata=b"".join(bytes.fromhex(one) for one in own))
    return made


class Overheard(ssl.SSLObject):
    """A TLS object that remembers the certificates its peer showed, also where they were refused."""

    shown: tuple[bytes, ...] = ()


def _overhear(tls: object, direction: str, version: int, _content: object, *message: object) -> None:
    # OpenSSL drops a refused certificate with the handshake, and Python has no public way to it (nor, before 3.13,
    # to any unverified chain). Its message callback, private but there from 3.8 on, sees the message before the
    # verdict. Where a later Python has none, a failure still has its token, and only lacks these facts.
    kind, data = message
    if kind == _CERTIFICATE and direction == "read" and isinstance(tls, Overheard) and isinstance(data, bytes):
        with contextlib.suppress(Malformed):
            tls.shown = certificates(data, tls13=version >= _TLS13)
