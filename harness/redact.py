"""What leaves, leaves without secrets, and with pseudonyms where one's own servers were named.

A secret is replaced in every form in which it could be read back: as it is, URL-quoted, backslash-escaped, in JSON,
in base64 (standard and URL-safe, at any alignment), in hex. Names and addresses of a path's own servers, of its exits
and of ourselves become keyed pseudonyms: the same one throughout a run, and useless to whoever lacks the key.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.model import CellFacts, Control, Json

SECRET = "<secret>"  # noqa: S105 -- what stands in its place


class Redactor:
    """Takes secrets and private names out of texts and of JSON values.

    Redacting twice changes nothing more. Keys of mappings are redacted as well as their values.
    """

    def __init__(
        self,
        secrets: Iterable[str] = (),
        private: Iterable[str] = (),
        key: bytes = b"",
        *,
        record_addresses: bool = False,
    ) -> None:
        self.record_addresses = record_addresses

    def learn(self, facts: CellFacts | Control) -> None:
        """Take note of addresses that are private by where they were seen: of hops, and of exits."""

    def text(self, text: str) -> str:
        """The text without secrets, and with pseudonyms."""
        return text

    def json(self, value: Json) -> Json:
        """The same for every string in a JSON value."""
        return value

    def leaks(self, text: str) -> tuple[str, ...]:
        """What of secret or private things still stands in a text, named by kind and never by value."""
        return ()
