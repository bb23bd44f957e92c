"""Bad weather: faults that come and go by themselves, by seed, as they do over days of the real thing.

    weather = Weather(faults, seed)
    weather.turn()    now and then: calm, or one to three troubles until the next turn

Everything in it passes by itself and needs no real waiting; what never gets well again (a poison order) and what takes
real seconds (a hanging server) is for tests of their own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from shipsync.sandbox import faults as f
from shipsync.sandbox.faults import Fault, Faults

if TYPE_CHECKING:
    from shipsync.sandbox.server import RecordedRequest
    from shipsync.sandbox.world import World

CALM_SHARE = 0.4  # of the turns
LONGEST_LAG_S = 480.0
LISTS = ("orders", "shipments", "fulfillments")
_DRIFTED_A_PAGE = 3

_FAULTS: tuple[Callable[[], Fault], ...] = (
    lambda: f.error(500),
    lambda: f.error(500, family="aspnet"),
    lambda: f.error(502),
    lambda: f.error(503),
    lambda: f.html(200),
    lambda: f.html(502),
    f.empty,
    lambda: f.garbage("[]"),
    lambda: f.garbage('{"orders": NaN}'),
    f.too_many,
    lambda: f.too_many(headers=False),
    lambda: f.too_many(reset_s=0),
    lambda: f.too_many(reset_s=-7),
    lambda: f.too_many(reset_s=86_400),
    f.reset,
    f.drop_mid_body,
    lambda: f.drop_mid_body(0.9, reset=False),
    f.cut_json,
    f.null_row,
    f.unauthorized,
)


class Weather:
    """The faults of one server, changed at every turn. The same seed and turns give the same weather."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self._faults = faults
        self._random = random.Random(f"weather {seed}")

    def turn(self) -> None:
        """Let the weather change."""
        rng = self._random
        self._faults.clear()
        if rng.random() < CALM_SHARE:
            return
        for _ in range(rng.choice((1, 1, 2, 3))):
            rng.choices(
                (self._some_requests, self._outage, self._lost_answers, self._lag, self._drift), (10, 2, 3, 3, 2)
            )[0]()

    def clear_up(self) -> None:
        """Make everything well."""
        self._faults.clear()

    def _some_requests(self) -> None:
        rng = self._random
        endpoint = rng.choice(("*", *LISTS, "createorders"))
        self._faults.add(endpoint, rng.choice(_FAULTS)(), share=rng.choice((0.2, 0.5, 0.9)))

    def _outage(self) -> None:
        self._faults.add("*", self._random.choice(_FAULTS)())

    def _lost_answers(self) -> None:
        self._faults.add("createorders", f.lost_answer(), share=self._random.choice((0.5, 1.0)))

    def _lag(self) -> None:
        self._faults.lag(self._random.uniform(20, LONGEST_LAG_S), share=self._random.choice((0.3, 1.0)))

    def _drift(self) -> None:
        self._faults.drift(self._touch_some)

    def _touch_some(self, world: World, request: RecordedRequest) -> None:
        """Rows move between two pages: somebody saves a few orders."""
        if request.endpoint not in LISTS:
            return
        there = [one.order_id for one in world.books.orders.values() if not one.is_deleted and one.merged_into is None]
        for order_id in self._random.sample(there, min(_DRIFTED_A_PAGE, len(there))):
            world.touch(order_id)
