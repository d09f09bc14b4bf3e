"""A browser in a world, by the recipe of the page: with a store of authorities of its own."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from tests import needs

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "inside.md"
BROWSER = shutil.which("chromium-headless-shell") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    needs.needs(BROWSER, "no chromium on this machine; install chromium-headless-shell"),
    needs.needs(shutil.which("certutil"), "no certutil on this machine; install libnss3-tools"),
    pytest.mark.usefixtures("able"),
]


@pytest.fixture
def recipe(tmp_path: pathlib.Path) -> pathlib.Path:
    """The script as the page has it."""
    found = re.search(r"<!-- file: browser.sh -->\n```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    script = tmp_path / "browser.sh"
    script.write_text(found[1])
    return script


def opened(script: pathlib.Path, url: str) -> str:
    """What `waygauge lab log` prints: the page, what the browser says besides, and what the censor did."""
    argv = [sys.executable, "-m", "harness.cli.main", "lab", "log", "sni-reset", "--", "sh", str(script), url]
    done = subprocess.run(argv, cwd=script.parent, capture_output=True, text=True, timeout=90, check=False)
    return done.stdout + done.stderr


def test_a_browser_reads_a_page_and_meets_the_censor(recipe: pathlib.Path) -> None:
    free = opened(recipe, "https://www.example.com/")
    cut = opened(recipe, "https://news.example.org/")

    assert ("<title>Example Domain</title>" in free, "sni_reset" in free) == (True, False)
    assert ("ERR_CONNECTION_RESET" in cut, '"name":"news.example.org"' in cut) == (True, True)
