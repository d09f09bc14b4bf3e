"""The log knows no action that its reference does not."""

import pathlib
import re

from harness.lab.events import ACTIONS

ROOT = pathlib.Path(__file__).parents[2]
SAID = re.compile(r'\.(?:note|log)\(\s*"(\w+)"')


def test_every_action_of_the_censor_is_in_the_reference() -> None:
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "harness" / "lab").rglob("*.py")]
    said = {word for source in sources for word in SAID.findall(source)}

    assert said <= set(ACTIONS)
    assert set(ACTIONS) - {"malformed", "fragment"} <= said
