"""What `make` says where this machine lacks something: one line, with the remedy, and nothing half made."""

import pathlib
import subprocess

import pytest

PACKAGING = pathlib.Path(__file__).parents[2] / "packaging"

LACKING = {
    "no Python at all": (None, "no {python} here; install Python 3.11 or newer (Debian, Ubuntu: apt install python3 "),
    "an old Python": (
        'case "$1" in --version) echo Python 3.9.2 ;; *) exit 1 ;; esac',
        "Python 3.9.2 is too old; waygauge needs 3.11 or newer: make PYTHON=",
    ),
    "a Python without venv": (
        'case "$2" in *venv*) exit 1 ;; esac',
        "{python} has no venv; apt install python3-venv",
    ),
}


@pytest.mark.parametrize("what", LACKING)
def test_what_is_missing_is_said_in_one_line_with_the_remedy(tmp_path: pathlib.Path, what: str) -> None:
    script, said = LACKING[what]
    python = tmp_path / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    words = ["sh", str(PACKAGING / "venv"), str(python), str(tmp_path / "venv")]

    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)

    assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    assert done.stderr.startswith(f"waygauge: {said.format(python=python)}")
    assert not (tmp_path / "venv").exists()
