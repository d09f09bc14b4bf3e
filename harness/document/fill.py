"""`${VAR}` and its relatives, filled in after parsing, on values only: what a variable holds is never read as YAML.

| written | gives |
|---|---|
| `${VAR}` | the variable; not set is a complaint |
| `${VAR:-text}` | the text where the variable is not set or empty |
| `${VAR:?message}` | a complaint with the message where it is not set or empty |
| `${secret:VAR}` | the variable, as a secret that no output shows; `:-` and `:?` work here too |
| `$$` | a dollar sign |

Any other `$` stays what it is, so that regular expressions need no doubling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from harness.document.node import Entries, Items, Loc, Node, Scalar
from harness.model import Json

_MARK = re.compile(r"\$(?:\$|\{([^}]*)\}|\{)")
_INSIDE = re.compile(r"(secret:)?([A-Za-z_][A-Za-z0-9_]*)(?:(:-|:\?)(.*))?", re.DOTALL)

Wrong = Callable[[Loc, str, str], None]


class Filled(str):
    """A text in which a variable was filled in; where a number is expected, its digits are taken for one."""

    __slots__ = ()


class Filler:
    """Fills values in from an environment; keeps the secrets that it met."""

    def __init__(self, env: Mapping[str, str], wrong: Wrong) -> None:
        self._env, self._wrong = env, wrong
        self.secrets: set[str] = set()

    def fill(self, node: Node, loc: Loc) -> Json:
        """The node's value with every variable filled in."""
        if isinstance(node, Entries):
            return {key: self.fill(value, (*loc, key)) for key, (_, value) in node.entries.items()}
        if isinstance(node, Items):
            return [self.fill(item, (*loc, place)) for place, item in enumerate(node.items)]
        return self._scalar(node, loc)

    def _scalar(self, node: Scalar, loc: Loc) -> Json:
        if not isinstance(node.value, str) or "$" not in node.value:
            return node.value
        text = _MARK.sub(lambda match: self._replaced(match, loc), node.value)
        return Filled(text) if "${" in node.value else text

    def _replaced(self, match: re.Match[str], loc: Loc) -> str:
        if match[0] == "$$":
            return "$"
        inside = _INSIDE.fullmatch(match[1] or "")
        if not inside or "${" in (inside[4] or ""):
            self._wrong(
                loc, "this is no variable", "write ${NAME}, ${NAME:-default} or ${secret:NAME}; $$ is a dollar sign"
            )
            return ""
        secret, name, mode, rest = inside.groups()
        found = self._looked_up(name, mode, rest, loc)
        if secret and found:
            self.secrets.add(found)
        return found

    def _looked_up(self, name: str, mode: str | None, rest: str | None, loc: Loc) -> str:
        found = self._env.get(name)
        if found or (found is not None and mode is None):
            return found
        if mode == ":-":
            return rest or ""
        if mode == ":?":
            self._wrong(loc, f"variable {name} is not set", rest or "set it")
        else:
            self._wrong(loc, f"variable {name} is not set", f"set it, or write ${{{name}:-default}}")
        return ""
