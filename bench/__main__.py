"""The figures of the lab and of what is measured in it, each beside its bound; exits 1 where one is missed.

    python -m bench [life] [line] [rates] [quality] [loopback] [kill]

Without a name all of them, which takes some nine minutes. The other scripts of this folder measure the engine, the
plugin, the tunnels and the first command, each by itself: `python bench/engine.py`, `plugin_cost.py`, `thousand.py`,
`tunnel_kill.py`, `paths_memory.py`, `fresh_try.py`.
"""

from __future__ import annotations

import sys

from bench import figures, lab_kill, lab_life, lab_line, lab_rates, loopback, quality

PARTS = {
    "life": lab_life.measure,
    "line": lab_line.measure,
    "rates": lab_rates.measure,
    "quality": quality.measure,
    "loopback": loopback.measure,
    "kill": lab_kill.measure,
}


def main(asked: list[str]) -> int:
    if unknown := set(asked) - set(PARTS):
        print(f"no figures for {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    print(figures.machine())
    for name in asked or PARTS:
        PARTS[name]()
    print(f"missed: {', '.join(figures.MISSED) or 'none'}")
    return 1 if figures.MISSED else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
