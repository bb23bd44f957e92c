"""When to ask the lists beside /orders, so that nothing is missed and nothing is asked for in vain.

Labels, voids and marks as shipped change their order, so an order's change calls for them. What changes no order (a
void may not, API.md section 10 no. 6; a label without an order cannot) is found by a census: in an hour without any
call, one list is asked, in turns. So an idle hour costs one request beside the cycles themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shipsync.rules.shipstation import Feed

# The lists beside /orders and how many census hours each may wait for its turn. Voids come first: a void is the one
# change that may touch no order.
TURNS: dict[Feed, int] = {"voids": 2, "shipments": 4, "fulfillments": 4}
CENSUS_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Signs:
    """What the orders just fetched say about their parcels."""

    is_first: bool = False  # nothing has been read before, or a person wants everything now
    shipped: bool = False  # an order was shipped, or changed after it was
    open_changed: bool = False  # an open order we know changed: maybe a part of it was shipped
    reopened: bool = False  # an order that was shipped is not any more
    externally: bool = False  # a shipped order says it was fulfilled elsewhere


def lists_to_ask(signs: Signs, asked_at: Mapping[str, datetime | None], now: datetime) -> list[Feed]:
    """The lists this run asks, in the order in which it asks them."""
    if signs.is_first:
        return ["shipments", "voids", "fulfillments"]
    wanted: list[Feed] = []
    if signs.shipped or signs.open_changed:
        wanted.append("shipments")
    if signs.reopened:
        wanted.extend(["voids"] if wanted else ["shipments", "voids"])
    if signs.externally:
        wanted.append("fulfillments")
    return wanted or _census(asked_at, now)


def _census(asked_at: Mapping[str, datetime | None], now: datetime) -> list[Feed]:
    """The list whose turn it is, when an hour has passed since any was asked; else none."""
    never = [feed for feed in TURNS if asked_at.get(feed) is None]
    if never:
        return never[:1]
    waited = {feed: now - moment for feed, moment in asked_at.items() if feed in TURNS and moment is not None}
    if min(waited.values()) < CENSUS_EVERY:
        return []
    return [max(TURNS, key=lambda feed: waited[feed] / TURNS[feed])]
