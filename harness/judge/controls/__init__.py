"""Which controls make a failed walk interpretable. Pure: the engine runs what is asked for here, and nothing else."""

from __future__ import annotations

from harness.judge.controls import answers, elsewhere, handshakes, lookups, neutral
from harness.judge.failed import Failed, Row, Wanted
from harness.judge.quality import missed
from harness.judge.told import bogus
from harness.model import Cell, Controls, Walk

ANYBODYS_ROWS: tuple[Row, ...] = (*neutral.HERE, elsewhere.SAME_CHECK, answers.OVER_TLS, answers.NEUTRAL_PAGE)
"""What a walk asks for that went through, and that anybody on the way could have answered."""

QUALITY_ROWS: tuple[Row, ...] = (elsewhere.YARDSTICKS, elsewhere.SAME_CHECK)
"""What a walk asks for that went through, and poorly."""

LOOKUP_ROWS: tuple[Row, ...] = (elsewhere.SAME_CHECK, lookups.BY_TCP)
"""What a bare answer of a resolver asks for that cannot be true as it stands."""

ROWS: tuple[Row, ...] = (
    *neutral.HERE,
    *neutral.WITHOUT_THE_PATH,
    neutral.NAMES_PAST_THE_PATH,
    elsewhere.YARDSTICKS,
    elsewhere.SERVERS_OF_DATAGRAMS,
    elsewhere.SAME_CHECK,
    elsewhere.SAME_ADDRESS,
    neutral.OVER_KNOWN_GOOD,
    lookups.BY_TCP,
    answers.OVER_TLS,
    answers.NEUTRAL_PAGE,
    lookups.NEUTRAL_QUERY,
    lookups.PATIENT_QUERY,
    elsewhere.AGAIN,
    handshakes.OTHER_NAME,
    handshakes.OTHER_HELLO,
    handshakes.HOME_NAME,
    handshakes.NAME_ELSEWHERE,
    elsewhere.WITHOUT_PATH,
    answers.EXIT,
)
"""Asked in this order: what triggers a censor comes last, so that it spoils nothing that is still to be asked."""


def wanted(walk: Walk, cell: Cell, controls: Controls) -> tuple[Wanted, ...]:
    """The controls that a walk asks for, in the order to run them, each once.

    One that went through asks for none, unless anybody on the way could have answered in the target's place, its
    quality lies below the target's floor, or it is a bare answer of a resolver that is bogus on its face.
    """
    check = next((check for check in cell.target.checks if check.name == walk.check), None)
    last = walk.last
    if check is None or last is None:
        return ()
    failed = Failed(walk=walk, last=last, check=check, cell=cell, controls=controls)
    asked = (one for row in _rows(failed) if row.when(failed) for one in row.ask(failed))
    return tuple({one.id: one for one in asked}.values())


def _rows(failed: Failed) -> tuple[Row, ...]:
    walk = failed.walk
    if failed.last.failure is not None:
        return ROWS
    if missed(walk, failed.cell.target.floor):
        return QUALITY_ROWS
    if bogus(walk):
        return LOOKUP_ROWS
    return ANYBODYS_ROWS if answers.anybodys(walk, failed.check) else ()
