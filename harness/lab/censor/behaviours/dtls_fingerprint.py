"""A flow is lost shortly after a DTLS handshake that a library gives itself away by: Snowflake finds proxies, and its
data channels are dead.

RU since 2026-03-30: the ClientHello of pion, by JA3 or JA4; one that offers DTLS 1.3 passes (net4people/bbs issue 603).
Before that: `supported_groups` in the ServerHello, 2021-12, and a HelloVerifyRequest, 2022-07 (issue 223). A hello in
another order, or with other lists, defeats it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from harness.lab.censor import dtls, fingerprint, hello, params
from harness.lab.censor.packet import Packet
from harness.lab.censor.scope import sent_by
from harness.lab.censor.watch import Watch

if TYPE_CHECKING:
    from harness.lab.censor.engine import Engine
    from harness.lab.censor.flows import Flow
    from harness.lab.censor.rule import CompiledRule

VERSIONS = {"1.0": 0xFEFF, "1.2": 0xFEFD, "1.3": 0xFEFC}


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(params.Params):
    """What of a handshake gives it away, who sends it, and how long the flow lives on."""

    mark: Literal["client_hello", "server_groups", "verify_request"] = "client_hello"
    of: params.Side = "client"  # whose messages; who calls is not always inside
    ja3: tuple[str, ...] = ()  # of ClientHellos: any of these, as MD5 or as the text before it
    ja4: tuple[str, ...] = ()  # any of these; `*` stands for any part; with neither, every ClientHello
    newest: tuple[Literal["1.0", "1.2", "1.3"], ...] = ("1.0", "1.2")  # the newest version that a ClientHello offers
    delay: params.Seconds = 0.5  # until the loss begins; "short", the true figure is not published
    residual: params.Residual | None = None


class DtlsFingerprint(Watch[Params]):
    """Reads every handshake message; a call's flow begins with STUN."""

    PROTOCOLS = ("udp",)

    def __init__(self, engine: Engine, rule: CompiledRule, flow: Flow) -> None:
        super().__init__(engine, rule, flow)
        self._known = False

    def see(self, packet: Packet) -> Packet | None:
        """The datagram; one that shows the mark passes too where there is a delay."""
        if self._known or not sent_by(packet, self.params.of) or not dtls.speaks(packet.payload):
            return packet
        shown = next((found for each in dtls.messages(packet.payload) if (found := self._marked(*each))), None)
        if shown is None:
            return packet
        self._known = True
        self.log("match", what=self.params.mark, shown=shown)
        if not self.params.delay:
            return self.condemned(packet)
        self.later(self.params.delay, self.condemn)
        return packet

    def enforce(self, packet: Packet) -> Packet | None:
        """Nothing, either way."""
        self._known = False  # a later handshake of the flow is looked at anew, once the sentence is over
        return super().enforce(packet)

    def _marked(self, kind: int, body: bytes) -> str:
        """What of the message gives it away, "" where nothing does."""
        if self.params.mark == "client_hello" and kind == dtls.CLIENT_HELLO:
            return self._identified(dtls.client_hello(body))
        if self.params.mark == "server_groups" and kind == dtls.SERVER_HELLO:
            return "supported_groups" if hello.GROUPS in dtls.server_hello(body).extensions else ""
        return "cookie" if self.params.mark == "verify_request" and kind == dtls.HELLO_VERIFY_REQUEST else ""

    def _identified(self, seen: hello.Hello) -> str:
        """The JA4 of a hello that the rule is about."""
        mine = self.params
        if not seen.whole or seen.newest not in {VERSIONS[one] for one in mine.newest}:
            return ""
        ja4 = fingerprint.ja4(seen, "d")
        if mine.ja3 and not {fingerprint.ja3(seen), fingerprint.ja3_digest(seen)} & set(mine.ja3):
            return ""
        return ja4 if not mine.ja4 or any(fnmatchcase(ja4, one) for one in mine.ja4) else ""
