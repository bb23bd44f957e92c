"""Whatever people do between two syncs, in whatever order, the tables end as the world is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from shipsync.simulation import differences
from tests.deeds import Deeds
from tests.house import IMPORT, SYNC, UPLOAD, a_house

ROUNDS = 20


@pytest.mark.parametrize("seed", [10, *(pytest.param(seed, marks=pytest.mark.sweep) for seed in (1, 2))])
def test_whatever_people_do_the_tables_end_as_the_world_is(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    with a_house(tmp_path, seed=seed) as house:
        people = Deeds(house.world, chance)
        for _ in range(ROUNDS):
            house.wait(chance.choice([0.2, 1, 4]))
            people.act(chance.randint(1, 8))
            house.feed.write()
            for kind in (IMPORT, UPLOAD, SYNC):
                house.job(kind)
        # Nothing changes any more; what comes late, and what must wait for a sync, has its time.
        for _ in range(3):
            house.wait(12)
            house.job(IMPORT)
            house.job(UPLOAD)
            house.sync(everything=True)
        assert differences(house.world.truth(), house.app.db.read()) == []
