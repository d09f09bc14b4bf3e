"""What is kept between runs for one user: consent to measuring live, and the key of the pseudonyms."""

from __future__ import annotations

import os
import pathlib
import secrets

CONSENT_VERSION = "1"
"""Raised when the text below changes its meaning; consent to an older one does not count."""

CONSENT = """\
A live run speaks to the hosts of the scenario from this machine, over the network it stands in.

  Who is contacted   the endpoints, resolvers, proxies and controls that `waygauge plan FILE` lists, and nobody else.
  Who can see it     your provider, whoever filters or watches its lines, and the operators of what is contacted:
                     names of blocked services and of your own servers may stand out in their logs.
  The risk           in some countries asking for blocked services, or using or testing means of circumvention,
                     is an offence. Only you can judge what holds where you stand. Never measure from a line
                     whose owner has not agreed.
  What is kept       the record on your disk; nothing is uploaded. Addresses of your own servers are pseudonyms in it.
"""


def folder() -> pathlib.Path:
    """Where it is kept: $XDG_STATE_HOME/waygauge."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return pathlib.Path(base) / "waygauge"


def consented() -> bool:
    """True where the user has agreed to live runs: by `waygauge consent`, or in CI by WAYGAUGE_CONSENT=yes."""
    if os.environ.get("WAYGAUGE_CONSENT", "").lower() in {"yes", "1", "true"}:
        return True
    try:
        return (folder() / "consent").read_text(encoding="utf-8").strip() == CONSENT_VERSION
    except OSError:
        return False


def consent() -> None:
    """Remember that the user agreed."""
    _write(folder() / "consent", CONSENT_VERSION.encode())


def withdraw() -> None:
    """Forget that the user agreed."""
    (folder() / "consent").unlink(missing_ok=True)


def key(world: str | None) -> bytes:
    """The key of the pseudonyms: a user's own for live runs, the world's name in a lab, where nothing is private.

    Vantages and times of one world share it, so that their records can be laid side by side.
    """
    if world is not None:
        return f"world {world.split('@')[0]}".encode()
    if given := os.environ.get("WAYGAUGE_KEY"):
        return given.encode()
    kept = folder() / "key"
    try:
        return kept.read_bytes()
    except OSError:
        made = secrets.token_bytes(32)
        _write(kept, made)
        return made


def _write(file: pathlib.Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(data)
