"""A part of a plan that stays the same over nights: by each cell's key, whatever else is planned. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from harness.model import PATH_TARGET, Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Part `index` of `count`, from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def holds(self, key: str) -> bool:
        """True where the cell of that key is of this part. A cell keeps its part as others come and go."""
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index - 1

    def keys(self, cells: Iterable[Cell]) -> frozenset[str]:
        """The keys of this part.

        A path's own cell is of every part that sends anything over the path: each must know whether it came up.
        """
        cells = tuple(cells)
        targets = [cell for cell in cells if cell.target.name != PATH_TARGET]
        mine = {cell.key for cell in targets if self.holds(cell.key)}
        needed = {_over(cell) for cell in targets if cell.key in mine}
        used = {_over(cell) for cell in targets}
        for cell in cells:
            if cell.target.name == PATH_TARGET:
                # Where no target goes over the path, nobody needs it, and still it was asked for.
                wanted = _over(cell) in needed if _over(cell) in used else self.holds(cell.key)
                mine |= {cell.key} if wanted else set()
        return frozenset(mine)


def parse(text: str) -> Shard:
    """The part that `2/3` spells; raises ValueError where it spells none."""
    index, slash, count = text.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise ValueError("a shard is written I/N, as in 2/3")
    return Shard(index=int(index), count=int(count))


def _over(cell: Cell) -> tuple[str, str]:
    return cell.scenario, cell.path.name
