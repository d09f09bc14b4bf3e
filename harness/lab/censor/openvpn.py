"""OpenVPN's openings as a middlebox reads them: the first byte of each packet is in the clear, whatever else is not.

The byte holds the opcode in its upper five bits and a key id in the lower three; over TCP two bytes of length stand
before it (openvpn.net, "OpenVPN wire protocol", sections on opcodes and on TCP). tls-auth and tls-crypt add to what
follows, and leave that byte alone; the XOR patch ("scramble") maps it by one byte of its key.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, TypeAlias

from harness.lab.censor.packet import TCP, Packet

Stage: TypeAlias = Literal["request", "reply", "exchange"]
STAGES: tuple[Stage, ...] = ("request", "reply", "exchange")

CLIENT_RESETS = (0x38, 0x50)  # P_CONTROL_HARD_RESET_CLIENT_V2, and _V3 of tls-crypt-v2
SERVER_RESET = 0x40  # P_CONTROL_HARD_RESET_SERVER_V2
GOES_ON = (0x20, 0x28)  # P_CONTROL_V1, P_ACK_V1
_LEAST = 14  # bytes of a reset: opcode, session id, no acknowledgements, packet id
_PREFIX = 2


def first_byte(packet: Packet) -> int | None:
    """The byte that holds the opcode, None where the packet is none of OpenVPN's, or begins in the midst of one."""
    data = packet.payload
    if packet.proto == TCP:
        size = int.from_bytes(data[:_PREFIX], "big")
        data = data[_PREFIX:]
        if not _LEAST <= size <= len(data):
            return None
    return data[0] if len(data) >= _LEAST else None


class Opening:
    """What the two sides of a flow begin with: `stage` says how much of a handshake it is, `over` that it is none."""

    def __init__(self, *, scrambled: bool) -> None:
        self._scrambled = scrambled
        self._asked: int | None = None  # the first byte of whoever opened the flow
        self._masks: frozenset[int] = frozenset()  # what the first bytes may be mapped by; 0 is as they are
        self._answered = self._went_on = False
        self.over = False

    @property
    def stage(self) -> Stage | None:
        """The furthest stage that is certain; a mapped request shows nothing before it is answered."""
        if self._went_on:
            return "exchange"
        if self._answered:
            return "reply"
        return "request" if self._masks == {0} else None

    def asked(self, byte: int | None) -> None:
        """A packet of whoever opened the flow."""
        if self._asked is None:
            self._asked = byte
            known = {0} if byte in CLIENT_RESETS else set()
            mapped = {byte ^ reset for reset in CLIENT_RESETS} if self._scrambled and byte is not None else set()
            self._masks = frozenset(known or mapped)
            self.over = not self._masks
        elif self._answered:
            self._went_on = self._went_on or self._keep(byte, GOES_ON)
        else:
            self.over = byte != self._asked  # a reset is sent again until it is answered

    def answered(self, byte: int | None) -> None:
        """A packet of the other side."""
        if not self._answered:
            self._answered = self._keep(byte, (SERVER_RESET,))

    def _keep(self, byte: int | None, opcodes: Collection[int]) -> bool:
        """Keeps the masks under which the byte is one of these opcodes; where there are none, it is no OpenVPN."""
        self._masks = frozenset(mask for mask in self._masks if byte is not None and byte ^ mask in opcodes)
        self.over = not self._masks
        return not self.over
