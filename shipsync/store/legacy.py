"""What the two legacy workflows write, as few statements over everything that a run has read.

    Gathered        what was read, packed by column: some hundred bytes an order, whatever the window holds
    stage           -> temporary tables legacy_*: of each order, label and mark the version that counts
    import_manual   orders of manual-order-sync: head, addresses, items
    take_in_parcels labels and marks of orders that are here
    bring_in_step   what has left, told anew of order and parcels (DESIGN D11) -> orders, shipped orders and items

Everything is told whole and only what comes out differently is written, so that the same week read again each hour
changes no row. All in the caller's transaction, whose end takes the temporary tables away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from shipsync.rules.legacy import Label, Line, ManualOrder, ManualTakes, ShippedMark, Version
from shipsync.rules.lots import parse_sku_lot
from shipsync.store.batches import INSTANT, MONEY, arrow_table, batch
from shipsync.store.cursor import Cursor
from shipsync.store.settings import setting

_SIDES, _PARTS = ("ship", "bill"), ("name", "company", "street1", "street2", "city", "state", "postal_code", "country",
                                    "phone")  # fmt: skip
_ADDRESS = tuple(f"{side}_{part}" for side in _SIDES for part in _PARTS)

# `read_no` tells which of two was read last.
_VERSIONS = pa.schema(
    [
        ("read_no", pa.int64()),
        ("order_id", pa.int64()),
        ("modified_at", INSTANT),
        ("shipstation_status", pa.string()),
        ("ship_date", pa.date32()),
        ("hold_until", pa.date32()),
        ("carrier_code", pa.string()),
        ("billed_to", pa.int64()),
        ("service_code", pa.string()),
    ]
)
_MANUAL = pa.schema(
    [
        ("read_no", pa.int64()),
        ("order_id", pa.int64()),
        ("modified_at", INSTANT),
        ("shipstation_status", pa.string()),
        ("order_number", pa.string()),
        ("ordered_at", INSTANT),
        ("email", pa.string()),
        ("requested_service", pa.string()),
        ("order_total", MONEY),
        *((column, pa.string()) for column in _ADDRESS),
    ]
)
_LINES = pa.schema(
    [
        ("read_no", pa.int64()),
        ("line_no", pa.int32()),
        ("order_item_id", pa.int64()),
        ("line_item_key", pa.string()),
        ("sku", pa.string()),
        ("sku_lot", pa.string()),
        ("base_sku", pa.string()),
        ("lot", pa.string()),
        ("name", pa.string()),
        ("quantity", pa.int32()),
        ("unit_price", MONEY),
        ("is_adjustment", pa.bool_()),
    ]
)
_LABELS = pa.schema(
    [
        ("read_no", pa.int64()),
        ("shipment_id", pa.int64()),
        ("order_id", pa.int64()),
        ("order_number", pa.string()),
        ("created_at", INSTANT),
        ("ship_date", pa.date32()),
        ("shipment_cost", MONEY),
        ("insurance_cost", MONEY),
        ("carrier_code", pa.string()),
        ("service_code", pa.string()),
        ("package_code", pa.string()),
        ("tracking_number", pa.string()),
        ("is_return_label", pa.bool_()),
        ("warehouse_id", pa.int64()),
        ("store_id", pa.int64()),
        ("batch_number", pa.string()),
        ("has_items", pa.bool_()),
        ("voided", pa.bool_()),
        ("voided_at", INSTANT),
    ]
)
_MARKS = pa.schema(
    [
        ("read_no", pa.int64()),
        ("fulfillment_id", pa.int64()),
        ("order_id", pa.int64()),
        ("order_number", pa.string()),
        ("created_at", INSTANT),
        ("ship_date", pa.date32()),
        ("tracking_number", pa.string()),
        ("carrier_name", pa.string()),
        ("fulfillment_fee", MONEY),
        ("voided", pa.bool_()),
        ("voided_at", INSTANT),
    ]
)
_SKU_TEXTS = pa.schema(
    [("sku", pa.string()), ("sku_lot", pa.string()), ("base_sku", pa.string()), ("lot", pa.string())]
)
_SCHEMAS = {
    "versions": _VERSIONS,
    "manual": _MANUAL,
    "version_lines": _LINES,
    "labels": _LABELS,
    "label_lines": _LINES,
    "marks": _MARKS,
}

# Whose hash a label has that a legacy workflow wrote: none, so the unified sync takes it for changed when it sees it.
_NO_HASH = "legacy"

# ShipStation's word as our status; one we do not know leaves the order as it is.
_STATUS = """
    CASE WHEN {word} IN ('awaiting_payment', 'awaiting_shipment', 'on_hold', 'shipped', 'cancelled') THEN {word}
         WHEN {word} IN ('pending_fulfillment', 'rejected_fulfillment') THEN 'awaiting_shipment'
         ELSE {current} END
"""
_REASON = """
    CASE WHEN {word} IN ('awaiting_payment', 'awaiting_shipment', 'on_hold', 'shipped', 'cancelled') THEN NULL
         WHEN {word} IN ('pending_fulfillment', 'rejected_fulfillment') THEN 'ShipStation says ' || {word}
         ELSE 'ShipStation says ' || {word} || ', a status we do not know' END
"""
# The account behind a carrier code: the only one, or the primary one. None where ShipStation does not tell.
_ACCOUNTS = """
    SELECT code,
           CASE WHEN count(*) = 1 THEN any_value(provider_id)
                WHEN count(*) FILTER (is_primary) = 1 THEN any_value(provider_id) FILTER (is_primary)
                END AS account
    FROM carriers
    GROUP BY code
"""
_PACIFIC_DAY = "CAST({instant} AT TIME ZONE 'America/Los_Angeles' AS DATE)"


@dataclass
class Gathered:
    """Everything one run has read and may write."""

    _tables: dict[str, list[pa.Table]] = field(default_factory=dict)
    _read: int = 0

    def add_versions(self, versions: Iterable[Version]) -> None:
        """Orders for status-sync."""
        self._add_orders("versions", versions)

    def add_manual(self, orders: Sequence[ManualOrder]) -> None:
        """Orders for manual-order-sync: to be imported, and then brought in step like any other."""
        first = self._read + 1
        self._add_orders("versions", (one.version for one in orders))
        rows = [
            {
                "read_no": read_no,
                "order_id": one.version.order_id,
                "modified_at": one.version.modified_at,
                "shipstation_status": one.version.shipstation_status,
                **_fields(one, _MANUAL),
                **one.addresses,
            }
            for read_no, one in enumerate(orders, first)
        ]
        self._put("manual", rows)

    def add_labels(self, labels: Iterable[Label]) -> None:
        """Labels, voided ones too."""
        rows, lines = [], []
        for one in labels:
            self._read += 1
            rows.append(_fields(one, _LABELS) | {"read_no": self._read, "has_items": one.lines is not None})
            lines += _line_rows(self._read, one.lines or ())
        self._put("labels", rows)
        self._put("label_lines", lines)

    def add_marks(self, marks: Iterable[ShippedMark]) -> None:
        """Marks as shipped."""
        rows = []
        for one in marks:
            self._read += 1
            rows.append(_fields(one, _MARKS) | {"read_no": self._read})
        self._put("marks", rows)

    @property
    def size_bytes(self) -> int:
        """How much memory it takes."""
        return sum(int(table.nbytes) for tables in self._tables.values() for table in tables)

    def table(self, name: str) -> pa.Table:
        """All rows of one kind."""
        return pa.concat_tables(self._tables.get(name) or [_SCHEMAS[name].empty_table()])

    def _add_orders(self, name: str, versions: Iterable[Version]) -> None:
        rows, lines = [], []
        for one in versions:
            self._read += 1
            rows.append(_fields(one, _VERSIONS) | {"read_no": self._read})
            lines += _line_rows(self._read, one.lines)
        self._put(name, rows)
        self._put("version_lines", lines)

    def _put(self, name: str, rows: Sequence[Mapping[str, object]]) -> None:
        if rows:
            self._tables.setdefault(name, []).append(arrow_table(rows, _SCHEMAS[name]))


def _fields(record: object, schema: pa.Schema) -> dict[str, object]:
    return {name: getattr(record, name) for name in schema.names if hasattr(record, name)}


def _line_rows(read_no: int, lines: Iterable[Line]) -> list[dict[str, object]]:
    return [_fields(one, _LINES) | {"read_no": read_no} for one in lines]


def manual_takes(con: Cursor) -> ManualTakes:
    """Which orders manual-order-sync takes: the rule of the settings, and the key SKUs of the catalogue."""
    lowest, highest = setting(con, "manual_lowest"), setting(con, "manual_highest")
    skus = con.rows(
        """
        SELECT sku FROM products WHERE is_key
        UNION
        SELECT bundle_sku FROM bundles JOIN products ON sku = component_sku WHERE is_key
        """
    )
    return ManualTakes(
        prefix=setting(con, "manual_prefix") or "10",
        lowest=int(lowest) if lowest else None,
        highest=int(highest) if highest else None,
        key_skus=frozenset(sku for (sku,) in skus),
    )


def has_unnamed_service(con: Cursor, gathered: Gathered) -> bool:
    """Whether something that was read goes by a service that has no name here."""
    for name in ("versions", "labels"):
        con.register("legacy_read", gathered.table(name))
        found = con.value(
            """
            SELECT EXISTS (
                SELECT 1
                FROM legacy_read r
                ANTI JOIN carrier_services s ON s.carrier_code = r.carrier_code AND s.service_code = r.service_code
                WHERE r.carrier_code IS NOT NULL AND r.service_code IS NOT NULL)
            """
        )
        con.unregister("legacy_read")
        if found:
            return True
    return False


def import_manual(con: Cursor, gathered: Gathered, now: datetime) -> tuple[set[int], set[int]]:
    """Take in the orders of manual-order-sync, without state, carrier and service. Which were new, and which changed.

    Not those of the shop, which are here by the same ShipStation id, nor those that were cleaned up.
    """
    con.register("legacy_read_manual", gathered.table("manual"))
    con.execute(
        """
        CREATE TEMP TABLE legacy_manual AS
        SELECT r.*, coalesce(o.order_key, 'shipstation:' || r.order_id) AS order_key, o.order_key IS NULL AS is_new
        FROM legacy_read_manual r
        LEFT JOIN orders_inbox o ON o.shipstation_order_id = r.order_id
        WHERE r.order_id NOT IN (SELECT shipstation_order_id FROM tombstones WHERE shipstation_order_id IS NOT NULL)
          AND (o.order_key IS NULL
               OR o.source_system = 'ShipStation Manual'
                  AND (o.modified_at IS NULL OR r.modified_at >= o.modified_at))
        QUALIFY row_number() OVER (PARTITION BY r.order_id ORDER BY r.modified_at DESC, r.read_no DESC) = 1
        """
    )
    con.unregister("legacy_read_manual")
    follows = ("order_number", "order_total", *_ADDRESS)
    columns = ", ".join(("order_key", "order_number", "ordered_at", "email", "requested_service", "order_total",
                         *_ADDRESS))  # fmt: skip
    sets = ", ".join(f"{name} = excluded.{name}" for name in follows)
    differs = " OR ".join(f"orders_inbox.{name} IS DISTINCT FROM excluded.{name}" for name in follows)
    status = _STATUS.format(word="shipstation_status", current="'awaiting_shipment'")
    written = _ids(
        con,
        f"""
        INSERT INTO orders_inbox ({columns}, source_system, shipstation_order_id, status, shipstation_status,
            modified_at, created_at, updated_at)
        SELECT {columns}, 'ShipStation Manual', order_id, {status}, shipstation_status, modified_at, $now, $now
        FROM legacy_manual
        ON CONFLICT (order_key) DO UPDATE SET
            {sets},
            ordered_at = coalesce(orders_inbox.ordered_at, excluded.ordered_at),
            email = coalesce(excluded.email, orders_inbox.email),
            updated_at = excluded.updated_at
        WHERE {differs}
           OR excluded.email IS NOT NULL AND orders_inbox.email IS DISTINCT FROM excluded.email
           OR orders_inbox.ordered_at IS NULL AND excluded.ordered_at IS NOT NULL
        RETURNING order_key
        """,  # noqa: S608 - names from our own schema
        {"now": now},
    )
    con.register("legacy_read_lines", gathered.table("version_lines"))
    changed = _replace_sets(
        con,
        "order_items_inbox",
        "order_key",
        "order_key, line_no, order_number, source_system, sku, sku_lot, base_sku, lot, name, quantity, unit_price",
        keys="SELECT order_key FROM legacy_manual",
        wanted="""
            SELECT m.order_key, l.line_no, m.order_number, 'ShipStation Manual' AS source_system, l.sku, l.sku_lot,
                   l.base_sku, l.lot, l.name, l.quantity, l.unit_price
            FROM legacy_manual m
            JOIN legacy_read_lines l USING (read_no)
            WHERE NOT l.is_adjustment
        """,
    )
    con.unregister("legacy_read_lines")
    new = _ids(con, "SELECT order_id FROM legacy_manual WHERE is_new")
    others = con.rows("SELECT order_key, order_id FROM legacy_manual WHERE NOT is_new")
    return new, {order_id for key, order_id in others if key in written or key in changed}


def take_in_parcels(con: Cursor, gathered: Gathered, now: datetime) -> set[int]:
    """Write the labels and marks of orders that are here. Returns the orders of those that were new or changed.

    One that goes over to another order changes both.
    """
    return _take_in_labels(con, gathered, now) | _take_in_marks(con, gathered, now)


def _take_in_labels(con: Cursor, gathered: Gathered, now: datetime) -> set[int]:
    _stage_parcels(con, gathered, "labels", "shipments", "shipment_id")
    before = "SELECT s.shipstation_order_id FROM shipments s JOIN legacy_labels l USING (shipment_id)"
    of_before = _ids(con, f"{before} WHERE s.shipstation_order_id IS DISTINCT FROM l.order_id")
    changed = _upsert_parcels(con, "labels", _LABELS, "shipments", "shipment_id", now)
    con.register("legacy_read_lines", gathered.table("label_lines"))
    refilled = _replace_sets(
        con,
        "shipment_items",
        "shipment_id",
        "shipment_id, line_no, order_item_id, sku, name, quantity, is_adjustment",
        keys="SELECT shipment_id FROM legacy_labels",
        wanted="""
            SELECT shipment_id, line_no, order_item_id, l.sku, l.name, l.quantity, l.is_adjustment
            FROM legacy_labels
            JOIN legacy_read_lines l USING (read_no)
        """,
    )
    con.unregister("legacy_read_lines")
    of_refilled = con.rows(
        "SELECT shipstation_order_id FROM shipments WHERE shipment_id IN (SELECT unnest($ids))", {"ids": list(refilled)}
    )
    return of_before | changed | {order_id for (order_id,) in of_refilled if order_id is not None}


def _take_in_marks(con: Cursor, gathered: Gathered, now: datetime) -> set[int]:
    _stage_parcels(con, gathered, "marks", "fulfillments", "fulfillment_id")
    before = "SELECT f.shipstation_order_id FROM fulfillments f JOIN legacy_marks m USING (fulfillment_id)"
    of_before = _ids(con, f"{before} WHERE f.shipstation_order_id IS DISTINCT FROM m.order_id")
    return of_before | _upsert_parcels(con, "marks", _MARKS, "fulfillments", "fulfillment_id", now)


def _stage_parcels(con: Cursor, gathered: Gathered, name: str, table: str, key: str) -> None:
    """Of each parcel of an order that is here, or that is here itself, what was read last."""
    con.register("legacy_read", gathered.table(name))
    con.execute(
        f"""
        CREATE TEMP TABLE legacy_{name} AS
        SELECT *
        FROM legacy_read
        WHERE order_id IN (SELECT shipstation_order_id FROM orders_inbox) OR {key} IN (SELECT {key} FROM {table})
        QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY read_no DESC) = 1
        """  # noqa: S608 - our own names
    )
    con.unregister("legacy_read")


def _upsert_parcels(con: Cursor, name: str, schema: pa.Schema, table: str, key: str, now: datetime) -> set[int]:
    """Write staged parcels. The orders of those that were new or other than they were."""
    told = [column for column in schema.names if column not in ("read_no", "order_id", key)]
    sets = ", ".join(f"{column} = excluded.{column}" for column in told)
    differs = " OR ".join(f"{table}.{column} IS DISTINCT FROM excluded.{column}" for column in told)
    columns = ", ".join(told)
    return _ids(
        con,
        f"""
        INSERT INTO {table} ({key}, shipstation_order_id, {columns}, content_hash, first_seen_at, updated_at)
        SELECT {key}, order_id, {columns}, '{_NO_HASH}', $now, $now
        FROM legacy_{name}
        ON CONFLICT ({key}) DO UPDATE SET
            shipstation_order_id = excluded.shipstation_order_id,
            {sets},
            content_hash = excluded.content_hash,
            updated_at = excluded.updated_at
        WHERE {table}.shipstation_order_id IS DISTINCT FROM excluded.shipstation_order_id OR {differs}
        RETURNING shipstation_order_id
        """,  # noqa: S608 - names from our own schema
        {"now": now},
    )


@dataclass(frozen=True, slots=True)
class InStep:
    """What bringing orders in step came to."""

    updated: set[int]  # orders that are other than they were
    shipped: int  # of these, and of those whose parcels changed, the ones that are shipped
    left_changed: set[int]  # orders of which something else has left than before


def bring_in_step(con: Cursor, gathered: Gathered, touched: Iterable[int], now: datetime) -> InStep:
    """Tell anew the state of the orders that were read, and of those `touched`, and what has left of them. Write it.

    Only orders that are here with a ShipStation id; a version older than the one here is passed over. An order that
    was closed here (merged away, deleted) stays so until a newer version of it comes.
    """
    _stage_versions(con, gathered)
    _replace_remote_lines(con, gathered)
    _stage_orders(con, sorted(set(touched)))
    _stage_parcels_that_stand(con)
    _stage_what_left(con)
    updated = _write_orders(con, now)
    left_changed = _write_shipped_items(con) | _write_shipped_orders(con, now)
    ids = sorted(updated | left_changed)
    shipped = con.value(
        """
        SELECT count(*) FROM orders_inbox
        WHERE status = 'shipped' AND shipstation_order_id IN (SELECT unnest($ids))
        """,
        {"ids": ids},
    )
    return InStep(updated, int(shipped), left_changed)


def _stage_versions(con: Cursor, gathered: Gathered) -> None:
    con.register("legacy_read", gathered.table("versions"))
    con.execute(
        """
        CREATE TEMP TABLE legacy_versions AS
        SELECT r.*
        FROM legacy_read r
        JOIN orders_inbox o ON o.shipstation_order_id = r.order_id
        WHERE o.modified_at IS NULL OR r.modified_at >= o.modified_at
        QUALIFY row_number() OVER (PARTITION BY r.order_id ORDER BY r.modified_at DESC, r.read_no DESC) = 1
        """
    )
    con.unregister("legacy_read")


def _replace_remote_lines(con: Cursor, gathered: Gathered) -> None:
    """The lines as ShipStation has them: only there an uploaded order's lots can be read."""
    con.register("legacy_read_lines", gathered.table("version_lines"))
    _replace_sets(
        con,
        "shipstation_order_line_items",
        "shipstation_order_id",
        "shipstation_order_id, line_no, order_item_id, line_item_key, sku, sku_lot, base_sku, lot, name, quantity, "
        "unit_price, is_adjustment",
        keys="SELECT order_id FROM legacy_versions",
        wanted="""
            SELECT v.order_id AS shipstation_order_id, l.line_no, l.order_item_id, l.line_item_key, l.sku, l.sku_lot,
                   l.base_sku, l.lot, l.name, l.quantity, l.unit_price, l.is_adjustment
            FROM legacy_versions v
            JOIN legacy_read_lines l USING (read_no)
        """,
    )
    con.unregister("legacy_read_lines")


def _stage_orders(con: Cursor, touched: Sequence[int]) -> None:
    """legacy_orders: each order in question as ShipStation has it, its own carrier and service with their names.

    Of one that was not read, what is here stands for that.
    """
    status = _STATUS.format(word="word", current="current")
    reason = _REASON.format(word="word")
    con.execute(
        f"""
        CREATE TEMP TABLE legacy_orders AS
        WITH accounts AS ({_ACCOUNTS}),
        here AS (
            SELECT o.order_key, o.shipstation_order_id AS order_id, o.status AS current,
                   coalesce(v.modified_at, o.modified_at) AS modified_at,
                   coalesce(v.shipstation_status, o.shipstation_status, o.status) AS word,
                   CASE WHEN v.order_id IS NULL THEN o.ship_date ELSE v.ship_date END AS ship_date,
                   CASE WHEN v.order_id IS NULL THEN o.hold_until ELSE v.hold_until END AS hold_until,
                   CASE WHEN v.order_id IS NULL THEN o.shipping_carrier_code ELSE v.carrier_code END AS carrier_code,
                   CASE WHEN v.order_id IS NULL THEN o.shipping_carrier_id ELSE v.billed_to END AS carrier_id,
                   CASE WHEN v.order_id IS NULL THEN o.shipping_service_code ELSE v.service_code END AS service_code,
                   CASE WHEN v.order_id IS NULL THEN o.shipping_service_name END AS service_name,
                   v.order_id IS NOT NULL AS is_read
            FROM orders_inbox o
            LEFT JOIN legacy_versions v ON v.order_id = o.shipstation_order_id
            WHERE (v.order_id IS NOT NULL OR o.shipstation_order_id IN (SELECT unnest($touched)))
              AND coalesce(v.modified_at, o.modified_at) IS NOT NULL
              AND (v.modified_at > o.modified_at
                   OR o.shipstation_status IS NULL
                   OR NOT (o.status = 'cancelled' AND o.shipstation_status <> 'cancelled'))
        )
        SELECT h.order_key, h.order_id, h.modified_at, h.word AS shipstation_status, {status} AS status,
               {reason} AS status_reason, h.ship_date, h.hold_until, h.carrier_code, h.service_code,
               CASE WHEN h.is_read THEN coalesce(h.carrier_id, a.account) ELSE h.carrier_id END AS carrier_id,
               coalesce(h.service_name, s.name) AS service_name
        FROM here h
        LEFT JOIN accounts a ON a.code = h.carrier_code
        LEFT JOIN carrier_services s ON s.carrier_code = h.carrier_code AND s.service_code = h.service_code
        """,  # noqa: S608 - our own text
        {"touched": list(touched)},
    )


def _stage_parcels_that_stand(con: Cursor) -> None:
    """legacy_standing: the parcels of these orders that are not voided, in the order in which they left.

    legacy_voids: when the newest of the others was voided. Return labels are no parcels.
    """
    label_day = f"coalesce(ship_date, {_PACIFIC_DAY.format(instant='created_at')})"
    con.execute(
        f"""
        CREATE TEMP TABLE legacy_parcels AS
        SELECT shipstation_order_id AS order_id, 'shipment' AS kind, 1 AS kind_no, shipment_id AS parcel_id, created_at,
               {label_day} AS ship_date, tracking_number, carrier_code, service_code, has_items,
               CASE WHEN voided THEN coalesce(voided_at, created_at) END AS voided_at
        FROM shipments
        WHERE NOT is_return_label AND shipstation_order_id IN (SELECT order_id FROM legacy_orders)
        UNION ALL
        SELECT shipstation_order_id, 'fulfillment', 2, fulfillment_id, created_at,
               {label_day}, tracking_number, NULL, NULL, false,
               CASE WHEN voided THEN coalesce(voided_at, created_at) END
        FROM fulfillments
        WHERE shipstation_order_id IN (SELECT order_id FROM legacy_orders)
        """  # noqa: S608 - our own text
    )
    con.execute(
        """
        CREATE TEMP TABLE legacy_standing AS
        SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY ship_date, created_at, kind_no, parcel_id) AS place
        FROM legacy_parcels
        WHERE voided_at IS NULL
        """
    )
    con.execute(
        """
        CREATE TEMP TABLE legacy_voids AS
        SELECT order_id, max(voided_at) AS voided_at FROM legacy_parcels WHERE voided_at IS NOT NULL GROUP BY order_id
        """
    )


def _stage_what_left(con: Cursor) -> None:
    """legacy_left, the parcels in which something left, and legacy_left_lines, what was in each.

    A parcel that says what is in it holds that. Of those that do not, the first takes what the others left over, once
    the order is shipped. Without any parcel a shipped order stands in for it. A void that is newer than the order's
    version takes a shipped order back to awaiting, unless what still stands holds all of it.
    """
    _stage_packed_lines(con)
    _stage_rest(con)
    con.execute(
        """
        CREATE TEMP TABLE legacy_told AS
        WITH ordered AS (SELECT order_id, sum(quantity) AS units FROM legacy_ordered GROUP BY order_id),
        packed AS (SELECT order_id, sum(quantity) AS units FROM legacy_packed GROUP BY order_id),
        rest AS (SELECT order_id, sum(quantity) AS units FROM legacy_rest GROUP BY order_id),
        standing AS (
            SELECT order_id, count(*) AS parcels, count(*) FILTER (NOT has_items) AS bare
            FROM legacy_standing
            GROUP BY order_id
        ),
        sums AS (
            SELECT o.order_id, o.status, coalesce(s.parcels, 0) AS parcels, coalesce(s.bare, 0) AS bare,
                   coalesce(d.units, 0) AS ordered,
                   coalesce(p.units, 0) + CASE WHEN s.bare > 0 THEN coalesce(r.units, 0) ELSE 0 END AS gone,
                   coalesce(v.voided_at >= o.modified_at, false) AS is_voided_since
            FROM legacy_orders o
            LEFT JOIN standing s USING (order_id)
            LEFT JOIN ordered d USING (order_id)
            LEFT JOIN packed p USING (order_id)
            LEFT JOIN rest r USING (order_id)
            LEFT JOIN legacy_voids v USING (order_id)
        )
        SELECT order_id, parcels, bare,
               status = 'shipped' AND is_voided_since AND (parcels = 0 OR gone < ordered) AS is_taken_back,
               status = 'shipped' AND NOT (is_voided_since AND (parcels = 0 OR gone < ordered)) AS is_out
        FROM sums
        """
    )
    con.execute(
        f"""
        CREATE TEMP TABLE legacy_left AS
        SELECT order_id, kind, kind_no, parcel_id, created_at, ship_date, tracking_number, carrier_code, service_code,
               has_items,
               NOT has_items AND row_number() OVER (PARTITION BY order_id, has_items ORDER BY place) = 1 AS takes_rest
        FROM legacy_standing
        JOIN legacy_told USING (order_id)
        WHERE has_items OR is_out
        UNION ALL
        SELECT order_id, 'order', 3, order_id, modified_at,
               coalesce(ship_date, {_PACIFIC_DAY.format(instant="modified_at")}), NULL, NULL, NULL, false, false
        FROM legacy_orders
        JOIN legacy_told USING (order_id)
        WHERE is_out AND parcels = 0
        """  # noqa: S608 - our own text
    )
    con.execute(
        """
        CREATE TEMP TABLE legacy_left_lines AS
        WITH lines AS (
            SELECT kind, parcel_id, order_id, place, sku, sku_lot, base_sku, lot, quantity FROM legacy_packed
            UNION ALL
            SELECT l.kind, l.parcel_id, order_id, r.place, r.sku, r.sku_lot, r.base_sku, r.lot, r.quantity
            FROM legacy_left l
            JOIN legacy_rest r USING (order_id)
            WHERE l.takes_rest
            UNION ALL
            SELECT l.kind, l.parcel_id, order_id, d.place, d.sku, d.sku_lot, d.base_sku, d.lot, d.quantity
            FROM legacy_left l
            JOIN legacy_ordered d USING (order_id)
            WHERE l.kind = 'order'
        )
        SELECT *, CAST(row_number() OVER (PARTITION BY kind, parcel_id ORDER BY place) AS INTEGER) AS line_no
        FROM lines
        """
    )


def _stage_packed_lines(con: Cursor) -> None:
    """legacy_ordered, the orders' lines, and legacy_packed, those of parcels that stand; discounts left out."""
    con.execute(
        """
        CREATE TEMP TABLE legacy_ordered AS
        SELECT shipstation_order_id AS order_id, line_no AS place, order_item_id, sku, sku_lot, base_sku, lot, quantity
        FROM shipstation_order_line_items
        WHERE NOT is_adjustment AND shipstation_order_id IN (SELECT order_id FROM legacy_orders)
        """
    )
    packed = "FROM legacy_standing s JOIN shipment_items i ON i.shipment_id = s.parcel_id WHERE s.has_items"
    texts = con.rows(f"SELECT DISTINCT i.sku {packed} AND i.sku IS NOT NULL")
    read = [(text, parse_sku_lot(text)) for (text,) in texts]
    rows = [
        {"sku": text, "sku_lot": found.text, "base_sku": found.base_sku, "lot": found.lot}
        for text, found in read
        if found is not None
    ]
    with batch(con, "legacy_sku_texts", rows, _SKU_TEXTS) as sku_texts:
        con.execute(
            f"""
            CREATE TEMP TABLE legacy_packed AS
            SELECT s.order_id, s.kind, s.parcel_id, 10000 * s.place + i.line_no AS place, i.order_item_id, i.sku,
                   t.sku_lot, t.base_sku, t.lot, i.quantity
            FROM legacy_standing s
            JOIN shipment_items i ON i.shipment_id = s.parcel_id
            LEFT JOIN {sku_texts} t ON t.sku = i.sku
            WHERE s.kind = 'shipment' AND s.has_items AND NOT i.is_adjustment
            """  # noqa: S608 - the name of our own batch
        )


def _stage_rest(con: Cursor) -> None:
    """legacy_rest: what was ordered and is in no parcel that says so.

    Lines meet by item id first, then by SKU text, then by SKU whatever the lot. Within one id, text or SKU units are
    taken from the first line on: of a line is left what goes beyond the units that came to meet it.
    """
    chain = []
    ordered, packed = "legacy_ordered", "legacy_packed"
    for number, met_by in enumerate(("order_item_id", "coalesce(sku_lot, sku)", "base_sku"), start=1):
        for name, these, those in (("ordered", ordered, packed), ("packed", packed, ordered)):
            chain.append(
                f"""
                {name}_{number} AS (
                    SELECT t.* REPLACE (
                        CASE WHEN {met_by} IS NULL THEN quantity
                             ELSE least(quantity, greatest(0, sum(quantity) OVER line_by_line - coalesce(units, 0)))
                             END AS quantity)
                    FROM {these} t
                    LEFT JOIN (SELECT order_id AS of_order, {met_by} AS meets, sum(quantity) AS units
                               FROM {those} GROUP BY ALL) met
                        ON met.of_order = t.order_id AND met.meets = {met_by}
                    WINDOW line_by_line AS (PARTITION BY t.order_id, {met_by} ORDER BY place)
                )"""  # noqa: S608 - our own text
            )
        ordered, packed = f"ordered_{number}", f"packed_{number}"
    con.execute(
        f"""
        CREATE TEMP TABLE legacy_rest AS
        WITH {",".join(chain)}
        SELECT order_id, place, sku, sku_lot, base_sku, lot, CAST(quantity AS INTEGER) AS quantity
        FROM {ordered}
        WHERE quantity > 0 AND order_id IN (SELECT order_id FROM legacy_standing WHERE NOT has_items)
        """  # noqa: S608 - our own text
    )


# The parcel whose date, carrier and tracking number speak for the order.
_FIRST = """
    SELECT *
    FROM legacy_left
    QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY ship_date, created_at, kind_no, parcel_id) = 1
"""


def _write_orders(con: Cursor, now: datetime) -> set[int]:
    """State, dates, carrier, service and tracking number of the orders. The ids of those that changed.

    The first parcel's carrier and service go before the order's own; where they are the same, the order's account and
    the name stay.
    """
    own = ("modified_at", "shipstation_status", "hold_until", "ship_date")
    told = ("status", "status_reason", "shipping_carrier_code", "shipping_carrier_id", "shipping_service_code",
            "shipping_service_name", "tracking_number")  # fmt: skip
    sets = ", ".join(f"{name} = t.{name}" for name in (*own, *told))
    differs = " OR ".join(f"o.{name} IS DISTINCT FROM t.{name}" for name in (*own, *told))
    return _ids(
        con,
        f"""
        WITH first AS ({_FIRST}),
        accounts AS ({_ACCOUNTS}),
        told AS (
            SELECT o.order_key, o.modified_at, o.shipstation_status, o.hold_until, o.ship_date,
                   CASE WHEN t.is_taken_back THEN 'awaiting_shipment' ELSE o.status END AS status,
                   CASE WHEN t.is_taken_back THEN 'its label was voided' ELSE o.status_reason END AS status_reason,
                   coalesce(f.carrier_code, o.carrier_code) AS shipping_carrier_code,
                   CASE WHEN f.carrier_code IS NULL OR f.carrier_code = o.carrier_code THEN o.carrier_id
                        ELSE a.account END AS shipping_carrier_id,
                   coalesce(f.service_code, o.service_code) AS shipping_service_code,
                   CASE WHEN f.service_code IS NULL
                          OR f.service_code = o.service_code AND f.carrier_code IS NOT DISTINCT FROM o.carrier_code
                        THEN o.service_name ELSE s.name END AS shipping_service_name,
                   f.tracking_number
            FROM legacy_orders o
            JOIN legacy_told t USING (order_id)
            LEFT JOIN first f USING (order_id)
            LEFT JOIN accounts a ON a.code = f.carrier_code
            LEFT JOIN carrier_services s ON s.carrier_code = f.carrier_code AND s.service_code = f.service_code
        )
        UPDATE orders_inbox o
        SET {sets},
            -- Whose content it is nobody has hashed.
            content_hash = CASE WHEN o.modified_at = t.modified_at THEN o.content_hash END,
            updated_at = $now
        FROM told t
        WHERE o.order_key = t.order_key AND ({differs})
        RETURNING o.shipstation_order_id
        """,  # noqa: S608 - names from our own schema
        {"now": now},
    )


def _write_shipped_items(con: Cursor) -> set[int]:
    return _replace_sets(
        con,
        "shipped_items",
        "shipstation_order_id",
        "parcel_kind, parcel_id, line_no, shipstation_order_id, order_number, source_system, ship_date, sku, base_sku, "
        "sku_lot, lot, quantity, shipment_id, tracking_number",
        keys="SELECT order_id FROM legacy_orders",
        wanted="""
            SELECT n.kind AS parcel_kind, n.parcel_id, n.line_no, n.order_id AS shipstation_order_id, i.order_number,
                   i.source_system, l.ship_date, n.sku, n.base_sku, n.sku_lot, n.lot, n.quantity,
                   CASE WHEN n.kind = 'shipment' THEN n.parcel_id END AS shipment_id, l.tracking_number
            FROM legacy_left_lines n
            JOIN legacy_left l USING (kind, parcel_id)
            JOIN legacy_orders o ON o.order_id = n.order_id
            JOIN orders_inbox i ON i.order_key = o.order_key
        """,
    )


def _write_shipped_orders(con: Cursor, now: datetime) -> set[int]:
    gone = _ids(
        con,
        """
        DELETE FROM shipped_orders
        WHERE shipstation_order_id IN (SELECT order_id FROM legacy_orders)
          AND shipstation_order_id NOT IN (SELECT order_id FROM legacy_left)
        RETURNING shipstation_order_id
        """,
    )
    consignee = ("ship_name", "ship_company", "ship_street1", "ship_city", "ship_state", "ship_postal_code",
                 "ship_country", "ship_phone", "email")  # fmt: skip
    told = ("order_key", "order_number", "source_system", "ship_date", "last_ship_date", "carrier_code", "service_code",
            "service_name", "tracking_number", "parcel_count", *consignee)  # fmt: skip
    sets = ", ".join(f"{name} = excluded.{name}" for name in told)
    differs = " OR ".join(f"shipped_orders.{name} IS DISTINCT FROM excluded.{name}" for name in told)
    changed = _ids(
        con,
        f"""
        INSERT INTO shipped_orders (shipstation_order_id, {", ".join(told)}, updated_at)
        WITH first AS ({_FIRST}),
        last AS (SELECT order_id, max(ship_date) AS last_ship_date FROM legacy_left GROUP BY order_id)
        SELECT order_id, i.order_key, i.order_number, i.source_system, f.ship_date, last_ship_date, f.carrier_code,
               f.service_code, s.name, f.tracking_number, t.parcels,
               {", ".join(f"i.{name}" for name in consignee)}, $now
        FROM first f
        JOIN last USING (order_id)
        JOIN legacy_told t USING (order_id)
        JOIN legacy_orders o USING (order_id)
        JOIN orders_inbox i ON i.order_key = o.order_key
        LEFT JOIN carrier_services s ON s.carrier_code = f.carrier_code AND s.service_code = f.service_code
        ON CONFLICT (shipstation_order_id) DO UPDATE SET {sets}, updated_at = excluded.updated_at
        WHERE {differs}
        RETURNING shipstation_order_id
        """,  # noqa: S608 - names from our own schema
        {"now": now},
    )
    return gone | changed


def _ids(con: Cursor, sql: str, parameters: Mapping[str, Any] | None = None) -> set[Any]:
    """The ids or keys that a statement answers."""
    return {one for (one,) in con.rows(sql, parameters) if one is not None}


def _replace_sets(con: Cursor, table: str, key: str, columns: str, *, keys: str, wanted: str) -> set[Any]:
    """Make the rows that a table has of each of these keys exactly `wanted`; both are queries.

    A key whose rows are so already is left alone. Returns those that were not.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE legacy_wanted AS {wanted}")
    there = f"SELECT {columns} FROM {table} WHERE {key} IN ({keys})"  # noqa: S608 - our own names
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE legacy_differ AS
        SELECT DISTINCT {key}
        FROM ((SELECT {columns} FROM legacy_wanted EXCEPT {there})
              UNION ALL
              ({there} EXCEPT SELECT {columns} FROM legacy_wanted))
        """  # noqa: S608 - our own names
    )
    con.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM legacy_differ)")  # noqa: S608 - our own names
    con.execute(
        f"""
        INSERT INTO {table} ({columns})
        SELECT {columns} FROM legacy_wanted WHERE {key} IN (SELECT {key} FROM legacy_differ)
        """  # noqa: S608 - our own names
    )
    return {one for (one,) in con.rows(f"SELECT {key} FROM legacy_differ")}  # noqa: S608 - our own names
