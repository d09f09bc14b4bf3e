"""How far a walk came, and whether another one ended alike."""

from __future__ import annotations

from collections.abc import Mapping

from harness.judge.told import given_out
from harness.model import Json, Stage, Walk

RANK: Mapping[Stage, int] = {stage: rank for rank, stage in enumerate(Stage)}
"""The stages in the order in which a walk meets them."""

ENDED = frozenset({"connection_reset", "connection_aborted", "eof_error"})
"""Ends of a connection by its other side, of which a proxy makes one another."""


def reached(walk: Walk) -> bool:
    """True where the target itself sent anything: a proxy's word that it has connected is none."""
    if walk.completed:
        return True
    through = by_way_of_hops(walk)
    own = [seen for seen in walk.observations if seen.of == "target" and seen.stage != Stage.RESOLVE]
    return any(seen.received or (seen.stage == Stage.CONNECT and seen.failure is None and not through) for seen in own)


def by_way_of_hops(walk: Walk) -> bool:
    """True where the walk went by a proxy or a tunnel, and so came out elsewhere."""
    return any(seen.of.startswith("hop:") for seen in walk.observations)


def progress(walk: Walk) -> int:
    """The rank of the stage surely reached; what never heard of its target got no further than its name."""
    if walk.completed:
        return len(RANK)
    if walk.last is None:
        return 0
    if walk.last.of == "target" and walk.last.stage == Stage.RESOLVE:
        return RANK[Stage.RESOLVE]
    if not reached(walk):
        return RANK[Stage.CONNECT] if given_out(walk) or walk.address else RANK[Stage.RESOLVE]
    return RANK[walk.last.stage]


def furthest(walk: Walk) -> int:
    """The rank of the latest stage at which it can have failed; a proxy does not say whether it ever connected."""
    at = walk.failed_at
    return len(RANK) if at is None else RANK[Stage.CONNECT] if at is Stage.HOP else RANK[at]


def alike(walk: Walk, control: Walk) -> bool:
    """True where both failed the same way: by the same token at the same stage, or the target would not take either.

    A proxy tells its own side of it: a target that refuses is an EOF behind one proxy and code 1 or 5 behind another,
    and one that resets is an EOF. So where a proxy stands between, all that can be compared is that no connection came
    about. Who hangs up resets where he has not read all of it yet, and else ends in order (RFC 1122, section 4.2.2.13):
    by the same server one may come now, and the other a moment later.
    """
    if walk.failed_at == control.failed_at and walk.failure == control.failure:
        return True
    if walk.failed_at == Stage.RESOLVE:
        return walk.failure == "dns_nxdomain_error" and control.failure == "proxy_refused"
    if walk.failed_at == control.failed_at and {walk.failure, control.failure} <= ENDED:
        return True
    proxied = by_way_of_hops(walk) or by_way_of_hops(control)
    unmade = not {walk.failed_at, control.failed_at}.isdisjoint({Stage.CONNECT, Stage.HOP})
    return proxied and unmade and not reached(walk) and not reached(control)


def same_end(control: Walk, walk: Walk) -> bool:
    """True where a handshake was cut as the walk's was, with no more of an answer."""
    return control.failed_at == walk.failed_at and control.failure == walk.failure and not tls_answered(control)


def tls_answered(walk: Walk) -> bool:
    """True where the peer sent anything in a handshake, be it an alert."""
    seen = walk.at(Stage.TLS)
    return seen is not None and (seen.failure is None or bool(seen.detail.get("server_hello")))


def http_answer(walk: Walk) -> Mapping[str, Json]:
    """What the walk's HTTP answer showed, empty where none came."""
    seen = walk.at(Stage.RESPONSE)
    return seen.detail if seen else {}
