"""Kills the real process a thousand times over import, upload and sync, and compares with the world's truth.

`python -m bench.kill [--rounds 1000] [--seed 1]`; the exit code is 1 if anything was lost, double or stale.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.killing import an_installation, kill_often


def main() -> int:
    """Kill, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, an_installation(Path(folder), chosen.seed) as place:
        story = kill_often(place, chosen.rounds, print)
    print("\n".join(story.lines()))
    return 1 if story.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
