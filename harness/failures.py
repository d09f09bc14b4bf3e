"""Failure tokens: stable words for how a stage ended. One map makes them; nothing else does.

The words are OONI's where OONI has one (ooni/spec, data-formats/df-007-errors.md), ours beside them.
A token is a fact. What it means is the judge's affair.
"""

from __future__ import annotations

import errno
import ssl

TOKENS = frozenset(
    {
        # resolve
        "dns_nxdomain_error",
        "dns_servfail_error",
        "dns_refused_error",
        "dns_no_answer",  # an answer without an address
        "dns_server_misbehaving",  # an answer that cannot be read, or another status
        # any stage
        "generic_timeout_error",
        "connection_refused",
        "connection_reset",
        "connection_aborted",
        "eof_error",
        "host_unreachable",
        "network_unreachable",
        "network_down",
        "address_not_available",
        "permission_denied",
        "message_size",
        "interrupted",
        # tls
        "ssl_failed_handshake",
        "ssl_invalid_hostname",
        "ssl_unknown_authority",
        "ssl_invalid_certificate",
        # hops
        "proxy_auth_failed",
        "proxy_refused",  # the proxy answers, and will not or cannot reach the target; its code is in the detail
        "proxy_protocol_error",
        # http and proofs
        "http_request_failed",  # an answer that is no HTTP
        "http_unexpected_status_code",
        "http_unexpected_redirect_url",
        "json_parse_error",
        "proof_missing",  # the answer came whole, and does not show what the check asks for
        "websocket_refused",  # the upgrade was answered otherwise
        "protocol_error",  # an answer that the probe's protocol does not allow
        # ours
        "no_local_resolver",  # no resolver is configured here at all
        "not_supported",  # this path cannot carry such traffic
        "not_declared",  # the check needs a server of one's own, and names none
        "engine_missing",  # the outside program that the path needs is not installed
        "engine_failed",  # it is, and does not start, or has ended
    }
)

_ERRNO = {
    errno.ECONNREFUSED: "connection_refused",
    errno.ECONNRESET: "connection_reset",
    errno.EPIPE: "connection_reset",
    errno.ECONNABORTED: "connection_aborted",
    errno.ETIMEDOUT: "generic_timeout_error",
    errno.EHOSTUNREACH: "host_unreachable",
    errno.ENETUNREACH: "network_unreachable",
    errno.ENETDOWN: "network_down",
    errno.EADDRNOTAVAIL: "address_not_available",
    errno.EACCES: "permission_denied",
    errno.EPERM: "permission_denied",
    errno.EMSGSIZE: "message_size",
}

# OpenSSL X509_V_ERR_* (openssl/x509_vfy.h)
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21, 24, 26, 27})
_HOSTNAME = frozenset({62, 64})


class Failed(Exception):
    """A stage ended otherwise than it should have; carries the token and what was seen."""

    def __init__(self, token: str, **detail: object) -> None:
        super().__init__(token)
        self.token = token
        self.detail = detail


def token(exc: BaseException) -> str:
    """The token for an exception; what no row knows becomes `unknown:<type>`, never a success."""
    if isinstance(exc, Failed):
        return exc.token
    if isinstance(exc, ssl.SSLError):
        return _tls_token(exc)
    if isinstance(exc, TimeoutError):
        return "generic_timeout_error"
    if isinstance(exc, EOFError):
        return "eof_error"
    if isinstance(exc, OSError) and exc.errno in _ERRNO:
        return _ERRNO[exc.errno]
    if isinstance(exc, ConnectionResetError):
        return "connection_reset"
    return f"unknown:{type(exc).__name__}"


def _tls_token(exc: ssl.SSLError) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        if exc.verify_code in _HOSTNAME:
            return "ssl_invalid_hostname"
        return "ssl_unknown_authority" if exc.verify_code in _UNKNOWN_AUTHORITY else "ssl_invalid_certificate"
    if isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "eof_error"
    # RFC 6066, section 3: alert 112, unrecognized_name
    return "ssl_invalid_hostname" if exc.reason == "TLSV1_UNRECOGNIZED_NAME" else "ssl_failed_handshake"
