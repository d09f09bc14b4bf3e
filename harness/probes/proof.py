"""Whether an HTTP answer shows its declared proof. Pure; rows, the first that falls short is told."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from harness.failures import Failed
from harness.model import Json
from harness.probes.documents import ABSENT, lookup, shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, whole or as far as it was read. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.body.decode("utf-8", "replace")

    def document(self) -> Json:
        """The body as JSON; raises Failed where it is none."""
        try:
            return json.loads(self.body)
        except ValueError as exc:
            raise Failed("json_parse_error") from exc


class Part(NamedTuple):
    """One part of a proof: the token where it falls short, and whether an answer shows it."""

    name: str
    token: str
    shown: Callable[[Json, Answer], bool]


def _redirected(pattern: str, answer: Answer) -> bool:
    return 300 <= answer.status < 400 and re.search(pattern, answer.headers.get("location", "")) is not None


def _headers(patterns: Mapping[str, str], answer: Answer) -> bool:
    return all(re.search(pattern, answer.headers.get(name.lower(), "")) for name, pattern in patterns.items())


def _has(paths: list[str], answer: Answer) -> bool:
    document = answer.document()
    return all(lookup(document, path) is not ABSENT for path in paths)


PARTS = (
    Part("status", "http_unexpected_status_code", lambda allowed, answer: answer.status in allowed),
    Part("redirect", "http_unexpected_redirect_url", _redirected),
    Part("headers", "proof_missing", _headers),
    Part("min_bytes", "proof_missing", lambda least, answer: len(answer.body) >= least),
    Part("sha256", "proof_missing", lambda digest, answer: hashlib.sha256(answer.body).hexdigest() == digest),
    Part("body", "proof_missing", lambda pattern, answer: re.search(pattern, answer.text) is not None),
    Part("has", "proof_missing", _has),
    Part("json", "proof_missing", lambda wanted, answer: shows(answer.document(), wanted)),
)


def demand(proof: Mapping[str, Json], answer: Answer) -> None:
    """Raise Failed for the first part of the proof that the answer does not show."""
    for part in PARTS:
        if proof.get(part.name) and not part.shown(proof[part.name], answer):
            raise Failed(part.token, proof=part.name)
