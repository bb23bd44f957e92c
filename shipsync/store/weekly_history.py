"""Units shipped per week and SKU (facts/domain.md section 1.11): loaded by a person, or counted from what has left.

covered_since       from which day on we have read everything that was shipped ourselves
recount             counts the weeks that lie wholly in that anew
put_loaded          keeps older weeks that a person loaded
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from shipsync.rules.periods import first_whole_day
from shipsync.rules.weeks import WeekUnits, first_whole_week, week_ends
from shipsync.store.batches import batch
from shipsync.store.cursor import Cursor

_WEEKS = pa.schema(
    [
        ("start_date", pa.date32()),
        ("end_date", pa.date32()),
        ("sku", pa.string()),
        ("quantity_shipped", pa.int32()),
    ]
)

# Where the readings that leave no gap behind them up to the newest begin. A window is complete to its end, or to where
# the server's clock stood at its first page (rules/watermark.py `complete_through`); one that begins where the ones
# before it end leaves none. In SQL, because three years of syncs are 320,000 windows: 0.2 s so, several times that
# where each row comes to Python (measured).
_UNBROKEN_SINCE = """
    WITH windows AS (
        SELECT r.window_start AS starts, least(r.window_end, p.answered_at) AS ends
        FROM readings r
        JOIN api_pages p ON p.reading_id = r.reading_id AND p.page_no = 1
        WHERE r.feed = 'orders'
          AND r.workflow_name IN ('shipstation-sync', 'backfill')
          AND r.applied_at IS NOT NULL
          AND r.window_start < least(r.window_end, p.answered_at)
    ),
    gaps AS (
        SELECT starts,
               starts > max(ends) OVER (ORDER BY starts, ends ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                   AS is_behind_a_gap
        FROM windows
    )
    SELECT coalesce(max(starts) FILTER (WHERE is_behind_a_gap), min(starts))
    FROM gaps
"""


def read_since(con: Cursor, zone: ZoneInfo) -> date | None:
    """The first business date from whose beginning on everything that was shipped has been read without a gap.

    None before the first sync. `zone` is the warehouse's. A backfill that ends where what is known begins moves it.
    """
    unbroken_since: datetime | None = con.value(_UNBROKEN_SINCE)
    return None if unbroken_since is None else first_whole_day(unbroken_since, zone)


def covered_since(con: Cursor, zone: ZoneInfo) -> date | None:
    """From which business date on weeks are counted by ourselves; None while none are.

    Where everything has been read, but not before anything was shipped: an account in which nothing had left yet says
    nothing of what the warehouse shipped by other ways before.
    """
    since = read_since(con, zone)
    first_shipped: date | None = con.value("SELECT min(ship_date) FROM shipped_items")
    return None if since is None or first_shipped is None else max(since, first_shipped)


def put_loaded(con: Cursor, rows: Sequence[WeekUnits], now: datetime) -> int:
    """Keep weeks that a person loaded, one row per week and SKU; others stay. Returns how many are different now."""
    return _put(con, rows, "loaded", now)


def recount(con: Cursor, covered_since: date | None, now: datetime) -> list[tuple[date, str]]:
    """Count every week that lies wholly in what is covered anew, from what has left and was not voided.

    Returns the (Monday, SKU) whose units are other than they were: a change of an old week is among them. What a
    person loaded of these weeks gives way. Writes nothing where nothing is different.
    """
    if covered_since is None:
        return []
    differing = con.rows(
        """
        SELECT start_date, sku, counted, kept
        FROM (
            -- Days first: of ten million rows that takes half as long (measured).
            SELECT CAST(date_trunc('week', ship_date) AS DATE) AS start_date, base_sku AS sku, sum(units) AS counted
            FROM (
                SELECT ship_date, base_sku, sum(quantity) AS units
                FROM shipped_items
                WHERE base_sku IS NOT NULL AND ship_date >= $first
                GROUP BY ALL
            )
            GROUP BY ALL
            HAVING sum(units) <> 0
        )
        FULL JOIN (
            SELECT start_date, sku, quantity_shipped AS kept, source
            FROM weekly_shipped_history
            WHERE start_date >= $first
        ) USING (start_date, sku)
        WHERE counted IS DISTINCT FROM kept OR source <> 'counted'
        ORDER BY start_date, sku
        """,
        {"first": first_whole_week(covered_since)},
    )
    _remove(con, [(monday, sku) for monday, sku, counted, _ in differing if counted is None])
    counted = [WeekUnits(monday, sku, int(units)) for monday, sku, units, _ in differing if units is not None]
    _put(con, counted, "counted", now)
    # A week without a row had none, so a loaded zero that goes changes nothing.
    return [(monday, sku) for monday, sku, units, kept in differing if (units or 0) != (kept or 0)]


def units_by_week(con: Cursor, first: date, last: date) -> dict[str, dict[date, int]]:
    """Units shipped by SKU and Monday, of the weeks from one Monday to another, both included. No row: none."""
    found: dict[str, dict[date, int]] = {}
    for sku, monday, units in con.rows(
        """
        SELECT sku, start_date, quantity_shipped
        FROM weekly_shipped_history
        WHERE start_date BETWEEN $first AND $last
        ORDER BY sku, start_date
        """,
        {"first": first, "last": last},
    ):
        found.setdefault(sku, {})[monday] = units
    return found


def loaded_weeks(con: Cursor) -> set[date]:
    """The Mondays of the weeks that a person loaded. Such a week is known as a whole: a SKU without a row had none."""
    rows = con.rows("SELECT DISTINCT start_date FROM weekly_shipped_history WHERE source = 'loaded'")
    return {monday for (monday,) in rows}


def _put(con: Cursor, rows: Sequence[WeekUnits], source: str, now: datetime) -> int:
    """Add or replace these rows. Returns how many are different now."""
    values = [
        {"start_date": one.monday, "end_date": week_ends(one.monday), "sku": one.sku, "quantity_shipped": one.units}
        for one in rows
    ]
    if not values:
        return 0
    with batch(con, "incoming_weeks", values, _WEEKS) as incoming:
        written = con.rows(
            f"""
            INSERT INTO weekly_shipped_history (start_date, end_date, sku, quantity_shipped, source, updated_at)
            SELECT start_date, end_date, sku, quantity_shipped, $source, $now FROM {incoming}
            ON CONFLICT (start_date, sku) DO UPDATE SET
                quantity_shipped = excluded.quantity_shipped,
                source = excluded.source,
                updated_at = excluded.updated_at
            WHERE weekly_shipped_history.quantity_shipped IS DISTINCT FROM excluded.quantity_shipped
               OR weekly_shipped_history.source IS DISTINCT FROM excluded.source
            RETURNING start_date
            """,  # noqa: S608 - the name of our own batch
            {"source": source, "now": now},
        )
    return len(written)


def _remove(con: Cursor, rows: Sequence[tuple[date, str]]) -> None:
    if not rows:
        return
    values = [{"start_date": monday, "end_date": monday, "sku": sku, "quantity_shipped": 0} for monday, sku in rows]
    with batch(con, "outgoing_weeks", values, _WEEKS) as outgoing:
        con.execute(
            f"""
            DELETE FROM weekly_shipped_history
            WHERE (start_date, sku) IN (SELECT (start_date, sku) FROM {outgoing})
            """  # noqa: S608 - the name of our own batch
        )
