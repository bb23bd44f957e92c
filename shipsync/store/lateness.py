"""Orders that should have gone out, and those that wait to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from shipsync.rules import lateness
from shipsync.rules.alerts import Late
from shipsync.rules.lateness import CutOff
from shipsync.rules.weeks import DAYS_OFF
from shipsync.store.cursor import Cursor
from shipsync.store.settings import setting
from shipsync.store.traffic import CAME_IN

# States in which the warehouse still has to do something: at ShipStation, or on the way up to it.
AWAITING = ("awaiting_shipment", "pending", "uploaded")
_IS_AWAITING = "status IN ('awaiting_shipment', 'pending', 'uploaded')"


@dataclass(frozen=True, slots=True)
class LateOrder:
    """One order that still waits past its cut-off."""

    order_key: str
    order_number: str
    came_in_at: datetime
    status: str
    source_system: str
    ship_name: str | None
    ship_city: str | None
    ship_state: str | None
    requested_service: str | None


@dataclass(frozen=True, slots=True)
class Awaiting:
    """What still has to be shipped."""

    count: int
    oldest_at: datetime | None  # when the oldest of them came in; None without any


def cut_off(con: Cursor, zone: ZoneInfo) -> CutOff:
    """The cut-off as people have set it. Raises ValueError with a sentence for a setting that cannot be read."""
    by, working_days, off = (setting(con, name) for name in (lateness.CUT_OFF, lateness.WORKING_DAYS, DAYS_OFF))
    return lateness.cut_off(by, working_days, zone, off)


def late(con: Cursor, before: datetime) -> Late:
    """How many orders wait that came in before a cut-off, and the oldest of them."""
    count, oldest_at, number, key = con.rows(
        f"""
        SELECT count(*), min({CAME_IN}), arg_min(order_number, {CAME_IN}), arg_min(order_key, {CAME_IN})
        FROM orders_inbox
        WHERE {_IS_AWAITING} AND {CAME_IN} < $before
        """,  # noqa: S608 - our own text
        {"before": before},
    )[0]
    return Late(count, oldest_at, number, key)


def late_orders(con: Cursor, before: datetime, limit: int | None = None) -> list[LateOrder]:
    """Orders that wait and came in before a cut-off, oldest first."""
    rows = con.rows(
        f"""
        SELECT order_key, order_number, {CAME_IN} AS came_in_at, status, source_system, ship_name, ship_city,
               ship_state, requested_service
        FROM orders_inbox
        WHERE {_IS_AWAITING} AND {CAME_IN} < $before
        ORDER BY came_in_at, order_key
        LIMIT $limit
        """,  # noqa: S608 - our own text
        {"before": before, "limit": limit},
    )
    return [LateOrder(*row) for row in rows]


def awaiting(con: Cursor) -> Awaiting:
    """How many orders still have to be shipped, and since when the oldest."""
    return Awaiting(
        *con.rows(f"SELECT count(*), min({CAME_IN}) FROM orders_inbox WHERE {_IS_AWAITING}")[0]  # noqa: S608
    )
