"""A listed name is policed to some 140 kbit/s each way, and stays so until its connection was idle for ten minutes.

RU 2021-03-10 and later, Twitter: 130 to 150 kbit/s, whoever began being inside; each segment is read by itself, and a
packet of more than 100 bytes that shows no protocol ends the inspection of its flow; neither FIN nor RST ends the
policing (Xue 2021, "Throttling Twitter", IMC, sections 5 and 6). On the first day `*t.co*` was meant, reddit.com and
microsoft.com too (`match: substring`; net4people/bbs issue 65). A hello in two segments, or junk ahead of it, defeats
it; another port does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.lab.censor import params
from harness.lab.censor.behaviours import police
from harness.lab.censor.packet import Packet

IDLE = params.Residual(key="4tuple", seconds=600.0, refresh=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params(police.Params):
    """As `police`, with Twitter's names, and how large a packet of no known kind ends the inspection."""

    names: tuple[params.Name, ...] = ("twitter.com", "twimg.com", "t.co")
    rate: params.Rate = 140_000.0
    strange: int = 100  # bytes that a packet of no known kind may have, so that what follows is still looked at
    protocols: tuple[params.Protocol, ...] = ("tcp",)
    reassembly: params.Reassembly = "none"
    residual: params.Residual | None = IDLE


class TspuPolice(police.Police):
    """Looks for the name until something strange comes."""

    params: Params

    def _read(self, packet: Packet) -> None:
        """Reads on, unless this packet says that there is nothing to be read."""
        super()._read(packet)
        reader = self._reader
        if reader is not None and reader.strange and packet.end - packet.body > self.params.strange:
            self._reader = None
            self.done = not self._meant
