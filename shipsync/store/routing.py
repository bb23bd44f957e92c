"""What routing needs to know beforehand, and the log of where every order version went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from shipsync.rules.routing import KeySkus, ManualRule
from shipsync.store.batches import INSTANT, batch
from shipsync.store.cursor import Cursor
from shipsync.store.settings import setting

ROUTINGS = pa.schema(
    [
        ("shipstation_order_id", pa.int64()),
        ("modified_at", INSTANT),
        ("order_number", pa.string()),
        ("shipstation_status", pa.string()),
        ("route", pa.string()),
        ("reason", pa.string()),
        ("content_hash", pa.string()),
        ("reading_id", pa.string()),
        ("page_no", pa.int32()),
        ("run_id", pa.string()),
        ("seen_at", INSTANT),
    ]
)


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """An order version in question, and what is here of its order."""

    is_seen: bool  # this very version has been routed before
    known_status: str | None  # ShipStation's word for it when it was last applied; None: not in our tables
    known_hash: str | None


def manual_rule(con: Cursor) -> ManualRule:
    """Which numbers are manual orders: the settings, or the plan's rule where none is set."""
    lowest, highest = setting(con, "manual_lowest"), setting(con, "manual_highest")
    return ManualRule(
        prefix=setting(con, "manual_prefix") or ManualRule().prefix,
        lowest=int(lowest) if lowest else None,
        highest=int(highest) if highest else None,
    )


def key_skus(con: Cursor) -> KeySkus:
    """The key SKUs, and the bundles that hold one."""
    keys = con.rows("SELECT sku FROM products WHERE is_key")
    bundles = con.rows(
        "SELECT DISTINCT bundle_sku FROM bundles WHERE component_sku IN (SELECT sku FROM products WHERE is_key)"
    )
    return KeySkus(frozenset(row[0] for row in keys), frozenset(row[0] for row in bundles))


def seen_before(con: Cursor, versions: Sequence[tuple[int, datetime]]) -> dict[tuple[int, datetime], SeenBefore]:
    """For each (order id, modifyDate): whether it was routed before, and what is here of the order."""
    if not versions:
        return {}
    rows = con.rows(
        """
        SELECT v.order_id, v.modified_at, r.shipstation_order_id IS NOT NULL, o.shipstation_status, o.content_hash
        FROM (SELECT unnest($ids) AS order_id, unnest($instants) AS modified_at) v
        LEFT JOIN routing_log r ON r.shipstation_order_id = v.order_id AND r.modified_at = v.modified_at
        LEFT JOIN orders_inbox o ON o.shipstation_order_id = v.order_id
        """,
        {"ids": [one[0] for one in versions], "instants": [one[1] for one in versions]},
    )
    return {(order_id, modified_at): SeenBefore(*rest) for order_id, modified_at, *rest in rows}


def log_routings(con: Cursor, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep where each version went (ROUTINGS). One seen again keeps its entry unless its route or content changed."""
    if not rows:
        return
    columns = ", ".join(ROUTINGS.names)
    with batch(con, "incoming_routings", rows, ROUTINGS) as incoming:
        con.execute(
            f"""
            INSERT INTO routing_log ({columns})
            SELECT {columns} FROM {incoming}
            ON CONFLICT (shipstation_order_id, modified_at) DO UPDATE SET
                route = excluded.route,
                reason = excluded.reason,
                content_hash = excluded.content_hash,
                reading_id = excluded.reading_id,
                page_no = excluded.page_no,
                run_id = excluded.run_id,
                seen_at = excluded.seen_at
            WHERE excluded.reason NOT IN ('unchanged', 'older_version')
              AND (routing_log.reason <> excluded.reason OR routing_log.content_hash <> excluded.content_hash)
            """  # noqa: S608 - names from our own schema
        )


def count_by_reason(con: Cursor, since: datetime | None = None) -> dict[str, int]:
    """How many order versions went each way, in all or of those routed since an instant."""
    return dict(
        con.rows(
            """
            SELECT reason, count(*)
            FROM routing_log
            WHERE $since IS NULL OR seen_at >= $since
            GROUP BY reason
            ORDER BY reason
            """,
            {"since": since},
        )
    )


def versions_between(con: Cursor, start: datetime, end: datetime) -> int:
    """How many order versions modified in [start, end) have been routed."""
    return int(
        con.value(
            "SELECT count(*) FROM routing_log WHERE modified_at >= $start AND modified_at < $end",
            {"start": start, "end": end},
        )
        or 0
    )


def versions_known(con: Cursor) -> tuple[datetime, datetime, int] | None:
    """The oldest and the newest modifyDate routed, and how many versions; None before the first."""
    row = con.row("SELECT min(modified_at), max(modified_at), count(*) FROM routing_log")
    return None if row is None or row[0] is None else (row[0], row[1], row[2])
