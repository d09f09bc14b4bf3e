"""Where an engine can run: on this machine, or inside a world of the lab."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from harness import catalogue
from harness.catalogue import WorldOverlay
from harness.dial.machine import Machine
from harness.errors import ApparatusError
from harness.model import Cell, Controls, Trust, Vantage

if TYPE_CHECKING:
    from harness.lab import Lab
    from harness.lab.loopback.lab import Loopback
    from harness.lab.world import World
    from harness.vantage import Setup

# What a child needs of our environment; anything else could hold a secret.
KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV"),
    *("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "WAYGAUGE_OFFLINE"),
)


class Program(Protocol):
    """A running program, wherever it runs."""

    @property
    def pid(self) -> int:
        """Its number on this machine."""

    @property
    def returncode(self) -> int | None:
        """How it ended, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its return code, once it has ended. Raises TimeoutError or subprocess.TimeoutExpired."""

    def kill(self) -> None:
        """End it now."""


class Place(Protocol):
    """Starts programs where the measurements are made."""

    @property
    def vantage(self) -> Vantage:
        """The network location, as declared."""

    @property
    def trust(self) -> Trust:
        """The anchors that hold there."""

    @property
    def world(self) -> str | None:
        """The world's name; None on this machine."""

    @property
    def tier(self) -> str:
        """What carries the place: `live`, `userns`, `root` or `loopback`."""

    @property
    def died(self) -> str | None:
        """Which part of the place is gone, None while it is whole."""

    @property
    def machine(self) -> Machine:
        """What an engine there takes for its machine."""

    def lacks(self, cell: Cell) -> str:
        """Why the place cannot carry a cell, "" where it can."""

    def carried(self, controls: Controls) -> Controls:
        """The controls that the place can carry."""

    def popen(self, argv: Sequence[str], **streams: Any) -> Program:
        """Start a program; `streams` are stdin, stdout and stderr as subprocess.Popen takes them."""

    def close(self) -> None:
        """Take the place down."""


def environment() -> dict[str, str]:
    """What a child of ours needs of our environment, and nothing that could hold a secret."""
    return {name: os.environ[name] for name in KEPT if name in os.environ}


class Whole:
    """A place that carries everything, over the machine's own sockets."""

    machine = Machine()

    def lacks(self, cell: Cell) -> str:
        """Nothing is lacking."""
        return ""

    def carried(self, controls: Controls) -> Controls:
        """All of them."""
        return controls


class Here(Whole):
    """This machine, over the network it stands in."""

    world = None
    tier = "live"
    died = None

    def __init__(self, vantage: Vantage) -> None:
        self.vantage = vantage
        self.trust = catalogue.trust()

    def popen(self, argv: Sequence[str], **streams: Any) -> Program:
        """Start a program as a child of ours; a Ctrl-C at the terminal is for us alone, who end it in good order."""
        return subprocess.Popen(list(argv), env=environment(), start_new_session=True, **streams)

    def close(self) -> None:
        """Nothing to take down."""


class _InLab:
    """A world of the lab; the lab lives as long as this does."""

    def __init__(self, world: World, lab: Lab | Loopback) -> None:
        self._lab = lab
        self.vantage = world.vantage
        self.world = world.name
        self.trust = lab.trust
        self.tier = str(lab.tier)

    @property
    def died(self) -> str | None:
        """Which part of the lab is gone."""
        return self._lab.died

    def popen(self, argv: Sequence[str], **streams: Any) -> Program:
        """Start a program inside the client's namespace; as a child of ours where the lab has none."""
        return self._lab.popen(list(argv), env=environment(), cwd=os.getcwd(), **streams)

    def close(self) -> None:
        """Take the lab down."""
        self._lab.close()


class InWorld(_InLab, Whole):
    """A world of the lab, by the machine's own sockets in its namespaces."""


class OnLoopback(_InLab):
    """A world of the lab without namespaces: the engine stands on this machine and goes through the lab's entrance."""

    def __init__(self, world: World, lab: Loopback) -> None:
        super().__init__(world, lab)
        self.machine = Machine(entrance=lab.entrance, resolv_conf=lab.resolv_conf, hosts=lab.hosts)

    def lacks(self, cell: Cell) -> str:
        """Tunnels, and HTTP/3."""
        from harness.lab.loopback import shown

        return shown.lacks(cell)

    def carried(self, controls: Controls) -> Controls:
        """Those that need none of it."""
        from harness.lab.loopback import shown

        return shown.carried(controls)


def open_place(setup: Setup) -> Place:
    """This machine, or the world asked for, up and whole. Raises ApparatusError with the remedy."""
    if setup.world is None:
        return Here(setup.vantage)
    from harness.lab.world import load_world

    world = load_world(setup.world)
    if tier() == "loopback":
        return _on_loopback(world, setup)
    from harness.lab import open_lab  # which needs Linux

    return InWorld(world, open_lab(world, pcap=setup.pcap))


def _on_loopback(world: World, setup: Setup) -> OnLoopback:
    from harness.lab.loopback.lab import Loopback
    from harness.lab.needs import NO_CAPTURE

    if setup.pcap:
        raise ApparatusError(NO_CAPTURE)
    return OnLoopback(world, Loopback(world))


def tier() -> str:
    """What would carry a world on this machine. Raises ApparatusError with the remedy where nothing can."""
    from harness.lab.tiers import Missing, Unavailable, carrier

    if isinstance(found := carrier(), Missing):
        raise Unavailable(found)
    return str(found)


def lacking(world: str) -> str:
    """What the world needs and this machine's tier does not have, with the remedy; "" where nothing is missing."""
    from harness.lab.needs import lacking, needs
    from harness.lab.tiers import Tier, carrier
    from harness.lab.world import load_world

    found = load_world(world)
    at_hand = carrier() if needs(found) else None
    return lacking(found, at_hand) if isinstance(at_hand, Tier) else ""


def overlay(world: str) -> WorldOverlay:
    """What a world lays over a scenario."""
    from harness.lab.world import documents, load_world

    found = load_world(world)
    return WorldOverlay(
        name=found.name,
        paths=found.paths,
        controls=found.controls,
        serves=found.serves,
        variables=found.variables,
        hosts=(*found.zone(), *found.addresses),
        vantage=found.vantage,
        documents=documents(world),
    )
