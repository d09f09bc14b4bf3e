"""Names are looked up beside the scenario, then upwards, then in the shipped catalogue; a world goes before all."""

import pathlib
from collections.abc import Callable, Mapping

import pytest
from cryptography import x509

from harness import catalogue
from harness.catalogue import Loaded, WorldOverlay
from harness.catalogue.files import shipped
from harness.document import BadFile
from harness.errors import ScenarioError
from harness.kinds import Kind
from harness.model import Path
from harness.vantage.place import overlay
from tests.language.conftest import API, ROOT, Load

Folder = Callable[[Mapping[str, str]], pathlib.Path]

OFFICE = API + "paths: [office]\n"
NEAR, FAR = 'office: "http://near.example"\n', 'office: "http://far.example"\nother: "http://${NOT_SET}"\n'


def read(root: pathlib.Path, name: str = "a/b/news.reach.yaml") -> Loaded:
    return catalogue.read(root / name, root=root, env={})


def path(loaded: Loaded) -> Path:
    return loaded.plan.cells[0].path


def test_the_nearest_file_wins(folder: Folder) -> None:
    root = folder({"a/b/news.reach.yaml": OFFICE, "a/b/paths.yaml": NEAR, "paths.yaml": FAR})

    assert "near.example" == path(read(root)).hops[0].params["host"]


def test_files_are_sought_upwards_to_the_root(folder: Folder) -> None:
    root = folder({"a/b/news.reach.yaml": OFFICE, "paths.yaml": FAR})

    assert "far.example" == path(read(root)).hops[0].params["host"]


def test_nothing_above_the_root_is_read(folder: Folder) -> None:
    root = folder({"a/b/news.reach.yaml": OFFICE, "paths.yaml": FAR})

    with pytest.raises(BadFile, match='no path "office"'):
        read(root / "a", "b/news.reach.yaml")


def test_a_variable_that_only_an_unused_entry_names_may_be_unset(folder: Folder) -> None:
    root = folder({"a/b/news.reach.yaml": OFFICE, "paths.yaml": FAR})

    assert ("office",) == tuple({cell.path.name: None for cell in read(root).plan.cells})


def test_a_slip_in_another_file_is_told_there(folder: Folder) -> None:
    root = folder({"a/b/news.reach.yaml": OFFICE, "paths.yaml": 'office: "htp://near.example"\n'})

    with pytest.raises(BadFile, match=r'^paths.yaml:1:9: unknown scheme "htp"; did you mean "http"\?$'):
        read(root)


def test_a_service_of_ones_own_goes_before_the_shipped_one(folder: Folder) -> None:
    service = """\
        service: telegram
        date: 2026-01-01
        sources: https://example.org
        capabilities: {page: {checks: [{http: "https://telegram.example/"}]}}
        """
    root = folder(
        {"a/b/news.reach.yaml": "scenario: n\ntargets: [{service: telegram}]\n", "services/telegram.yaml": service}
    )
    loaded = read(root)

    assert ("telegram.page", "2026-01-01") == (loaded.plan.cells[-1].target.name, loaded.date)


def test_a_world_lays_its_paths_and_controls_over_those_of_the_same_name(load: Load) -> None:
    world = WorldOverlay(
        name="small",
        paths={"office-connect": "http://lab.example"},
        controls={"neutral-abroad": {"http": "https://lab.example/"}},
    )
    plan = load(API + "paths: [office-connect]\ncontrols: {foreign: [neutral-abroad]}\n", world=world).plan

    assert "lab.example" == plan.cells[0].path.hops[0].params["host"]
    assert ("neutral-abroad", "https://lab.example/") == (
        plan.controls.foreign[0].name,
        plan.controls.foreign[0].params["url"],
    )


def test_a_slip_in_a_world_is_told_of_the_world(load: Load) -> None:
    world = WorldOverlay(name="small", paths={"pinned": {"pins": {"a.example": ["x"]}}})

    with pytest.raises(BadFile, match=r"^world small:1:1: this is no IP address; "):
        load(API + "paths: [pinned]\n", world=world)


def test_a_slip_in_a_worlds_file_is_told_where_it_stands(load: Load, tmp_path: pathlib.Path) -> None:
    below, own = tmp_path / "below.yaml", tmp_path / "own.yaml"
    below.write_text('world: below\ntitle: below\nextends: open\npaths:\n  aa: "foo://x"\n  bb: "socks5://h:1"\n')
    own.write_text(
        f"world: own\ntitle: own\nextends: {below}\ncontrols: {{near: {{htp: x}}}}\n"
        'vantages:\n  sea:\n    paths: {bb: "bar://x"}\n'
    )

    with pytest.raises(BadFile) as caught:
        load(API + "paths: [aa, bb]\ncontrols: {foreign: [near]}\n", world=overlay(f"{own}@sea"))

    told = [(pathlib.Path(one.file).name, one.line, one.column) for one in caught.value.complaints]
    assert [("below.yaml", 5, 7), ("own.yaml", 4, 19), ("own.yaml", 7, 17)] == told


def test_every_cell_has_the_line_of_its_target(load: Load) -> None:
    text = API + "  - service: telegram\n    capabilities: [web]\npaths:\n  - direct\n  - doh-quad9\n"

    assert {
        "path.up[direct]": 7,
        "path.up[doh-quad9]": 8,
        "api[direct]": 2,
        "api[doh-quad9]": 2,
        "telegram.web[direct]": 5,
        "telegram.web[doh-quad9]": 5,
    } == dict(load(text).positions)


def test_own_servers_are_private_and_public_resolvers_are_not(load: Load) -> None:
    text = (
        API
        + """\
paths:
  - office: {dns: "tls://dns.office.example", bootstrap: [192.0.2.53], via: "socks5h://al:sw0rd@proxy.office.example"}
  - quad9: {dns: "https://dns.quad9.net/dns-query", bootstrap: [9.9.9.9]}
"""
    )
    loaded = load(text)

    assert {"dns.office.example", "192.0.2.53", "proxy.office.example"} == loaded.private
    assert {"al", "sw0rd", "al:sw0rd"} == loaded.secrets


def test_the_files_that_were_used_are_named(folder: Folder) -> None:
    root = folder({"a/b/news.reach.yaml": OFFICE + "controls: {foreign: [neutral-abroad]}\n", "paths.yaml": FAR})

    used = {(each.what, each.file) for each in read(root).used}
    assert ("path office", "paths.yaml") in used
    assert ("control neutral-abroad", "shipped:controls.yaml") in used


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "a: \x00\n"])
def test_what_is_no_mapping_is_told_as_such(load: Load, text: str) -> None:
    with pytest.raises(BadFile, match=r"news.reach.yaml:\d:\d+: "):
        load(text)


def test_a_missing_file_is_told_without_the_way_to_it(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ScenarioError, match=r"^x.reach.yaml: the file cannot be read \(No such file or directory\); "):
        read(tmp_path, "x.reach.yaml")


def test_the_shipped_scenario_can_be_read_without_any_variable() -> None:
    file = shipped() / "messengers.reach.yaml"
    loaded = catalogue.read(file, root=ROOT, env={}, expect=shipped() / "expect" / "ru-2026-02.yaml")

    assert (7 * 11, set()) == (len(loaded.plan.cells), {cell.not_applicable for cell in loaded.plan.cells} - {None})


def test_the_shipped_scenario_of_calls_asks_for_an_echo_where_none_is_declared() -> None:
    loaded = catalogue.read(shipped() / "calls.reach.yaml", root=ROOT, env={})
    echoes = {
        check.params["host"] for cell in loaded.plan.cells for check in cell.target.checks if check.probe == "media"
    }

    assert (15 * 3, {""}) == (len(loaded.plan.cells), echoes)


def test_the_shipped_anchors_are_whatsapps_root_telegrams_key_and_signals_authority() -> None:
    anchors = catalogue.trust().anchors

    assert {"whatsapp_noise", "telegram_rsa", "signal_roots"} == set(anchors)
    assert [64, 16] == [len(anchors[name][0]) for name in ("whatsapp_noise", "telegram_rsa")]  # hex digits
    assert ["CN=Signal Messenger,O=Signal Messenger\\, LLC,L=Mountain View,ST=California,C=US"] == [
        x509.load_der_x509_certificate(bytes.fromhex(der)).issuer.rfc4514_string() for der in anchors["signal_roots"]
    ]


def test_every_shipped_endpoint_has_a_source_and_a_date() -> None:
    from harness.document import load as parse

    for file in sorted((shipped() / "services").glob("*.yaml")):
        data = parse(file.read_text(encoding="utf-8"), file.name).value()
        checks = [check for entry in data["capabilities"].values() for check in entry["checks"]]
        assert all(check.get("source") and check.get("date") for check in checks), file.name
        assert data["sources"]
        assert catalogue.shipped_date() >= data["date"]


def test_nobody_declares_the_direct_path(folder: Folder) -> None:
    root = folder({"a/b/news.reach.yaml": OFFICE, "paths.yaml": FAR + "direct: {}\n"})

    with pytest.raises(BadFile, match=r"^paths.yaml:3:1: direct is the empty path and cannot be declared; "):
        read(root)


def test_a_path_of_paths_yaml_needs_a_name_that_node_ids_bear(folder: Folder) -> None:
    root = folder({"a/b/news.reach.yaml": API + 'paths: ["my office[1]"]\n', "paths.yaml": '"my office[1]": {}\n'})

    with pytest.raises(BadFile, match=r"^a/b/news.reach.yaml:5:9: this is no name; "):
        read(root)


KNOCK = Kind(name="knock", params="harness.probes.params:Tcp", build="x:y", summary="a knock", traits=frozenset({"E1"}))


def test_kinds_of_third_parties_are_read_like_ours(folder: Folder) -> None:
    root = folder({"news.reach.yaml": 'scenario: n\ntargets: [{name: t, check: {knock: "h.example:1"}}]\n'})
    plan = catalogue.read(root / "news.reach.yaml", root=root, env={}, kinds={"probes": (KNOCK,)}).plan

    assert ("knock", {"host": "h.example", "port": 1}) == (
        plan.cells[1].target.checks[0].probe,
        plan.cells[1].target.checks[0].params,
    )


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"probes": (KNOCK, KNOCK)}, "probe 'knock' is declared twice; give the kind of your own another name"),
        ({"probs": (KNOCK,)}, "there is no table probs of kinds; write one of probes, hops, resolvers, bases, hellos"),
    ],
)
def test_kinds_that_have_no_place_are_refused(folder: Folder, kinds: catalogue.Kinds, said: str) -> None:
    root = folder({"news.reach.yaml": API})

    with pytest.raises(ScenarioError, match=f"^{said}$"):
        catalogue.read(root / "news.reach.yaml", root=root, env={}, kinds=kinds)
