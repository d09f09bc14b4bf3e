"""What outlives a flow: for how long a trigger is held against others (Bock 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.lab.censor.params import Residual

if TYPE_CHECKING:
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule


_LASTING = 1 << 25  # tells this draw from others about the same flow


class Sentence:
    """A time for which flows are held back."""

    __slots__ = ("_again", "since", "until")

    def __init__(self, until: float, again: float = 0.0, since: float = 0.0) -> None:
        self.until = until
        self.since = since  # from when on it reaches other flows than the one that brought it about
        self._again = again  # seconds that every packet held back sets it to anew, 0 where packets change nothing

    def holds(self, now: float) -> bool:
        """True while it lasts; asked for a packet that it then holds back."""
        if now >= self.until:
            return False
        if self._again:
            self.until = now + self._again
        return True


FOREVER = Sentence(float("inf"))


class Residuals:
    """The sentences that stand, by rule and by what they are held against."""

    def __init__(self) -> None:
        self._standing: dict[tuple[CompiledRule, bytes], Sentence] = {}

    def set(self, rule: CompiledRule, flow: Flow, now: float) -> Sentence:
        """A new sentence against all flows of the flow's kind."""
        assert rule.residual is not None
        seconds = rule.residual.seconds
        if rule.residual.most > seconds:
            seconds += (rule.residual.most - seconds) * rule.chance(flow, _LASTING)
        again = seconds if rule.residual.refresh else 0.0
        sentence = Sentence(now + seconds, again, now + rule.residual.late)
        self._standing[rule, kind(rule.residual, flow)] = sentence
        return sentence

    def find(self, rule: CompiledRule, flow: Flow, now: float) -> Sentence | None:
        """The sentence under which a flow falls."""
        if rule.residual is None or not self._standing:
            return None
        sentence = self._standing.get((rule, kind(rule.residual, flow)))
        return sentence if sentence is not None and sentence.since <= now < sentence.until else None

    def sweep(self, now: float) -> None:
        """Forget what is over."""
        self._standing = {key: one for key, one in self._standing.items() if now < one.until}

    def clear(self) -> None:
        """Forget everything."""
        self._standing.clear()


def kind(residual: Residual, flow: Flow) -> bytes:
    """What of a flow a sentence is held against; the server of the three-tuple is the side that was called."""
    if residual.key == "host":
        return flow.far
    if residual.key == "endpoint":
        return flow.far + flow.called.to_bytes(2, "big") + bytes((flow.proto, flow.opener))
    ends = flow.client + flow.far
    if residual.key == "2tuple":
        return ends
    if residual.key == "3tuple":
        return ends + flow.called.to_bytes(2, "big") + bytes((flow.opener,))
    return ends + flow.fport.to_bytes(2, "big") + flow.cport.to_bytes(2, "big")
