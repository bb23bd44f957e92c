"""What one lane knows goes over into production, and what production was becomes that lane (DESIGN D19).

    stage          what differs between the two, as it is on either side -> temporary tables
    to_lane        the lane becomes what production was
    to_production  production becomes what the lane was, as far as that is not older
    give_readings  the unified sync's raw pages, routes and held records go with it
    swap_marks     each side's marks go where it writes from now on

All in the caller's transaction, whose end takes the temporary tables away. `shadow` and `main` are named here and
nowhere else in one statement. Production loses no row: what only it has stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shipsync.rules.deployment import BACKFILL, LEGACY, UNIFIED
from shipsync.rules.watermark import Mark
from shipsync.store.cursor import Cursor
from shipsync.store.lanes import OWN

# Table -> by what its rows belong together, and the columns that say nothing of what was read. A content hash is the
# unified sync's memory of a version: where legacy has none, that version is taken in once more, and hashed.
_GROUPS: Mapping[str, tuple[str, frozenset[str]]] = {
    "orders_inbox": (
        "order_key",
        frozenset({"created_at", "updated_at", "source_hash", "claimed_by", "claimed_at", "uploaded_at",
                   "upload_attempts", "upload_error", "content_hash"}),
    ),
    "order_items_inbox": ("order_key", frozenset()),
    "shipstation_order_line_items": ("shipstation_order_id", frozenset()),
    "shipments": ("shipment_id", frozenset({"first_seen_at", "updated_at", "content_hash"})),
    "shipment_items": ("shipment_id", frozenset()),
    "fulfillments": ("fulfillment_id", frozenset({"first_seen_at", "updated_at", "content_hash"})),
    "shipped_orders": ("shipstation_order_id", frozenset({"updated_at", "parcels_asked_at"})),
    "shipped_items": ("shipstation_order_id", frozenset()),
}  # fmt: skip

# What both sides tell of an order ...
_STATE = ("status", "status_reason", "shipping_carrier_code", "shipping_carrier_id", "shipping_service_code",
          "shipping_service_name", "tracking_number")  # fmt: skip
# ... and what only the unified sync does.
_VERSION = ("shipstation_order_id", "parent_order_id", "shipstation_status", "hold_until", "ship_date", "modified_at",
            "content_hash")  # fmt: skip
# The shop has the last word on these of its own orders.
_TYPED = ("order_number", "ordered_at", "customer_ref", "email", "requested_service", "shipping_paid", "order_total",
          *(f"{side}_{part}" for side in ("ship", "bill") for part in ("name", "company", "street1", "street2", "city",
            "state", "postal_code", "country", "phone")))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Carried:
    """Rows that went over, by table; tables of which none did are left out."""

    rows: Mapping[str, int]
    mixed: Sequence[int]  # orders of which both sides had parcels that the other lacked: to be told anew


def stage(con: Cursor) -> None:
    """Set apart what differs between production and lane `shadow`: what of either side is to go over."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE coming AS
        SELECT l.order_key, l.shipstation_order_id, l.source_system
        FROM shadow.orders_inbox l
        LEFT JOIN main.orders_inbox m USING (order_key)
        WHERE l.modified_at IS NOT NULL
          -- What production has read since is newer, and the lane's side reads it again.
          AND (m.modified_at IS NULL OR m.modified_at <= l.modified_at)
          AND l.order_key NOT IN (SELECT order_key FROM main.tombstones)
          AND NOT EXISTS (
              SELECT 1
              FROM main.orders_inbox o
              WHERE o.shipstation_order_id = l.shipstation_order_id AND o.order_key <> l.order_key)
        """
    )
    for table, (group, noise) in _GROUPS.items():
        columns = _listed(one for one in _columns(con, table) if one not in noise)
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE differing_{table} AS
            WITH m AS (
                SELECT {group}, count(*) AS rows, sum(hash({columns})) AS told FROM main.{table} GROUP BY {group}
            ),
            l AS (
                SELECT {group}, count(*) AS rows, sum(hash({columns})) AS told FROM shadow.{table} GROUP BY {group}
            )
            SELECT {group}
            FROM m
            FULL JOIN l USING ({group})
            WHERE m.rows IS DISTINCT FROM l.rows OR m.told IS DISTINCT FROM l.told
            """  # noqa: S608 - our own names
        )
        for side, schema in (("old", "main"), ("new", "shadow")):
            con.execute(
                f"""
                CREATE OR REPLACE TEMP TABLE {side}_{table} AS
                SELECT * FROM {schema}.{table} WHERE {group} IN (SELECT {group} FROM differing_{table})
                """  # noqa: S608 - our own names
            )


def to_lane(con: Cursor) -> None:
    """Lane `shadow` becomes what production was when it was staged."""
    for table, (group, _) in _GROUPS.items():
        con.execute(
            f"DELETE FROM shadow.{table} WHERE {group} IN (SELECT {group} FROM differing_{table})"  # noqa: S608
        )
        con.execute(f"INSERT INTO shadow.{table} SELECT * FROM old_{table}")  # noqa: S608 - our own names


def to_production(con: Cursor, *, is_unified: bool) -> Carried:
    """Production becomes what the lane was when it was staged, where that is not older; what only it has stays.

    Of the unified sync everything goes over. The legacy workflows do not tell all there is of an order, so of them what
    they do tell. A void that only production knows stays: ShipStation takes none back.
    """
    rows = {"orders_inbox": _orders(con, is_unified=is_unified)}
    manual = "SELECT order_key FROM coming WHERE source_system <> 'X-Cart'"
    told = "SELECT order_key FROM new_order_items_inbox"
    rows["order_items_inbox"] = _replace(con, "order_items_inbox", f"({manual}) AND order_key IN ({told})")
    ids = "SELECT shipstation_order_id FROM coming"
    told = "SELECT shipstation_order_id FROM new_shipstation_order_line_items"
    rows["shipstation_order_line_items"] = _replace(
        con, "shipstation_order_line_items", f"({ids}) AND shipstation_order_id IN ({told})"
    )
    for table, items in (("shipments", "shipment_items"), ("fulfillments", None)):
        group = _GROUPS[table][0]
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE going_{table} AS
            SELECT l.{group}
            FROM new_{table} l
            LEFT JOIN old_{table} m USING ({group})
            WHERE l.voided OR NOT coalesce(m.voided, false)
            """  # noqa: S608 - our own names
        )
        rows[table] = _replace(con, table, f"(SELECT {group} FROM going_{table})")  # noqa: S608
        if items is not None:
            told = f"SELECT {group} FROM new_{items}"  # noqa: S608
            rows[items] = _replace(
                con,
                items,
                f"({told}) AND {group} NOT IN (SELECT {group} FROM old_{table} WHERE voided)",  # noqa: S608
            )
    for table in ("shipped_orders", "shipped_items"):
        rows[table] = _replace(con, table, f"({ids})")
    return Carried({table: amount for table, amount in rows.items() if amount}, _mixed(con) if is_unified else [])


def _orders(con: Cursor, *, is_unified: bool) -> int:
    columns = [*_STATE, *(_VERSION if is_unified else ())]
    sets = ", ".join(f"{one} = l.{one}" for one in columns)
    differ = " OR ".join(f"orders_inbox.{one} IS DISTINCT FROM l.{one}" for one in columns)
    changed = con.rows(
        f"""
        UPDATE main.orders_inbox
        SET {sets}, uploaded_at = coalesce(orders_inbox.uploaded_at, l.uploaded_at), updated_at = l.updated_at
        FROM new_orders_inbox l
        WHERE orders_inbox.order_key = l.order_key
          AND l.order_key IN (SELECT order_key FROM coming)
          AND ({differ})
        RETURNING orders_inbox.order_key
        """  # noqa: S608 - our own names
    )
    if is_unified:
        sets = ", ".join(f"{one} = l.{one}" for one in _TYPED)
        differ = " OR ".join(f"orders_inbox.{one} IS DISTINCT FROM l.{one}" for one in _TYPED)
        changed += con.rows(
            f"""
            UPDATE main.orders_inbox
            SET {sets}, updated_at = l.updated_at
            FROM new_orders_inbox l
            WHERE orders_inbox.order_key = l.order_key
              AND l.order_key IN (SELECT order_key FROM coming WHERE source_system <> 'X-Cart')
              AND ({differ})
            RETURNING orders_inbox.order_key
            """  # noqa: S608 - our own names
        )
    changed += con.rows(
        """
        INSERT INTO main.orders_inbox
        SELECT *
        FROM new_orders_inbox
        WHERE order_key IN (SELECT order_key FROM coming)
          AND order_key NOT IN (SELECT order_key FROM main.orders_inbox)
        RETURNING order_key
        """
    )
    return len({key for (key,) in changed})


def _replace(con: Cursor, table: str, among: str) -> int:
    """Of the groups that differ, those `among` become what the lane had. How many rows that are."""
    group = _GROUPS[table][0]
    groups = f"SELECT {group} FROM differing_{table} WHERE {group} IN {among}"  # noqa: S608 - our own names
    con.execute(f"DELETE FROM main.{table} WHERE {group} IN ({groups})")  # noqa: S608 - our own names
    done = con.rows(
        f"INSERT INTO main.{table} SELECT * FROM new_{table} WHERE {group} IN ({groups}) RETURNING 1"  # noqa: S608
    )
    return len(done)


def _mixed(con: Cursor) -> list[int]:
    """Orders whose parcels in production are others than the lane had: neither side had told what has left of them."""
    rows = con.rows(
        """
        SELECT DISTINCT shipstation_order_id
        FROM (
            SELECT m.shipstation_order_id
            FROM old_shipments m
            LEFT JOIN new_shipments l USING (shipment_id)
            WHERE l.shipment_id IS NULL OR (m.voided AND NOT l.voided)
            UNION ALL
            SELECT m.shipstation_order_id
            FROM old_fulfillments m
            LEFT JOIN new_fulfillments l USING (fulfillment_id)
            WHERE l.fulfillment_id IS NULL OR (m.voided AND NOT l.voided)
        )
        WHERE shipstation_order_id IN (SELECT shipstation_order_id FROM coming)
        ORDER BY shipstation_order_id
        """
    )
    return [order_id for (order_id,) in rows]


def give_readings(con: Cursor) -> dict[str, int]:
    """The unified sync's raw pages, routes and held records, and the names it asked for, go over with it.

    The lane keeps none of them: the legacy workflows know no such thing. Rows by table, as `Carried.rows`.
    """
    done: dict[str, int] = {}
    for table, keys in _KEPT_BY_THE_SYNC.items():
        same = " AND ".join(f"m.{key} = l.{key}" for key in keys)
        kinds = " AND l.kind <> 'shop_order'" if table == "quarantine" else ""  # the import's, of production itself
        con.execute(
            f"""
            DELETE FROM main.{table} m WHERE EXISTS (SELECT 1 FROM shadow.{table} l WHERE {same}{kinds})
            """  # noqa: S608 - our own names
        )
        moved = con.rows(
            f"INSERT INTO main.{table} SELECT l.* FROM shadow.{table} l WHERE true{kinds} RETURNING 1"  # noqa: S608
        )
        con.execute(f"DELETE FROM shadow.{table}")  # noqa: S608 - our own names
        if moved:
            done[table] = len(moved)
    return done


_KEPT_BY_THE_SYNC: Mapping[str, tuple[str, ...]] = {
    "readings": ("reading_id",),
    "api_pages": ("reading_id", "page_no"),
    "routing_log": ("shipstation_order_id", "modified_at"),
    "quarantine": ("kind", "entity_id"),
}


def forget_unapplied(con: Cursor) -> int:
    """Let go of what the unified sync has fetched into production and not applied: its mark has not passed it."""
    theirs = "workflow_name IN (SELECT unnest($syncs)) AND applied_at IS NULL"
    syncs = {"syncs": [UNIFIED, BACKFILL]}
    con.execute(
        f"DELETE FROM main.api_pages WHERE reading_id IN (SELECT reading_id FROM main.readings WHERE {theirs})",  # noqa: S608
        syncs,
    )
    gone = con.rows(f"DELETE FROM main.readings WHERE {theirs} RETURNING reading_id", syncs)  # noqa: S608 - our words
    return len(gone)


def swap_marks(con: Cursor, *, unified_writes: bool) -> None:
    """The marks of who writes production stand in production, the others in the lane. Each side keeps its own (D3)."""
    for schema, other, side in (
        ("main", "shadow", [UNIFIED] if unified_writes else list(LEGACY)),
        ("shadow", "main", list(LEGACY) if unified_writes else [UNIFIED]),
    ):
        for table in ("sync_watermark", "feed_marks"):
            con.execute(
                f"""
                DELETE FROM {schema}.{table}
                WHERE workflow_name IN (SELECT workflow_name FROM {other}.{table})
                  AND workflow_name IN (SELECT unnest($side))
                """,  # noqa: S608 - our own names
                {"side": side},
            )
            con.execute(
                f"""
                INSERT INTO {schema}.{table}
                SELECT * FROM {other}.{table} WHERE workflow_name IN (SELECT unnest($side))
                """,  # noqa: S608 - our own names
                {"side": side},
            )
            con.execute(
                f"DELETE FROM {other}.{table} WHERE workflow_name IN (SELECT unnest($side))",  # noqa: S608
                {"side": side},
            )


def empty_lane(con: Cursor) -> None:
    """Lane `shadow` knows nothing any more."""
    for table in sorted(OWN):
        con.execute(f"DELETE FROM shadow.{table}")  # noqa: S608 - our own names


def copy_to_lane(con: Cursor) -> int:
    """Lane `shadow` becomes what production is, but for marks, raw pages and held records. How many orders that are."""
    empty_lane(con)
    for table in _GROUPS:
        con.execute(f"INSERT INTO shadow.{table} SELECT * FROM main.{table}")  # noqa: S608 - our own names
    amount: int = con.value("SELECT count(*) FROM shadow.orders_inbox")
    return amount


def set_lane_mark(con: Cursor, workflow: str, mark: Mark, now: datetime) -> None:
    """Give a workflow a mark in lane `shadow`, which has none of it."""
    con.execute(
        """
        INSERT INTO shadow.sync_watermark (workflow_name, last_sync_timestamp, complete_through, updated_at, run_id)
        VALUES ($workflow, $newest, $through, $now, 'restored')
        """,
        {"workflow": workflow, "newest": mark.last_sync_timestamp, "through": mark.complete_through, "now": now},
    )


def _columns(con: Cursor, table: str) -> list[str]:
    rows = con.rows(
        """
        SELECT column_name
        FROM duckdb_columns()
        WHERE database_name = current_database() AND schema_name = 'main' AND table_name = $table
        ORDER BY column_index
        """,
        {"table": table},
    )
    return [name for (name,) in rows]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
