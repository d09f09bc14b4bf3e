"""A lab without namespaces: servers on the loopback, and a relay that shows the censor what passes, as packets.

It needs no rights and nothing of Linux. The client's kernel and the servers' speak with the relay; between them stands
the same censor as in every lab (`harness.lab.censor.engine`), which sees a TCP of the relay's own making
(`harness.lab.loopback.ends`). What it cannot carry `harness.lab.loopback.shown` and `harness.lab.needs` name.
"""

from __future__ import annotations
