"""Killed at any instant, the process loses nothing, does nothing twice, and leaves nothing stale (issue A)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.killing import KINDS, an_installation, kill_often

# A longer chain: python -m bench.kill --rounds 1000 --seed N
SEEDS = (1, pytest.param(2, marks=pytest.mark.sweep))
ROUNDS = 15


@pytest.mark.parametrize("seed", SEEDS)
def test_kill_9_at_random_instants_loses_nothing_and_does_nothing_twice(seed: int, tmp_path: Path) -> None:
    with an_installation(tmp_path, seed) as place:
        story = kill_often(place, ROUNDS)
    told = "\n".join(story.lines())
    assert not story.wrong, told
    assert all(story.hit(kind) for kind in KINDS), f"Some work was never cut off.\n{told}"
