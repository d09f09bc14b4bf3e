"""What `make try` takes on a fresh clone of this checkout: installing, the first cell, the whole; and the matrix.

    python bench/fresh_try.py [USER]

As root, with the name of an ordinary user, it is made as that user; else as whoever calls. What the checkout's last
commit holds is tried, with `/usr/bin/python3`, on a terminal of 120 columns; a second time with everything installed.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.figures import machine  # noqa: E402

# What a user who has just logged in has, and what tells pip where packages come from.
KEPT = ("PIP_CERT", "PIP_INDEX_URL", "PIP_FIND_LINKS")
ANSI = re.compile(r"\x1b7.*?\x1b8|\x1b\[[0-9;?]*[A-Za-z]", re.DOTALL)
MARKS = (("begun", "waygauge: the shipped scenario"), ("first cell", "PASSED ("), ("matrix", "which way works"))


def main() -> int:
    user = sys.argv[1] if len(sys.argv) > 1 else ""
    place = pathlib.Path(tempfile.mkdtemp(prefix="fresh-try-"))
    try:
        place.chmod(0o755)
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(place / "w")], check=True)
        if user:
            subprocess.run(["chown", "-R", user, str(place)], check=True)
        print(machine())
        codes = [once(what, place, user) for what in ("fresh", "again")]
    finally:
        shutil.rmtree(place)
    return max(codes)


def once(what: str, place: pathlib.Path, user: str) -> int:
    """One `make try`: one line of times, and after the first the matrix."""
    environment = {"HOME": str(place), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm"}
    words = [f"{name}={value}" for name, value in environment.items()]
    words += [f"{name}={os.environ[name]}" for name in KEPT if name in os.environ]
    command = ["env", "-i", *words, "make", "-C", str(place / "w"), "try", "PYTHON=/usr/bin/python3"]
    said, at, code = on_terminal(["runuser", "-u", user, "--", *command] if user else command)
    first, whole = (at.get(name, 0.0) - at.get("begun", 0.0) for name in ("first cell", "end"))
    told = f"{at['end']:.1f} s, of which installing {at.get('begun', 0.0):.1f} s; then first cell after {first:.1f} s"
    print(f"make try, {what}: {told}, end after {whole:.1f} s; status {code}, load {os.getloadavg()[0]:.1f}")
    if what == "fresh" or code:
        print(said.partition("which way works")[2].partition("\n")[2] or said)
    return code


def on_terminal(command: list[str]) -> tuple[str, dict[str, float], int]:
    """All that a command writes to a terminal, after how many seconds each mark came, and the exit status."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    began, said = time.monotonic(), ""
    at: dict[str, float] = {}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        while part := read(ours):
            said += part
            at |= {name: time.monotonic() - began for name, mark in MARKS if name not in at and mark in said}
    os.close(ours)
    at["end"] = time.monotonic() - began
    return ANSI.sub("", said).replace("\r", ""), at, running.returncode


def read(terminal: int) -> str:
    """What comes next, nothing where nobody holds the other side any more."""
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:  # EIO
        return ""


if __name__ == "__main__":
    sys.exit(main())
