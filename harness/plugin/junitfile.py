"""The last look at the JUnit file that pytest wrote: nothing private leaves in it, and every case has its name."""

from __future__ import annotations

import contextlib
import pathlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from xml.sax.saxutils import quoteattr

HOSTNAME = re.compile(r' hostname="[^"]*"')
NAMELESS = re.compile(r'<testcase time="[^"]*" ?/>')  # what pytest leaves of an item that was interrupted
HEAD = '<?xml version="1.0" encoding="utf-8"?>'


def tidy(file: pathlib.Path, vantage: str, scrub: Callable[[str], str], *, narrow: bool = False) -> None:
    """Put the declared vantage where pytest writes this machine's name, drop the nameless case, scrub the rest."""
    with contextlib.suppress(FileNotFoundError):
        text = file.read_text(encoding="utf-8")
        text = HOSTNAME.sub(lambda _: f" hostname={quoteattr(vantage)}", text, count=1)
        text = scrub(NAMELESS.sub("", text))
        file.write_text(narrowed(text) if narrow else text, encoding="utf-8")


def narrowed(text: str) -> str:
    """The file as the schemas of Jenkins' xunit plugin (junit-10.xsd) and of Maven Surefire (3.0.2) both have it.

    One suite at the top. They know no properties of a case and no host of a suite: those stand in the case's
    `system-out` as `[[PROPERTY|name=value]]`, which test managers read there, and among the suite's properties.
    """
    suite = next(ET.fromstring(text).iter("testsuite"))  # noqa: S314 - pytest wrote it a moment ago
    about = suite.find("properties")
    if about is None:
        about = ET.Element("properties")
        suite.insert(0, about)
    ET.SubElement(about, "property", name="hostname", value=suite.attrib.pop("hostname", ""))
    for case in suite.iter("testcase"):
        _narrow(case)
    return f"{HEAD}{ET.tostring(suite, encoding='unicode')}"


def _narrow(case: ET.Element) -> None:
    for skipped in case.iter("skipped"):
        skipped.attrib.pop("type", None)
    said = [f"[[PROPERTY|{one.get('name')}={one.get('value')}]]" for one in case.iter("property")]
    for properties in case.findall("properties"):
        case.remove(properties)
    _gather(case, "system-out", said)
    _gather(case, "system-err", [])


def _gather(case: ET.Element, tag: str, before: list[str]) -> None:
    """What stands in elements of this name, pytest writes one for each phase of a test, in a single one at the end."""
    parts = case.findall(tag)
    texts = [*before, *(part.text or "" for part in parts)]
    for part in parts:
        case.remove(part)
    if texts:
        ET.SubElement(case, tag).text = "\n".join(texts)
