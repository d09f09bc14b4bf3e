"""`waygauge lab`: what worlds there are, what is in them, and any program inside."""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import ScenarioError
from harness.kinds import load
from harness.lab.censor.hours import spelled
from harness.lab.censor.table import BEHAVIOURS
from harness.lab.world import Host, Rule, World, load_world, worlds
from harness.model import Json

if TYPE_CHECKING:
    from harness.lab.events import Event
    from harness.lab.served import Wish


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="the worlds that come with waygauge")
    for name, summary in (
        ("show", "hosts, servers and the censor of a world"),
        ("serve", "a world that stays up until Ctrl-C, for programs inside and outside"),
        ("shell", "a shell inside a world"),
        ("run", "a program inside a world"),
        ("log", "a program inside a world, then what the censor did meanwhile"),
        ("pcap", "a program inside a world, its packets captured"),
    ):
        action = actions.add_parser(name, help=summary)
        action.add_argument("world", metavar="WORLD", help="a name or a file, and @VANTAGE or @TIME behind it")
        if name in {"shell", "run", "log", "pcap"}:
            action.add_argument(
                "--in", dest="served", action="store_true", help="WORLD is the name of one that `lab serve` keeps up"
            )
        if name == "serve":
            action.add_argument("--name", help="under which --in finds it; the world's own name where nothing is said")
        if name == "pcap":
            action.add_argument("folder", metavar="DIR", type=pathlib.Path, help="where the captures go")
        if name in {"run", "log", "pcap"}:
            action.add_argument("program", metavar="-- PROGRAM", nargs="+", help="with its arguments")


def run(args: argparse.Namespace) -> int:
    """Do it; a program's exit code is ours."""
    return ACTIONS[args.action](args)


def _list(_: argparse.Namespace) -> int:
    for name in worlds():
        world = load_world(name)
        print(" ".join([f"{name:<24} {world.title}", *_choices(world)]))
    return 0


def _choices(world: World) -> list[str]:
    """What can be chosen behind the world's name."""
    return [f"@{name}" for name in (*world.vantages, *world.timetable)]


def _show(args: argparse.Namespace) -> int:
    print("\n".join(_description(load_world(args.world))))
    return 0


def _description(world: World) -> Iterator[str]:
    yield f"{world.name}: {world.title}"
    where = world.vantage
    yield f"vantage    {where.name} ({where.cc}, {f'AS{where.asn}' if where.asn else 'no ASN'}, {where.network})"
    yield f"resolvers  {', '.join(world.resolvers) or 'none'}"
    yield f"clock      {spelled(world.clock)}"
    if world.vantages:
        yield f"vantages   {', '.join(f'@{name}' for name in world.vantages)}"
    if world.timetable:
        yield f"timetable  {', '.join(f'@{name} {spelled(time)}' for name, time in world.timetable.items())}"
    yield "hosts"
    yield from (f"  {line}" for host in world.hosts for line in _host(host))
    yield "censor" if world.censor else "censor     none"
    yield from (f"  {_rule(rule)}" for rule in world.censor)
    if world.sources:
        yield "sources"
        yield from (f"  {source}" for source in world.sources)


def _host(host: Host) -> Iterator[str]:
    told = [word for word, holds in (("at home", host.home), ("down", host.down)) if holds]
    yield f"{host.name} {' '.join(host.addresses)}" + (f" ({', '.join(told)})" if told else "")
    if host.names:
        yield f"  names    {' '.join(host.names)}"
    if host.services:
        yield f"  servers  {' '.join(f'{service.kind}:{service.port}' for service in host.services)}"


def _rule(rule: Rule) -> str:
    """The behaviour, and of its parameters those that are not as usual."""
    usual = {field.name: _usual(field) for field in dataclasses.fields(load(BEHAVIOURS[rule.behaviour].params))}
    told = [f"{key}={_plain(value)}" for key, value in rule.params.items() if _plain(value) != _plain(usual.get(key))]
    return " ".join([rule.behaviour, *told])


def _usual(field: dataclasses.Field[Any]) -> Json:
    """What a parameter is where nothing is said, None where something must be."""
    made = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    return dataclasses.asdict(made) if dataclasses.is_dataclass(made) and not isinstance(made, type) else made


def _plain(value: Json) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _run(args: argparse.Namespace) -> int:
    return _inside(args, args.program)


def _shell(args: argparse.Namespace) -> int:
    from harness.cli import terminal

    return _inside(args, terminal.command([os.environ.get("SHELL") or "/bin/sh"]))


def _log(args: argparse.Namespace) -> int:
    return _inside(args, args.program, log=True)


def _pcap(args: argparse.Namespace) -> int:
    args.folder.mkdir(parents=True, exist_ok=True)
    return _inside(args, args.program, pcap=args.folder)


def _inside(
    args: argparse.Namespace, program: Sequence[str], *, log: bool = False, pcap: pathlib.Path | None = None
) -> int:
    """Runs a program in a world of its own, or in one that is served; what the censor did goes to stderr."""
    from harness.lab.events import line
    from harness.lab.served import Wish, attach

    wish = Wish(program, log=log, pcap=pcap)
    try:
        code, done = attach(args.world, wish) if args.served else _alone(args.world, wish)
    except OSError as fault:
        raise ScenarioError(f'"{fault.filename}" cannot be run: {fault.strerror}') from fault
    for event in done:
        print(line(event), file=sys.stderr)
    return code


def _alone(name: str, wish: Wish) -> tuple[int, list[Event]]:
    from harness.lab import open_lab

    with open_lab(load_world(name), pcap=wish.pcap) as lab:
        env = {**os.environ, **lab.variables}
        code = lab.popen(wish.argv, env=env, cwd=os.getcwd(), stdin=0, stdout=1, stderr=2).wait()
        return code, lab.log() if wish.log else []


def _serve(args: argparse.Namespace) -> int:
    from harness.cli.serving import serve

    return serve(load_world(args.world), args.name)


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "run": _run,
    "serve": _serve,
    "shell": _shell,
    "log": _log,
    "pcap": _pcap,
}
