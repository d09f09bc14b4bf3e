"""What leaves, leaves without secrets, and with pseudonyms where one's own servers were named.

A secret is replaced in every form in which it could be read back: as it is, URL-quoted, backslash-escaped, in JSON,
in base64 (standard and URL-safe, at any alignment), in hex. Names and addresses of a path's own servers, of its exits
and of ourselves become keyed pseudonyms: the same one throughout a run, and useless to whoever lacks the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator

from harness.model import CellFacts, Control, Json, Observation, Walk
from harness.vocabulary import words

SECRET = "<secret>"  # noqa: S105 - what stands in its place

SHORTEST = 4
"""Shorter secrets are replaced only where they stand alone: three letters occur in every other word."""

LEAST = 3
"""Still shorter ones are no secrets: taking out every `a` would leave no text, and guessing them takes no leak."""

_PUBLIC_WORDS = frozenset({"", "localhost", "0.0.0.0", "::", "127.0.0.1", "::1"})  # noqa: S104 - names, no socket
_OWN_ANYWHERE = ("exit", "source", "source_address", "bound_address")
_OWN_HOP = ("address", "addresses", "more", "host", "server")


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
        self._secrets = _worth_hiding(secrets)
        self._private: set[str] = set()
        self._key = key
        self._search: re.Pattern[str] | None = None
        self._stands_for: dict[str, str] = {}
        self._hide(private)
        self._compile()

    def learn(self, facts: CellFacts | Control) -> None:
        """Take note of addresses that are private by where they were seen: of hops, of exits, and of private names."""
        before = len(self._private)
        seen = [one for walk in _walks(facts) for one in walk.observations]
        self._hide(address for one in seen for address in (*_own(one), *self._resolved(one)))
        if len(self._private) != before:
            self._compile()

    def add(self, secrets: Iterable[str] = (), private: Iterable[str] = ()) -> None:
        """Take note of more secrets and private names, from now on."""
        self._secrets |= _worth_hiding(secrets)
        self._hide(private)
        self._compile()

    def text(self, text: str) -> str:
        """The text without secrets, and with pseudonyms."""
        return self._search.sub(self._replace, text) if self._search else text

    def json(self, value: Json) -> Json:
        """The same for every string in a JSON value."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.json(kept) for key, kept in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.json(kept) for kept in value]
        return value

    def leaks(self, text: str) -> tuple[str, ...]:
        """What of secret or private things still stands in a text, named by kind and never by value."""
        found = [match.group() for match in self._search.finditer(text)] if self._search else []
        stand = [self._replacement(one) for one in found if self._stands_for.get(one) != one]
        return tuple(dict.fromkeys("a secret" if one == SECRET else "a private name" for one in stand))

    def pseudonym(self, name: str) -> str:
        """`addr-1a2b3c4d` or `host-1a2b3c4d`, the same one for every spelling of an address."""
        kind = "addr" if _address(name) else "host"
        digest = hmac.new(self._key, _canonical(name).encode(), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:8]}"

    def _spared(self, patterns: Iterable[str]) -> dict[str, str]:
        """Words of our own that hold something to be replaced, such as `path.no_passage` a `pass`, for themselves."""
        forms = [form.lower() for form in patterns]
        spared = {word for word in words() if any(form in word.lower() for form in forms)}
        self._stands_for |= {word: word for word in spared}
        return {word: rf"(?<![\w.-]){re.escape(word)}(?![\w.-])" for word in spared}

    def _hide(self, names: Iterable[str]) -> None:
        if not self.record_addresses:
            self._private |= {name for name in names if name.lower() not in _PUBLIC_WORDS | words()}

    def _resolved(self, seen: Observation) -> Iterator[str]:
        """The addresses that a private name was resolved to."""
        if str(seen.detail.get("query") or "").lower().rstrip(".") in self._private:
            yield from _addresses(seen.detail.get("addresses"))
            yield from _addresses(seen.detail.get("more"))
            for answer in seen.detail.get("answers") or ():
                yield from _addresses(answer.get("addresses"))

    def _replace(self, match: re.Match[str]) -> str:
        return self._replacement(match.group())

    def _replacement(self, found: str) -> str:
        """What stands for it. Where only Unicode's idea of case made it match, it is taken for a secret."""
        return self._stands_for.get(found) or self._stands_for.get(found.lower(), SECRET)

    def _compile(self) -> None:
        """One expression for everything, the longest first, so that a form within a form cannot spoil it.

        What we put in a text ourselves is in it too and stands for itself.
        """
        patterns: dict[str, str] = {}
        for name in self._private:
            stands = self.pseudonym(name)
            patterns |= {form: _any_case(_apart(form) if _address(form) else _word(form)) for form in _spellings(name)}
            self._stands_for |= {stands: stands} | {form.lower(): stands for form in _spellings(name)}
        for secret in self._secrets:
            patterns |= {form: _pattern(form, secret) for form in forms(secret)}
            self._stands_for |= dict.fromkeys(forms(secret), SECRET)
        self._stands_for[SECRET] = SECRET
        ours = {form: re.escape(form) for form, stands in self._stands_for.items() if form == stands}
        ours |= self._spared(patterns)
        ordered = sorted({**patterns, **ours}.items(), key=lambda one: len(one[0]), reverse=True)
        self._search = re.compile("|".join(pattern for _, pattern in ordered)) if patterns else None


def _worth_hiding(secrets: Iterable[str]) -> frozenset[str]:
    return frozenset(secret for secret in secrets if len(secret) >= LEAST and secret not in words())


def forms(secret: str) -> frozenset[str]:
    """Every form in which the secret could be read back from a text; of a short one, only itself."""
    raw = secret.encode("utf-8", "surrogatepass")
    if len(secret) < SHORTEST:
        return frozenset({secret})
    escaped = json.dumps(secret)[1:-1]
    found = {
        *(secret, escaped, json.dumps(secret, ensure_ascii=False)[1:-1], escaped.replace("\\", "\\\\")),
        *(repr(secret)[1:-1], secret.encode("unicode_escape", "surrogatepass").decode("ascii")),
        *(urllib.parse.quote(raw, safe=safe) for safe in ("", "/", "/:@", "!*'()")),
        *(urllib.parse.quote_plus(raw), raw.hex(), repr(raw)[2:-1], json.dumps(repr(raw)[2:-1])[1:-1]),
        *(_every_percent(raw), secret.replace("\\", "\\\\").replace("'", "\\'")),
    }
    return frozenset(form for form in (found | set(_base64_forms(raw))) if form)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """What of the secret alone shows in base64 of a longer text, for each alignment of its first byte."""
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * shift + raw).decode("ascii").rstrip("=")
            first = (shift * 8 + 5) // 6  # characters that hold bits of what stands before
            last = (shift + len(raw)) * 8 // 6  # a character after that holds bits of what follows
            if len(whole[first:last]) >= SHORTEST:
                yield from {whole[first:last], urllib.parse.quote(whole[first:last], safe="")}


def _every_percent(raw: bytes) -> str:
    return "".join(f"%{byte:02X}" for byte in raw)


def _pattern(form: str, secret: str) -> str:
    if len(secret) < SHORTEST:
        return _word(form)
    # hex digits, percent-encoded or not, are written in either case
    in_hex = form == secret.encode("utf-8", "surrogatepass").hex() or "%" in form
    return _any_case(re.escape(form)) if in_hex else re.escape(form)


def _word(form: str) -> str:
    """The form where it stands alone."""
    return rf"(?<![\w-]){re.escape(form)}(?![\w-])"


def _apart(address: str) -> str:
    """The address where it is no part of a longer one; a port may follow."""
    if ":" in address:
        return rf"(?<![\w.:]){re.escape(address)}(?![\w]|[.:]\w)"
    return rf"(?<![\w.]){re.escape(address)}(?!\w|\.\w)"


def _any_case(pattern: str) -> str:
    return f"(?i:{pattern})"


def _spellings(name: str) -> frozenset[str]:
    """The ways in which a name or address is written; a compressed IPv6 address has a long form too."""
    address = _address(name)
    if address is None:
        return frozenset({name, urllib.parse.quote(name, safe="")})
    return frozenset({name, str(address), address.exploded, address.compressed.upper()})


def _canonical(name: str) -> str:
    return str(_address(name) or name.lower().rstrip("."))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _walks(facts: CellFacts | Control) -> Iterator[Walk]:
    if isinstance(facts, Control):
        yield from facts.walks
        return
    for attempt in facts.attempts:
        yield from attempt.walks
    for control in facts.controls:
        yield from control.walks


def _own(seen: Observation) -> Iterator[str]:
    """Addresses in an observation that are nobody's but the user's: a hop's, an exit's, our own."""
    hop = _OWN_HOP if seen.of.startswith("hop:") else ()
    for field in (*_OWN_ANYWHERE, *hop):
        yield from _addresses(seen.detail.get(field))


def _addresses(value: Json) -> Iterator[str]:
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and _address(text):
            yield text
