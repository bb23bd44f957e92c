"""Killed at any instant, the process loses nothing, does nothing twice, and leaves nothing stale (issue A)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.killing import KINDS, an_installation, kill_often

# A longer chain: python -m bench.kill --rounds 1000 --seed N
CHAINS = [(1, 5, 1), pytest.param(2, 40, len(KINDS), marks=pytest.mark.sweep)]


@pytest.mark.parametrize(("seed", "rounds", "kinds"), CHAINS)
def test_kill_9_at_random_instants_loses_nothing_and_does_nothing_twice(
    seed: int, rounds: int, kinds: int, tmp_path: Path
) -> None:
    with an_installation(tmp_path, seed) as place:
        story = kill_often(place, rounds)
    told = "\n".join(story.lines())
    assert not story.wrong, told
    assert sum(story.hit(kind) for kind in KINDS) >= kinds, f"Too little work was cut off.\n{told}"
