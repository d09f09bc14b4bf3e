"""Asking a tunnel's server itself, once the tunnel has failed: a tunnel does not say whether its server is there."""

from __future__ import annotations

import contextlib

from harness.dial import sockets
from harness.dial.api import Address, Tape
from harness.dial.deadline import Deadline
from harness.dial.direct import Direct

PATIENCE = 2.0  # seconds for a connection; the first SYN and one more, after 1 s (RFC 6298, section 2)
_AGAIN = 1.1
"""Seconds between two datagrams to a port that may be closed. A host says so to one sender about once a second and no
oftener (RFC 1812, section 4.3.2.8; Linux, icmp_ratelimit), and its word may have gone to another datagram of ours."""


async def by_tcp(inner: Direct, server: Address, tape: Tape) -> None:
    """Connect and let go. A failure is a `connect` stage and the end of the walk; else no trace is left."""
    kept = len(tape.observations)
    stream = await inner.stream(server, Deadline.after(PATIENCE), tape)
    stream.close()
    del tape.observations[kept:]


async def refused_by_udp(server: Address, until: Deadline) -> bool:
    """True as soon as the host says that nobody listens for datagrams there (ICMP, port unreachable)."""
    flow = sockets.datagrams(server)
    try:
        while until.clock() < until.at:
            flow.send(b"\0")
            with contextlib.suppress(TimeoutError):
                await flow.receive(until.sooner(_AGAIN))
                return False  # somebody listens, and does not like us
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    finally:
        flow.close()
    return False


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
