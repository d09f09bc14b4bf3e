"""What a peer's certificate says of itself, whether or not anybody trusts it."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping

from cryptography import x509

from harness.model import Json

# OpenSSL, include/openssl/x509_vfy.h (X509_V_ERR_*): in words, beside the token that is coarser.
_FAULTS: Mapping[int, str] = {
    2: "unknown_authority",
    9: "not_yet_valid",
    10: "expired",
    18: "unknown_authority",
    19: "unknown_authority",
    20: "unknown_authority",
    21: "unknown_authority",
    62: "wrong_name",
    64: "wrong_name",
}


def facts(der: bytes) -> dict[str, Json]:
    """Digest, names and dates of a certificate; of one that cannot be read only the digest."""
    found: dict[str, Json] = {"peer_sha256": hashlib.sha256(der).hexdigest()}
    try:
        read = x509.load_der_x509_certificate(der)
        return found | {
            "subject": read.subject.rfc4514_string(),
            "issuer": read.issuer.rfc4514_string(),
            "not_before": read.not_valid_before_utc.isoformat(),
            "not_after": read.not_valid_after_utc.isoformat(),
            "sans": _sans(read),
        }
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as exc:
        return found | {"unreadable": str(exc)[:80]}


def fault(exc: Exception) -> dict[str, Json]:
    """Why a handshake failed, in OpenSSL's words; nothing where the failure is not OpenSSL's."""
    if not isinstance(exc, ssl.SSLError):
        return {}
    why: dict[str, Json] = {"reason": exc.reason}
    if isinstance(exc, ssl.SSLCertVerificationError):
        why |= {"verify_code": exc.verify_code, "verify_message": exc.verify_message}
        why["fault"] = _FAULTS.get(exc.verify_code, "other")
    return why


def _sans(read: x509.Certificate) -> list[str]:
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in names][:50]
