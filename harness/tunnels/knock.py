"""Asking a tunnel's server itself, once the tunnel has failed: a tunnel does not say whether its server is there."""

from __future__ import annotations

from harness.dial import sockets
from harness.dial.api import Address, Tape
from harness.dial.deadline import Deadline
from harness.dial.direct import Direct
from harness.failures import Failed

PATIENCE = 2.0  # seconds for a connection; the first SYN and one more, after 1 s (RFC 6298, section 2)
_ECHO = 0.5  # seconds for a router's or the host's word that nobody listens (RFC 1122, section 4.1.3.1)


async def by_tcp(inner: Direct, server: Address, tape: Tape) -> None:
    """Connect and let go. A failure is a `connect` stage and the end of the walk; else no trace is left."""
    kept = len(tape.observations)
    stream = await inner.stream(server, Deadline.after(PATIENCE), tape)
    stream.close()
    del tape.observations[kept:]


async def refused_by_udp(server: Address) -> None:
    """Raise Failed where the host says that nobody listens for datagrams (ICMP, port unreachable)."""
    flow = sockets.datagrams(server)
    try:
        flow.send(b"\0")
        await flow.receive(Deadline.after(_ECHO))
    except ConnectionRefusedError:
        raise Failed("connection_refused") from None
    except (OSError, TimeoutError):
        return
    finally:
        flow.close()


async def host_answers(server: Address) -> bool:
    """True where the host answers a SYN, be it with a reset: then only the tunnel's datagrams find no answer."""
    try:
        stream, _ = await sockets.connect(server, Deadline.after(PATIENCE))
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError):
        return False
    stream.close()
    return True
