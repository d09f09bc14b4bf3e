"""The cells of a JUnit file that pytest wrote with waygauge: as much of a run as its properties hold."""

from __future__ import annotations

import pathlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from harness.compare import Side, Standing
from harness.errors import HarnessError
from harness.model import Claim, Level, Stage, Strength, Verdict

_PROPERTY = re.compile(r"^\[\[PROPERTY\|([^=\]]+)=(.*)\]\]$", re.MULTILINE)
LACKS = (
    "a JUnit file does not say what was planned: a cell that did not run looks as if it were gone",
    "a JUnit file holds no facts: its verdicts are not judged again, and no control can be lent to them",
)


def read_junit(file: pathlib.Path) -> Side:
    """The run as the file has it. Raises HarnessError where there is no cell of ours in it."""
    root = _tree(file)
    cases = list(root.iter("testcase"))
    cells = dict(_cells(cases, file.name))
    if not cells:
        wrong = f"{file.name}: no test case in it has the property cell"
        raise HarnessError(f"{wrong}; let pytest write it with waygauge, or name a record (--record)")
    silent = len([case for case in cases if not _properties(case)])
    untold = (f"{silent} of its {len(cases)} test cases have no verdict: skipped, broken or Python tests",)
    return Side(name=file.name, cells=cells, about=_about(root), lacks=(*LACKS, *(untold if silent else ())))


def _tree(file: pathlib.Path) -> ET.Element:
    """The file's root. pytest writes no document type, so none is read: entities could be made to swell."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise HarnessError(f"{file.name}: a document type is refused; name a JUnit file as pytest writes it")
        return ET.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    except OSError as exc:
        raise HarnessError(f"{file.name}: {exc.strerror}; name a record or a JUnit file") from exc
    except ET.ParseError as exc:
        raise HarnessError(f"{file.name}: this is no XML ({exc}); name a record or a JUnit file") from exc


def _cells(cases: list[ET.Element], name: str) -> Iterator[tuple[str, Standing]]:
    for case in cases:
        kept = _properties(case)
        if "cell" not in kept:
            continue
        try:
            yield kept["cell"], Standing(verdict=_verdict(kept), tries=int(kept.get("attempts", "0")))
        except (ValueError, KeyError) as exc:
            wrong = f"{name}: the properties of {kept['cell']} cannot be understood ({exc})"
            raise HarnessError(f"{wrong}; let this version of waygauge write the file") from exc


def _properties(case: ET.Element) -> dict[str, str]:
    """Those of a case, wherever they stand: where `--junit-narrow` was asked for, in what it said."""
    told = (said for out in case.iter("system-out") for said in _PROPERTY.findall(out.text or ""))
    return dict(told) | {one.get("name", ""): one.get("value", "") for one in case.iter("property")}


def _verdict(kept: dict[str, str]) -> Verdict:
    return Verdict(
        claim=Claim(kept["claim"]),
        strength=Strength(kept["strength"]),
        steadiness=kept["steadiness"],
        rule=kept["rule"],
        mechanism=kept.get("mechanism") or None,
        stage=Stage(kept["stage"]) if kept.get("stage") else None,
        level=_level(kept.get("level", "")),
        needs=_level(kept.get("needs", "")),
        why=kept.get("why", ""),
    )


def _level(name: str) -> Level:
    return Level[name] if name in Level.__members__ else Level.NONE


def _about(root: ET.Element) -> str:
    suite = next(root.iter("testsuite"), root)
    when = suite.get("timestamp", "")[:16].replace("T", " ")
    kept = {one.get("name"): one.get("value", "") for one in suite.findall("properties/property")}
    return ", ".join(part for part in (suite.get("hostname") or kept.get("hostname"), when) if part)
