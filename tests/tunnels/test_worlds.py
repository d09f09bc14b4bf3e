"""In the lab: tunnels carry cells, and each way in which one fails is told apart."""

from __future__ import annotations

import functools
import os
import pathlib
import tempfile
from collections.abc import Mapping

import pytest

from harness import catalogue
from harness.errors import ApparatusError
from harness.model import Vantage
from harness.vantage import Hushed, Outcome, Setup
from harness.vantage.place import overlay, tier
from harness.vantage.session import EngineSession

PATIENCE = 90.0  # seconds for one cell on a busy machine
LIMITS = {"path": 6.4, "resolve": 1.6, "connect": 2.0, "tls": 2.4, "response": 3.2}  # a lab has no long way
PEER = "F9K+dY7U/QvDZn2cMrB3jVMRGZ1j4oNORGROSpCtQAQ="
OURS = "8JN4p/DgvpLf2DeuitRhjPxDSEU/Fl2IjtgLUGpfwUw="
STRANGER = "rOs433UcHbdOX49zqQ67nhgKmoSkp1O2gP73/Bas9CU="
NOBODY = "198.41.0.99"  # no host of the world
KEY, OTHER_KEY = "coLgGYrqUeTSEQKYdP5UGw%3D%3D", "AAAAGYrqUeTSEQKYdP5UGw%3D%3D"
SERVER = "45.136.20.15"


def wireguard(host: str, port: int, key: str) -> str:
    keys = f"private_key: {OURS}, public_key: {key}"
    return f'{{via: {{wireguard: {{host: "{host}", port: {port}, {keys}, address: 10.66.0.2/32}}}}}}'


def with_resolver(server: str) -> str:
    """The tunnel of wg-nl, over which another resolver is asked."""
    tunnel = f'private_key: {OURS}, public_key: {PEER}, address: [10.66.0.2/32, "fd66::2/128"]'
    return f'{{dns: "udp://{server}", lookup: hops, via: {{wireguard: {{host: nl.example.net, {tunnel}}}}}}}'


def shadowsocks(key: str, host: str, port: int = 8388) -> str:
    return f'"ss://2022-blake3-aes-128-gcm:{key}@{host}:{port}"'


WAYS = {
    "wg-here": wireguard(SERVER, 51820, PEER),
    "wg-by-ipv6": wireguard("2a0e:1c80:7::15", 51820, PEER),
    "wg-stranger": wireguard(SERVER, 51820, STRANGER),
    "wg-closed": wireguard(SERVER, 5555, PEER),
    "wg-nowhere": wireguard(NOBODY, 51820, PEER),
    "wg-mute-resolver": with_resolver(NOBODY),
    "ss-stranger": shadowsocks(OTHER_KEY, SERVER),
    "ss-closed": shadowsocks(KEY, SERVER, 8389),
    "ss-nowhere": shadowsocks(KEY, NOBODY),
    "trojan-stranger": '"trojan://wrong@nl.example.net"',
    "trojan-other-name": '"trojan://lab-trojan@nl.example.net?sni=www.example.com"',
}
SAME_KEYS = ("wg-nl", "wg-by-ipv6")  # one server by its name, and by another of its addresses
FAILING = tuple(name for name in WAYS if name not in {"wg-here", "wg-by-ipv6"})
UP = ("wg-nl", "ss-nl", "trojan-nl", "office-socks", "office-connect")
RECIPES = """
  - {name: recipes, check: {http: "https://recipes.example.org/", proof: {body: Recipes}}}"""
TALK = """
  - {name: talk, check: {stun: "stun.l.google.com:19302"}}"""
CALL = """
  - {name: call, check: {media: {host: 65.108.77.30, port: 40000, seconds: 1s}}}"""
SCENARIO = """
scenario: ways
targets:%s
controls:
  foreign: [neutral-abroad]
  domestic: [neutral-home]
  reflectors: [echo]
  yardsticks: [neutral-stun]
  paths: [control-abroad]
retry: {attempts: 1, deadline: 45s}
paths:
"""
WORLD = "world: ways\ntitle: Ways\nextends: open\n"
DROPPED = "censor:\n  - wireguard_signature: {drop: initiation}\n"


@functools.cache
def missing() -> str:
    """What keeps a lab from being opened here, "" where nothing does."""
    try:
        tier()
    except ApparatusError as exc:
        return str(exc)
    return ""


@pytest.fixture(autouse=True)
def lab() -> None:
    if missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing())


@functools.cache
def shown(censor: str, targets: str, paths: tuple[str, ...]) -> Mapping[str, Outcome]:
    """Every cell over these paths in a world with that censor, measured once for all that is asked of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        world, file = folder / "ways.yaml", folder / "ways.reach.yaml"
        world.write_text(WORLD + censor)
        file.write_text(
            SCENARIO % targets + "".join(f"  - {f'{path}: {WAYS[path]}' if path in WAYS else path}\n" for path in paths)
        )
        plan = catalogue.read(file, root=folder, env={}, world=overlay(str(world))).plan
        setup = Setup(vantage=Vantage(name="t"), world=str(world), record_addresses=True, limits=LIMITS)
        session = EngineSession.start(setup)
        try:
            session.submit([plan], Hushed())
            found = {cell.key.partition(":")[2]: session.result(cell.key, PATIENCE) for cell in plan.cells}
        finally:
            session.close()
    return {key: outcome for key, outcome in found.items() if outcome}


def of(cell: str) -> Outcome:
    return shown("", RECIPES + TALK, (*UP, *FAILING))[cell]


@pytest.mark.parametrize("path", UP)
def test_a_tunnel_comes_up_and_carries_a_cell(path: str) -> None:
    assert ("usable", "usable") == (of(f"path.up[{path}]").verdict.claim, of(f"recipes[{path}]").verdict.claim)


@pytest.mark.parametrize("path", ["wg-nl", "ss-nl", "trojan-nl"])
def test_the_target_sees_the_tunnels_far_end(path: str) -> None:
    seen = [
        walk.observations[-1].detail for walk in of(f"path.up[{path}]").facts.attempts[0].walks if walk.check == "echo"
    ]

    assert SERVER in {detail.get("exit") for detail in seen}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("wg-nl", "It carries datagrams; names are asked of a resolver through the path."),
        ("ss-nl", "It carries datagrams; names are resolved by the path's server."),
        ("trojan-nl", "It carries datagrams; names are resolved by the path's server."),
        ("office-socks", "It carries datagrams; names are resolved outside the path."),
        ("office-connect", "It cannot carry datagrams; names are resolved by the path's server."),
    ],
)
def test_a_path_says_whether_it_carries_datagrams_and_where_names_are_resolved(path: str, said: str) -> None:
    assert of(f"path.up[{path}]").verdict.why.endswith(said)


@pytest.mark.parametrize(
    ("path", "claim"), [*((path, "usable") for path in UP[:4]), ("office-connect", "not_applicable")]
)
def test_a_call_needs_a_path_that_carries_datagrams(path: str, claim: str) -> None:
    assert claim == of(f"talk[{path}]").verdict.claim


@pytest.mark.parametrize(
    ("path", "mechanism"),
    [
        ("wg-stranger", "tunnel.wireguard_drop"),
        ("wg-closed", "path.server_refused"),
        ("wg-nowhere", "path.server_silent"),
        ("wg-mute-resolver", "path.resolver_silent"),
        ("ss-stranger", "path.credentials_refused"),
        ("ss-closed", "path.server_refused"),
        ("ss-nowhere", "path.server_silent"),
        ("trojan-stranger", "path.credentials_refused"),
        ("trojan-other-name", "path.server_identity"),
    ],
)
@pytest.mark.parametrize("target", ["path.up", "recipes"])
def test_each_way_in_which_a_tunnel_fails_is_told_apart(target: str, path: str, mechanism: str) -> None:
    verdict = of(f"{target}[{path}]").verdict

    assert ("path_down", mechanism) == (verdict.claim, verdict.mechanism)


def test_wireguard_is_dropped_by_its_handshake_while_shadowsocks_lives() -> None:
    cells = shown(DROPPED, RECIPES, ("wg-here", "ss-nl"))
    verdicts = {name: cells[f"path.up[{name}]"].verdict for name in ("wg-here", "ss-nl")}

    assert ("path_down", "tunnel.wireguard_drop") == (verdicts["wg-here"].claim, verdicts["wg-here"].mechanism)
    assert "usable" == verdicts["ss-nl"].claim


def test_paths_of_the_same_keys_take_turns_so_that_none_ends_anothers_session() -> None:
    cells = shown("", CALL, SAME_KEYS)
    walks = [cells[f"call[{path}]"].facts.attempts[0].walks for path in SAME_KEYS]

    assert [[None]] * len(SAME_KEYS) == [[walk.failure for walk in each] for each in walks]
