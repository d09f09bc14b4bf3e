"""A scenario becomes cells, in an order and under names that stay the same over nights and vantages."""

from harness.catalogue import WorldOverlay
from harness.model import Controls, Level, Path, Retry, Target
from harness.plan import Scenario, plan
from tests.language.conftest import API, Load

CONTROLLED = API + "paths: [direct, doh-quad9]\ncontrols: {foreign: [neutral-abroad], reflectors: [echo]}\n"


def test_paths_come_first_and_then_targets_in_the_files_order(load: Load) -> None:
    assert [
        "news:path.up[direct]",
        "news:path.up[doh-quad9]",
        "news:api[direct]",
        "news:api[doh-quad9]",
    ] == [cell.key for cell in load(CONTROLLED).plan.cells]


def test_a_path_is_up_by_the_neutral_hosts_abroad_and_the_reflectors(load: Load) -> None:
    target = load(CONTROLLED).plan.cells[0].target

    assert (("neutral-abroad", "echo"), 1) == (tuple(check.name for check in target.checks), target.quorum)


def test_a_path_is_shown_by_a_connection_where_its_controls_can_show_no_more(load: Load) -> None:
    text = API + 'controls: {foreign: [{name: plain, http: "http://neutral.example/"}]}\n'

    assert Level.E1 == load(text).plan.cells[0].target.needs


def test_without_controls_nothing_can_show_a_path(load: Load) -> None:
    reason = load(API).plan.cells[0].not_applicable

    assert reason == "no foreign control and no reflector is declared; write controls: {foreign: [NAME]}"


def test_what_a_world_does_not_serve_is_said_before_anything_is_sent(load: Load) -> None:
    world = WorldOverlay(name="small", serves=("telegram", "whatsapp.messaging"))
    text = (
        "scenario: news\ntargets: [{service: telegram, capabilities: [web]},"
        " {service: whatsapp, capabilities: [messaging, registration]}]\n"
    )
    cells = {cell.target.name: cell.not_applicable for cell in load(text, world=world).plan.cells[1:]}

    assert {
        "telegram.web": None,
        "whatsapp.messaging": None,
        "whatsapp.registration": "the world small does not serve whatsapp.registration",
    } == cells


def test_a_target_that_asks_nobody_is_not_laid_to_the_world(load: Load) -> None:
    world = WorldOverlay(name="small", serves=("telegram",))
    text = 'scenario: news\ntargets: [{name: call, check: {media: {host: "", port: 3478}}}]\n'

    assert load(text, world=world).plan.cells[-1].not_applicable is None


def test_the_retry_of_a_scenario_is_in_its_plan(load: Load) -> None:
    text = API + "retry: {attempts: 2, backoff: 500ms..2s, deadline: 1m}\n"

    assert Retry(attempts=2, wait_min=0.5, wait_max=2.0, deadline=60.0) == load(text).plan.retry


def test_a_plan_needs_no_file() -> None:
    scenario = Scenario(name="s", targets=(Target(name="t", checks=()),), paths=(Path(name="direct"),))

    assert (2, Controls(direct=True)) == (len(plan(scenario).cells), plan(scenario).controls)


def test_controls_go_to_targets_directly_only_where_the_scenario_does() -> None:
    def of(*paths: str) -> bool:
        return plan(Scenario(name="s", targets=(), paths=tuple(Path(name=name) for name in paths))).controls.direct

    assert (True, False) == (of("office", "direct"), of("office"))
