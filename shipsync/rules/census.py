"""When to ask the lists beside what changed, so that nothing is missed and nothing is asked for in vain.

Labels, voids and marks as shipped change their order, so an order's change calls for them. What changes no order (a
void may not, API.md section 10 no. 6; a label without an order cannot), and what takes an order away (a deletion, a
merge, API.md section 0 fact 7), is found by a census: in an hour without any call one list is asked, in turns. So an
idle hour costs one request beside the cycles themselves; and where calls never cease, a list that is overdue joins.

A label's cost may be corrected with no trace in any date (section 10 no. 18), so the labels of the last days are read
once more each day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from shipsync.rules.shipstation import Feed

# The lists of the census, and after how many hours each is overdue. Voids come most often: a void is the one change
# that may touch no order. The open orders, state by state, are counted against ours once a day.
OPEN_STATUSES = ("awaiting_shipment", "awaiting_payment", "on_hold")
_OPEN = "orders "
LABELS_AGAIN = "labels again"
CORRECTED_WITHIN = timedelta(days=7)  # of its purchase; as far as the legacy workflows looked back
TURNS: dict[str, int] = {
    "voids": 2,
    "shipments": 4,
    "fulfillments": 4,
    **{f"{_OPEN}{status}": 24 for status in OPEN_STATUSES},
    LABELS_AGAIN: 24,
}
CENSUS_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Signs:
    """What the orders just fetched say about their parcels."""

    is_first: bool = False  # nothing has been read before, or a person wants everything now
    shipped: bool = False  # an order was shipped, or changed after it was
    open_changed: bool = False  # an open order we know changed: maybe a part of it was shipped
    reopened: bool = False  # an order that was shipped is not any more
    externally: bool = False  # a shipped order says it was fulfilled elsewhere


@dataclass(frozen=True, slots=True)
class Questions:
    """What a run asks besides what changed: lists over a window, and one state of which all open orders are read."""

    feeds: tuple[Feed, ...]
    open_status: str | None = None
    labels_again: bool = False  # the window of the labels goes back CORRECTED_WITHIN


def questions(signs: Signs, asked_at: Mapping[str, datetime | None], now: datetime) -> Questions:
    """The lists this run asks, in the order in which it asks them. `asked_at` has the keys of TURNS."""
    if signs.is_first:
        return Questions(("shipments", "voids", "fulfillments"))
    wanted: list[str] = []
    if signs.shipped or signs.open_changed or signs.reopened:
        wanted.append("shipments")
    if signs.reopened:
        wanted.append("voids")
    if signs.externally:
        wanted.append("fulfillments")
    turn = _turn(asked_at, now, is_idle=not wanted)
    if turn is not None and turn not in wanted:
        wanted.append(turn)
    open_status = next((name.removeprefix(_OPEN) for name in wanted if name.startswith(_OPEN)), None)
    lists = ("shipments" if name == LABELS_AGAIN else name for name in wanted if not name.startswith(_OPEN))
    # Of both, the window that goes back further holds the other one.
    feeds = tuple(cast(Feed, name) for name in dict.fromkeys(lists))
    return Questions(feeds, open_status, labels_again=LABELS_AGAIN in wanted)


def turn_of(open_status: str) -> str:
    """Under which name it is remembered that a state's open orders were read."""
    return f"{_OPEN}{open_status}"


def _turn(asked_at: Mapping[str, datetime | None], now: datetime, *, is_idle: bool) -> str | None:
    """The list whose turn it is. In an idle hour it is the one that has waited longest by its measure."""
    # An instant ahead of now is no instant at which something was asked.
    moments = {name: at if (at := asked_at.get(name)) is not None and at <= now else None for name in TURNS}
    asked = [moment for moment in moments.values() if moment is not None]
    if is_idle and asked and now - max(asked) < CENSUS_EVERY:
        return None

    def overdue(name: str) -> float:
        moment = moments[name]
        return float("inf") if moment is None else (now - moment) / timedelta(hours=TURNS[name])

    longest = max(TURNS, key=overdue)
    return longest if is_idle or overdue(longest) >= 1 else None
