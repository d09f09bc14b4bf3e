"""What a run would send, told before anything is sent."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.judge.endpoints import endpoint
from harness.model import Check, ScenarioPlan, Spec

# Bytes both ways for one walk of a check that goes through: a handshake with a chain of certificates is 4 to 7 kB,
# an answer is cut where its proof is shown. Rounded up; a failing walk costs less and is repeated.
BYTES = {
    "dns": 500,
    "tcp": 500,
    "tls": 8_000,
    "http": 40_000,
    "websocket": 12_000,
    "whatsapp_noise": 4_000,
    "mtproto": 2_000,
    "stun": 300,
    "quic": 6_000,
}
OTHER_BYTES = 20_000
_DATAGRAM = 48  # the headers of IPv6 and UDP
ADDRESSES = 4  # at most two a family, each a walk of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cells, hosts by what they are contacted for, and bounds for attempts, bytes and time."""

    cells: int
    hosts: dict[str, tuple[str, ...]]
    attempts: int
    bytes_least: int  # everything goes through at once, over one address each
    bytes_most: int  # everything fails until the last attempt, over every address
    seconds_most: float  # for one cell

    @property
    def contacted(self) -> int:
        """How many hosts hear of the run."""
        return len({host for hosts in self.hosts.values() for host in hosts})


def cost(plans: Iterable[ScenarioPlan]) -> Cost:
    """What these plans would send."""
    plans = [_applicable(plan) for plan in plans]
    once = sum(_bytes(plan) for plan in plans)
    return Cost(
        cells=sum(len(plan.cells) for plan in plans),
        hosts={what: tuple(dict.fromkeys(hosts)) for what, hosts in _hosts(plans) if hosts},
        attempts=max((plan.retry.attempts for plan in plans), default=0),
        bytes_least=once,
        bytes_most=sum(_bytes(plan) * plan.retry.attempts for plan in plans) * ADDRESSES,
        seconds_most=max((plan.retry.deadline for plan in plans), default=0.0),
    )


def lines(found: Cost) -> Iterator[str]:
    """The same in words, a line each."""
    yield (
        f"{found.cells} cells, {found.contacted} hosts, {size(found.bytes_least)} to at most {size(found.bytes_most)}, "
        f"up to {found.attempts} attempts and {found.seconds_most:.0f} s a cell"
    )
    for what, hosts in found.hosts.items():
        yield f"{what}: {', '.join(hosts)}"


def size(count: int) -> str:
    """Bytes as a person says them."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


def _applicable(plan: ScenarioPlan) -> ScenarioPlan:
    cells = tuple(cell for cell in plan.cells if not cell.not_applicable)
    return ScenarioPlan(scenario=plan.scenario, cells=cells, controls=plan.controls, retry=plan.retry)


def _bytes(plan: ScenarioPlan) -> int:
    return sum(_bytes_of(check) for cell in plan.cells for check in cell.target.checks)


def _bytes_of(check: Check) -> int:
    """One walk; those that measure quality say themselves how much moves."""
    params = check.params
    if check.probe == "transfer":
        return int(params["down"] + params["up"]) * 11 // 10 + BYTES["tls"]
    if check.probe == "media":
        return int(params["seconds"] / params["interval"] * 2 * (params["size"] + _DATAGRAM))
    return BYTES.get(check.probe, OTHER_BYTES)


def _hosts(plans: Iterable[ScenarioPlan]) -> Iterator[tuple[str, list[str]]]:
    plans = [plan for plan in plans if plan.cells]
    paths = [cell.path for plan in plans for cell in plan.cells] + [
        path for plan in plans for path in plan.controls.paths
    ]
    controls = [_controls(plan) for plan in plans]
    yield "targets", [_host(check) for plan in plans for cell in plan.cells for check in cell.target.checks]
    yield "controls", [_host(check) for checks in controls for check in checks]
    yield "resolvers", [server for path in paths for server in _servers(path.resolver)]
    yield "hops", [server for path in paths for hop in path.hops for server in _servers(hop)]


def _controls(plan: ScenarioPlan) -> tuple[Check, ...]:
    controls = plan.controls
    return (*controls.foreign, *controls.domestic, *controls.reflectors, *controls.yardsticks)


def _host(check: Check) -> str:
    where = endpoint(check)
    return where.host if where else str(check.params.get("name", check.name))


def _servers(spec: Spec) -> Iterator[str]:
    """Hosts named in the parameters of a resolver or a hop; the machine's own resolver is `system`."""
    given = [spec.params.get(key) for key in ("host", "server", "url")]
    found = [_bare(str(value)) for value in given if value]
    yield from found or ["this machine's resolver" if spec.kind == "system" else spec.kind]


def _bare(text: str) -> str:
    return urllib.parse.urlsplit(text).hostname or text if "://" in text else text
