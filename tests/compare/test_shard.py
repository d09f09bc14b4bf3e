"""A plan in parts: whole together, apart alone, the same every night."""

from __future__ import annotations

import pytest

from harness.model import PATH_TARGET, Cell, Path, Target
from harness.shard import Shard, parse

PATHS = ("direct", "doh", "socks")


def cells(*targets: str) -> list[Cell]:
    found = [(target, path) for target in (PATH_TARGET, *targets) for path in PATHS]
    return [
        Cell(key=f"s:{target}[{path}]", scenario="s", target=Target(name=target, checks=()), path=Path(name=path))
        for target, path in found
    ]


PLAN = cells(*(f"t{number}" for number in range(20)))
SHARDS = [Shard(index=index, count=3) for index in (1, 2, 3)]


def test_shards_together_are_the_whole_plan() -> None:
    assert {cell.key for cell in PLAN} == set().union(*(shard.keys(PLAN) for shard in SHARDS))


def test_a_target_is_in_one_shard_only() -> None:
    targets = [key for shard in SHARDS for key in shard.keys(PLAN) if PATH_TARGET not in key]

    assert len(set(targets)) == len(targets)


def test_a_cell_keeps_its_shard_when_others_come() -> None:
    more = cells(*(f"t{number}" for number in range(30)))

    assert all(shard.keys(PLAN) <= shard.keys(more) for shard in SHARDS)


def test_shards_are_of_like_size() -> None:
    sizes = [sum(PATH_TARGET not in key for key in shard.keys(PLAN)) for shard in SHARDS]

    assert all(10 <= size <= 30 for size in sizes), sizes


def test_a_path_is_in_each_shard_that_needs_it_and_in_no_other() -> None:
    plan = cells("only")
    for shard in (Shard(index=index, count=3) for index in (1, 2, 3)):
        keys = shard.keys(plan)
        assert {key.partition("[")[2] for key in keys if "only" in key} == {
            key.partition("[")[2] for key in keys if PATH_TARGET in key
        }


def test_paths_alone_are_shared_out_too() -> None:
    alone = cells()

    assert len(alone) == sum(len(shard.keys(alone)) for shard in SHARDS)


def test_the_part_of_a_key_never_changes() -> None:
    assert 1 == next(index for index in (1, 2, 3) if Shard(index=index, count=3).holds("messengers:vk.api[direct]"))


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "a/b", "1/2/3", "1.0/2", "²/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="I/N, as in 2/3"):
        parse(text)
