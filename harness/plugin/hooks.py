"""What pytest calls first. Next to nothing is imported until a scenario is collected; then `harness.plugin.run` is."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugin import hookspecs, options

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import httpx

    from harness.plugin.censored import Worlds
    from harness.plugin.run import Run
    from harness.vantage.inside import CensoredInternet

RUN = "waygauge-run"
SUFFIX = ".reach.yaml"
WORLDS: pytest.StashKey[Worlds] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    options.add(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hook for kinds of third parties."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and refuse early what cannot be run."""
    for line in options.MARKS:
        config.addinivalue_line("markers", line)
    if options.asked(config):
        from harness.plugin import settings

        settings.refuse(settings.settings(config))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Vantage, tier, world and the date of the catalogue, where anything is to be sent."""
    if not options.sends(config) or hasattr(config, "workerinput"):
        return []
    from harness.plugin.header import header

    return header(config)


def pytest_collect_file(file_path: pathlib.Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A scenario file becomes a collector of cells."""
    if not file_path.name.endswith(SUFFIX):
        return None
    from harness.plugin.items import ReachFile

    the_run(parent.config)
    collector: pytest.Collector = ReachFile.from_parent(parent, path=file_path)
    return collector


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Why all cells are about to be skipped, where nothing says what they may be sent into."""
    idle = not options.sends(config) and any(item.path.name.endswith(SUFFIX) for item in items)
    return [f"waygauge: {options.IDLE}"] if idle else []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tests that fetch over a path need the run before its loop begins, scenario or not."""
    fetching = any("via" in getattr(item, "fixturenames", ()) for item in session.items)
    if fetching and options.sends(session.config):
        the_run(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Under pytest-xdist: tell a worker where the controller's broker is."""
    if options.sends(node.config):
        the_run(node.config).desk.invite(node.workerinput)


@pytest.fixture(scope="session")
def via(request: pytest.FixtureRequest) -> Iterator[Callable[[str], httpx.Client]]:
    """Gives an `httpx.Client` over a path: `via("doh-quad9").get("https://example.org/")`."""
    from harness.plugin.via import Clients

    run = the_run(request.config)
    if not run.settings.sends:
        pytest.skip(options.IDLE)
    clients = Clients(run.reading.path, run.desk.fetch)
    yield clients.client
    clients.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails in worlds of the lab shows what their censors did."""
    report = yield
    if report.failed and (worlds := item.stash.get(WORLDS, None)) is not None:
        report.sections.extend(worlds.told())
    return report


@pytest.fixture
def censored_internet(request: pytest.FixtureRequest) -> Iterator[Callable[..., CensoredInternet]]:
    """Gives a world of the lab, up: `censored_internet("ru-2026-02").run(["curl", "https://example.org/"])`.

    Each call gives one of its own, and the end of the test takes it down. What else is given is laid over the world as
    in a world's file: `censored_internet("ru-2026-02", hosts=[...])`.
    """
    from harness.plugin.censored import Worlds

    worlds = request.node.stash[WORLDS] = Worlds()
    yield worlds.open
    worlds.close()


def the_run(config: pytest.Config) -> Run:
    """The run of this pytest session, made and registered when it is first needed."""
    found = config.pluginmanager.get_plugin(RUN)
    if found is None:
        from harness.plugin.run import Run
        from harness.plugin.settings import settings
        from harness.plugin.summary import Summary

        found = Run(config, settings(config))
        config.pluginmanager.register(found, RUN)
        config.pluginmanager.register(Summary(found), f"{RUN}-summary")
    run: Run = found
    return run
