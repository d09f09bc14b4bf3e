"""The one error of every parser here."""

from __future__ import annotations

from harness.failures import Failed


class Malformed(Failed):
    """What came is not what the protocol allows; inside a stage it is the token `protocol_error`."""

    def __init__(self, why: str, **detail: object) -> None:
        super().__init__("protocol_error", why=why, **detail)
