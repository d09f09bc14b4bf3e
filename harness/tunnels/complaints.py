"""What sing-box's log says of a handshake with the path's own server, as stage and token."""

from __future__ import annotations

from harness.model import Stage

_TLS = (
    # Go, crypto/x509 and crypto/tls; specific before general
    ("certificate is valid for", "ssl_invalid_hostname"),
    ("cannot validate certificate for", "ssl_invalid_hostname"),
    ("not valid for any names", "ssl_invalid_hostname"),
    ("signed by unknown authority", "ssl_unknown_authority"),
    ("failed to verify certificate", "ssl_invalid_certificate"),
    ("remote error: tls", "ssl_failed_handshake"),
    ("tls: ", "ssl_failed_handshake"),
    ("connection reset by peer", "connection_reset"),
    ("i/o timeout", "generic_timeout_error"),
    ("deadline exceeded", "generic_timeout_error"),
    ("EOF", "eof_error"),
)


def told_by(line: str | None) -> tuple[Stage, str] | None:
    """The stage and the token of a line about a tunnel inside TLS; None where it tells of something else."""
    if line is None or "dial tcp" in line:
        return None  # that is the connection, about which the kernel says more when it is asked
    return next(((Stage.TLS, token) for mark, token in _TLS if mark in line), None)
