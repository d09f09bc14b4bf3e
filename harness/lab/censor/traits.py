"""Which ClientHellos a rule is about, made ready once: by name, fingerprint, extensions and version."""

from __future__ import annotations

from fnmatch import fnmatchcase

from harness.lab.censor import fingerprint
from harness.lab.censor.hello import Hello
from harness.lab.censor.params import Telling
from harness.lab.censor.scope import Names

VERSIONS = {"1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303, "1.3": 0x0304}


class Traits:
    """All that a ClientHello must show at once."""

    def __init__(self, params: Telling, names: Names) -> None:
        self._names = names if params.names else None
        self._spare = names
        self._as_written = params.as_written
        self._ja3 = frozenset(params.ja3)
        self._ja4 = params.ja4
        self._extensions = frozenset(params.extensions)
        self._newest = frozenset(VERSIONS[one] for one in params.newest)
        # A name is seen in a part of a hello; all else is known of a whole one only.
        self._patient = not params.names or bool(params.ja3 or params.ja4 or params.extensions or params.newest)

    def hold(self, hello: Hello) -> bool:
        """True where the rule is about this hello, as far as it is there."""
        if self._patient and not hello.whole:
            return False
        return (
            self._named(hello)
            and self._extensions <= set(hello.extensions)
            and (not self._newest or hello.newest in self._newest)
            and self._identified(hello)
        )

    def seen(self, hello: Hello) -> dict[str, str]:
        """What the log says of a hello beside its name."""
        return {"ja4": fingerprint.ja4(hello)} if self._ja3 or self._ja4 else {}

    def _named(self, hello: Hello) -> bool:
        name = hello.name
        if name is None:
            return self._names is None
        if self._as_written and hello.spelled != name:
            return False
        return not self._spare.exempts(name) if self._names is None else self._names.holds(name)

    def _identified(self, hello: Hello) -> bool:
        if self._ja3 and not self._ja3 & {fingerprint.ja3(hello), fingerprint.ja3_digest(hello)}:
            return False
        if not self._ja4:
            return True
        shown = fingerprint.ja4(hello)
        return any(fnmatchcase(shown, one) for one in self._ja4)
