"""`waygauge lab`: what worlds there are, what is in them, and any program inside."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.cli.eventlog import FILTERS, EventLog, wanted
from harness.errors import ScenarioError
from harness.lab.world import World, load_world, worlds

if TYPE_CHECKING:
    from harness.lab.events import Event

WORLD = "a name (`waygauge lab list`) or a file, and @VANTAGE or @TIME behind it"
INSIDE = "exits as PROGRAM does, 128 and its number after a signal; 125 where the world could not be had"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    adding = {"list": _list_arguments, "show": _show_arguments, "serve": _serve_arguments, "swap": _swap_arguments}
    for name, summary, usage in (
        ("list", "the worlds that come with waygauge", "[--behaviours] [--json] [WORD ...]"),
        ("show", "what a world is, and what its censor does", "[--hosts | --behaviour | --json] WORLD"),
        ("run", "a program inside a world", "[--in] [--log FILE] [--pcap DIR] WORLD -- PROGRAM [ARGUMENT ...]"),
        ("shell", "a shell inside a world", "[--in] WORLD"),
        ("log", "what the censor did, one JSON object a line", "[--in] [OPTION ...] WORLD [-- PROGRAM ...]"),
        ("pcap", "the packets on both sides of the censor", "[--in] WORLD DIR [-- PROGRAM ...]"),
        ("serve", "a world that stays up until Ctrl-C, for programs inside and out", "[--name NAME] WORLD"),
        ("swap", "other rules for a world that is up", "NAME WORLD"),
    ):
        action = actions.add_parser(name, help=summary, description=summary, usage=f"waygauge lab {name} {usage}")
        adding.get(name, _inside_arguments)(action)


def _list_arguments(action: argparse.ArgumentParser) -> None:
    action.add_argument("words", metavar="WORD", nargs="*", help="that name, title, behaviours or sources must hold")
    action.add_argument("--behaviours", action="store_true", help="what a censor can do, instead of worlds")
    action.add_argument("--json", action="store_true", help="one JSON object a line")


def _show_arguments(action: argparse.ArgumentParser) -> None:
    action.add_argument("world", metavar="WORLD", help=WORLD)
    kinds = action.add_mutually_exclusive_group()
    kinds.add_argument("--hosts", action="store_true", help="all hosts, with their addresses, names and servers")
    kinds.add_argument("--behaviour", action="store_true", help="WORLD is the name of a behaviour: its parameters")
    kinds.add_argument("--json", action="store_true", help="all of it, for programs")


def _serve_arguments(action: argparse.ArgumentParser) -> None:
    action.add_argument("world", metavar="WORLD", help=WORLD)
    action.add_argument("--name", help="under which --in finds it; the world's own name where nothing is said")


def _swap_arguments(action: argparse.ArgumentParser) -> None:
    action.add_argument("served", metavar="NAME", help="of the world that `lab serve` keeps up")
    action.add_argument("world", metavar="WORLD", help=f"whose rules it gets: {WORLD}")


def _inside_arguments(action: argparse.ArgumentParser) -> None:
    name = action.prog.rpartition(" ")[2]
    action.epilog = INSIDE
    action.set_defaults(print_help=action.print_help)
    action.add_argument("--in", dest="served", action="store_true", help="WORLD is the name of one that is served")
    if name == "run":
        action.add_argument(
            "--log", metavar="FILE", help="what the censor does goes there as it happens, as JSON lines"
        )
        action.add_argument("--pcap", metavar="DIR", type=pathlib.Path, help="client.pcap and internet.pcap go there")
    if name == "log":
        action.add_argument("--to", metavar="FILE", help="where the lines go; stderr, without a program stdout")
        action.add_argument(
            "--only", metavar="KEY=VALUE", type=wanted, action="append", default=[],
            help=f"such events alone, * for anything; several of a key: any of them. KEY: {', '.join(FILTERS)}",
        )  # fmt: skip
        action.add_argument("--follow", action="store_true", help="with --in and no program: go on until Ctrl-C")
    action.add_argument("world", metavar="WORLD", help=WORLD)
    if name == "pcap":
        action.add_argument("folder", metavar="DIR", type=pathlib.Path, help="where client.pcap and internet.pcap go")
    if name != "shell":
        action.add_argument("program", metavar="-- PROGRAM", nargs=argparse.REMAINDER, help="with its arguments")


def run(args: argparse.Namespace) -> int:
    """Do it; a program's exit code is ours."""
    return ACTIONS[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from harness.cli import worldlist

    lines = worldlist.behaviours if args.behaviours else worldlist.worlds
    found = list(lines(args.words, plain=args.json, wide=_width()))
    if not found:
        what = "behaviour" if args.behaviours else "world"
        print(f'waygauge: no {what} holds "{" ".join(args.words)}"; write fewer words', file=sys.stderr)
        return 1
    print("\n".join(found))
    return 0


def _show(args: argparse.Namespace) -> int:
    from harness.cli import worldshow

    if args.behaviour:
        lines = worldshow.behaviour(args.world, _width())
    elif args.json:
        lines = worldshow.plain(_world(args.world))
    else:
        lines = worldshow.world(_world(args.world), _width(), hosts=args.hosts)
    print("\n".join(lines))
    return 0


def _world(name: str) -> World:
    """The world; who takes a behaviour for one is told how to see it."""
    from harness.lab.censor.table import BEHAVIOURS

    if name in BEHAVIOURS and name not in worlds():
        raise ScenarioError(f'"{name}" is a behaviour; write waygauge lab show --behaviour {name}')
    return load_world(name)


def _width() -> int | None:
    """How wide what we print may be; None where it goes to a program, line by line."""
    import shutil

    return min(shutil.get_terminal_size().columns, 100) if sys.stdout.isatty() else None


def _run(args: argparse.Namespace) -> int:
    if args.log is None:
        return _inside(args, _program(args), pcap=_folder(args.pcap))
    with EventLog(file=args.log) as log:
        return _inside(args, _program(args), tell=log.tell, pcap=_folder(args.pcap))


def _shell(args: argparse.Namespace) -> int:
    if sys.stdin.isatty():  # nothing else tells this shell from the one outside
        print(f"a shell in {args.world}; exit leaves it", file=sys.stderr)
    return _inside(args, [os.environ.get("SHELL") or "/bin/sh"])


def _log(args: argparse.Namespace) -> int:
    program = _program(args, needed=not args.served)
    if args.follow and program:
        raise ScenarioError("--follow goes with --in and without a program; leave one of them out")
    with EventLog(file=args.to, only=args.only, late=bool(program)) as log:
        return _inside(args, program, tell=log.tell, follow=args.follow)


def _pcap(args: argparse.Namespace) -> int:
    program = _program(args, needed=not args.served)
    if not program:
        print(f"packets go to {args.folder} until Ctrl-C", file=sys.stderr)
    return _inside(args, program, pcap=_folder(args.folder), follow=True)


def _program(args: argparse.Namespace, *, needed: bool = True) -> list[str]:
    """The program with its arguments, with or without the -- before it."""
    words: list[str] = args.program[args.program[:1] == ["--"] :]
    if words[:1] in (["-h"], ["--help"]) and args.program[0] != "--":
        args.print_help()
        raise SystemExit(0)
    if words and words[0].startswith("-") and args.program[0] != "--":
        raise ScenarioError(f'"{words[0]}" stands behind WORLD; write options before it, and a program behind --')
    if needed and not words:
        raise ScenarioError(f"no program is given; write waygauge lab {args.action} WORLD -- PROGRAM")
    return words


def _folder(wanted: pathlib.Path | None) -> pathlib.Path | None:
    if wanted is not None:
        try:
            wanted.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise ScenarioError(f'no captures can be written to "{wanted}": {fault.strerror}') from fault
    return wanted


def _inside(
    args: argparse.Namespace,
    program: list[str],
    *,
    tell: Callable[[Event], None] | None = None,
    pcap: pathlib.Path | None = None,
    follow: bool = False,
) -> int:
    """Runs a program in a world of its own, or in one that is served; without a program, watches what happens."""
    from harness.cli import inside, terminal
    from harness.lab.visit import Wish

    if not program:
        return inside.watch(args.world, Wish(tell=tell, pcap=pcap, follow=follow))
    wish = Wish(argv=terminal.command(program), tell=tell, pcap=pcap)
    return inside.run(args.world, wish, served=args.served)


def _serve(args: argparse.Namespace) -> int:
    from harness.cli.serving import serve

    return serve(load_world(args.world), args.name)


def _swap(args: argparse.Namespace) -> int:
    from harness.lab.visit import Wish, visit

    return visit(args.served, Wish(rules=load_world(args.world).censor))


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "run": _run,
    "shell": _shell,
    "log": _log,
    "pcap": _pcap,
    "serve": _serve,
    "swap": _swap,
}
