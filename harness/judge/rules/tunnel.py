"""Paths that an outside engine carries: whether it is there, and how its tunnel fails."""

from harness.judge.conditions import (
    CLOSED,
    REFUSED,
    RESET,
    SILENT,
    Condition,
    ended,
    foreign_fails,
    network_works,
    token,
)
from harness.judge.controls.over import DIRECT
from harness.judge.rules.rule import Rule
from harness.judge.seen import Seen
from harness.model import Claim, Role, Stage, Strength, Walk

_DOWN = Claim.PATH_DOWN
_LIKELY = Strength.LIKELY
_AT_ONCE = 3.0
"""Seconds in which a server hangs up on credentials that it does not know; a target that is silent takes it 5."""


def _by_engine(walk: Walk) -> bool:
    return any(one.stage == Stage.PATH and one.of.startswith("hop:") for one in walk.observations)


def _hung_up(walk: Walk) -> bool:
    """The tunnel took the request, and the stream ended at once with nothing from beyond."""
    last = walk.last
    return (
        last is not None
        and last.of == "target"
        and last.failure in RESET | CLOSED
        and last.received == 0
        and last.ended - last.started < _AT_ONCE
        and _by_engine(walk)
    )


def _on_everybody(_: Walk, seen: Seen) -> bool:
    neutral = (*seen.of(Role.FOREIGN, seen.cell.path.name), *seen.of(Role.DOMESTIC, seen.cell.path.name))
    return all(_hung_up(walk) for control in neutral for walk in control.walks)


def _host_answers(walk: Walk, seen: Seen) -> bool:
    return walk.last is not None and bool(walk.last.detail.get("host_answers")) and not _refused_abroad(seen)


def _refused_abroad(seen: Seen) -> bool:
    """Whoever is abroad refuses here, so that to be refused does not show that a host is there."""
    abroad = [walk for control in seen.of(Role.FOREIGN, DIRECT.name) for walk in control.walks]
    return bool(abroad) and all(one.failed_at is Stage.CONNECT and one.failure in REFUSED for one in abroad)


def _of_wireguard(walk: Walk, _: Seen) -> bool:
    return walk.last is not None and walk.last.detail.get("kind") == "wireguard"


hung_up = Condition("the tunnel's stream ended at once, with nothing from beyond", lambda walk, _: _hung_up(walk))
on_everybody = Condition("so did the streams to every neutral host", _on_everybody)
host_answers = Condition("the server's host answers otherwise, and not by a refusal as all do abroad", _host_answers)
of_wireguard = Condition("the tunnel is WireGuard", _of_wireguard)

TUNNELS = (
    Rule(
        id="path.engine_missing",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="path.engine_missing",
        stage=Stage.PATH,
        when=(token("engine_missing"),),
        why="The program that carries this path is not installed: pip install 'waygauge[engines]'.",
        case="tunnel-engine-missing",
    ),
    Rule(
        id="path.engine_failed",
        claim=Claim.INCONCLUSIVE,
        strength=Strength.INSUFFICIENT,
        mechanism="path.engine_failed",
        stage=Stage.PATH,
        when=(token("engine_failed"),),
        why="The program that carries this path did not start, or has ended; its last words are in the facts.",
        case="tunnel-engine-failed",
    ),
    Rule(
        id="tunnel.server_refused",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.server_refused",
        stage=Stage.PATH,
        when=(ended(Stage.PATH, REFUSED, of="hop"), network_works),
        why="The host of the tunnel's server says that nobody listens on its port, while the network here works.",
        case="tunnel-refused",
    ),
    Rule(
        id="tunnel.wireguard_drop",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="tunnel.wireguard_drop",
        stage=Stage.PATH,
        when=(ended(Stage.PATH, SILENT, of="hop"), of_wireguard, host_answers, network_works),
        why="WireGuard's handshakes find no answer, and the host is there: dropped on the way, or the wrong keys.",
        case="tunnel-wireguard-drop",
    ),
    Rule(
        id="tunnel.server_silent",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.server_silent",
        stage=Stage.PATH,
        when=(ended(Stage.PATH, SILENT, of="hop"), network_works),
        why="Neither the tunnel's server nor its host answers, while the network here works.",
        case="tunnel-silent",
    ),
    Rule(
        id="tunnel.hangs_up_on_all",
        claim=_DOWN,
        strength=_LIKELY,
        mechanism="path.credentials_refused",
        stage=Stage.PATH,
        when=(hung_up, foreign_fails, on_everybody, network_works),
        why="The tunnel's server hangs up whatever it is asked, as servers do on credentials that they do not know.",
        case="tunnel-hangs-up",
    ),
)
"""Bad spellings never come so far: a path that cannot be read is refused with its place before anything is sent."""
