"""What the page of the comparisons asks beyond what store/parity_results.py answers.

Groups of differences, the course of the share that is equal, and of one record what ShipStation answered and how each
side came to its value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shipsync.rules.legacy import LEGACY, manual_orders_on, versions_on
from shipsync.rules.parity_verdicts import Mode
from shipsync.store import parity_results, timeline
from shipsync.store.cursor import Cursor
from shipsync.store.legacy import manual_takes
from shipsync.store.parity import checked
from shipsync.store.parity_results import Difference
from shipsync.store.timeline import Raw

_MOST_ORDERS = 1_000  # of a group, for telling what they have in common
_MOST_PARCELS = 10  # of one order, whose records are offered
_MOST_PAGES = 40  # that are looked through for a record that nothing names


@dataclass(frozen=True, slots=True)
class Group:
    """The differences of one field that are there now. Counts are records, not fields of them."""

    entity: str
    field: str  # '': the record as a whole
    confirmed: int
    suspect: int
    stale_input: int
    ignored: int
    explained: int
    order_ids: tuple[int, ...]  # of what is confirmed or suspect, else of all; the lowest thousand
    first_seen_at: datetime
    last_seen_at: datetime


def edition(con: Cursor) -> tuple[object, ...]:
    """What moves with every change, comparison, ignore rule and backup: cheap, for knowing when to ask for more."""
    row = con.row(
        """
        SELECT (SELECT count(*) FROM parity_changes),
               (SELECT count(*) FROM parity_runs),
               (SELECT max(finished_at) FROM parity_runs),
               (SELECT count(*) + count(approver) + count(withdrawn_at) + sum(hits) FROM parity_ignore_rules),
               (SELECT max(finished_at) FROM runs WHERE workflow_name = 'backup')
        """
    )
    return tuple(row or ())


def groups(con: Cursor, mode: str, run_id: str | None = None) -> list[Group]:
    """What differs now, by entity and field: most confirmed first, then what may become so.

    With `run_id` only what that comparison saw: no replay says of another one's differences that they are gone.
    """
    rows = con.rows(
        f"""
        SELECT entity, field,
               count(*) FILTER (verdict = 'confirmed') AS confirmed,
               count(*) FILTER (verdict = 'suspect') AS suspect,
               count(*) FILTER (verdict = 'stale-input') AS stale_input,
               count(*) FILTER (verdict = 'ignored') AS ignored,
               count(*) FILTER (verdict = 'explained') AS explained,
               list_sort(list(DISTINCT order_id)
                         FILTER (order_id IS NOT NULL AND verdict IN ('confirmed', 'suspect')))[:{_MOST_ORDERS}],
               list_sort(list(DISTINCT order_id) FILTER (order_id IS NOT NULL))[:{_MOST_ORDERS}],
               min(first_seen_at), max(last_seen_at)
        FROM parity_differences
        WHERE mode = $mode AND gone_at IS NULL AND ($run_id IS NULL OR run_id = $run_id)
        GROUP BY entity, field
        ORDER BY confirmed DESC, suspect DESC, stale_input DESC, ignored DESC, entity, field
        """,  # noqa: S608 - our own number
        {"mode": mode, "run_id": run_id},
    )
    return [Group(*(*row[:7], tuple(row[7] or row[8] or ()), *row[9:])) for row in rows]


def records(
    con: Cursor,
    mode: Mode,
    run_id: str | None,
    *,
    entity: str | None = None,
    field_name: str | None = None,
    order_id: int | None = None,
    limit: int | None = None,
) -> list[Difference]:
    """What differs now of one group, or of one order; `run_id` as for `groups`. Those seen last come first."""
    found = parity_results.differences(
        con, [mode], entity=entity, field_name=field_name, order_id=order_id, is_there=True, limit=limit
    )
    return [one for one in found if run_id in (None, one.run_id)]


def order_named(con: Cursor, order_id: int) -> tuple[str, str] | None:
    """(key, number) of a ShipStation order in production; None where production has none."""
    row = con.row(
        """
        SELECT order_key, order_number
        FROM orders_inbox
        WHERE shipstation_order_id = $order_id
        ORDER BY order_key
        LIMIT 1
        """,
        {"order_id": order_id},
    )
    return (row[0], row[1]) if row is not None else None


# Of one record: what ShipStation answered, and how each side came to its value


@dataclass(frozen=True, slots=True)
class Record:
    """One record of ShipStation's."""

    kind: Literal["order", "shipment", "fulfillment"]  # an order, a label, a mark as shipped
    record_id: int


# By kind: the lists that tell of it, and under which names an answer has it.
_LISTS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "order": (("orders",), "orders", "orderId"),
    "shipment": (("shipments", "voids"), "shipments", "shipmentId"),
    "fulfillment": (("fulfillments",), "fulfillments", "fulfillmentId"),
}


def records_behind(con: Cursor, one: Difference) -> list[Record]:
    """ShipStation's records that a difference is told from, its own first. `con` looks into the candidate's lane."""
    found = [own_record(one)]
    if one.order_id is not None:
        found.append(Record("order", one.order_id))
        if one.entity in ("order", "shipped_order", "shipped_item"):
            found += [Record(*row) for row in con.rows(
                """
                SELECT kind, parcel_id
                FROM (SELECT 'shipment' AS kind, shipment_id AS parcel_id, created_at
                      FROM shipments
                      WHERE shipstation_order_id = $order_id
                      UNION ALL
                      SELECT 'fulfillment', fulfillment_id, created_at
                      FROM fulfillments
                      WHERE shipstation_order_id = $order_id)
                ORDER BY created_at, kind, parcel_id
                LIMIT $most
                """,
                {"order_id": one.order_id, "most": _MOST_PARCELS},
            )]  # fmt: skip
    return list(dict.fromkeys(record for record in found if record is not None))


def own_record(one: Difference) -> Record | None:
    """The parcel that a key names; None of what is told from an order."""
    kind, _, rest = one.key.partition(" · ")
    if one.entity == "shipment" or (one.entity, kind) == ("shipped_item", "shipment"):
        return Record("shipment", int(rest.partition(" · ")[0] or kind))
    if one.entity == "fulfillment" or (one.entity, kind) == ("shipped_item", "fulfillment"):
        return Record("fulfillment", int(rest.partition(" · ")[0] or kind))
    return None


def newest_answer(con: Cursor, record: Record, version_at: datetime | None) -> Raw | None:
    """What ShipStation answered last of a record, as the unified sync has kept it; None where no page has it.

    Of a record that the unified sync holds nothing of, the pages are looked through that were asked for the instant of
    its version. `con` looks into the candidate's lane.
    """
    feeds, list_name, id_name = _LISTS[record.kind]
    if record.kind == "order":
        routed = timeline.versions(con, record.record_id)[-1:]
        pages = [(one.reading_id, one.page_no) for one in routed]
        found = next(timeline.raw_on(con, pages, list_name, id_name, record.record_id), None)
    else:
        found = timeline.raw_parcel(con, record.kind, record.record_id)
    if found is not None or version_at is None:
        return found
    rows = con.rows(
        """
        SELECT p.reading_id, p.page_no
        FROM readings r
        JOIN api_pages p USING (reading_id)
        WHERE r.feed IN (SELECT unnest($feeds)) AND $at BETWEEN r.window_start AND r.window_end
        ORDER BY p.answered_at DESC, p.reading_id DESC, p.page_no DESC
        LIMIT $most
        """,
        {"feeds": list(feeds), "at": version_at, "most": _MOST_PAGES},
    )
    return next(timeline.raw_on(con, [(row[0], row[1]) for row in rows], list_name, id_name, record.record_id), None)


@dataclass(frozen=True, slots=True)
class Written:
    """A row of a lane: when it was written, and which runs of the legacy workflows were under way then."""

    entity: str
    key: str
    version_at: datetime | None  # the version of ShipStation's record that it holds; None: it holds none of its own
    first_at: datetime | None  # None: not kept
    first_by: tuple[str, ...]  # runs; none: whatever wrote it was no run of theirs
    last_at: datetime
    last_by: tuple[str, ...]


def written(con: Cursor, lane: str, order_id: int | None, parcel: Record | None = None) -> list[Written]:
    """What a lane has of an order and of a parcel, and which legacy runs may have written it.

    The rows of a lane name no run. There is one run of a workflow at a time (DESIGN D7), so the instant names it.
    Raises ValueError for a lane whose name is none.
    """
    name = checked(lane)
    rows = con.rows(
        f"""
        WITH there AS (
            SELECT 'order' AS entity, shipstation_order_id AS id, modified_at AS version_at, created_at AS first_at,
                   updated_at AS last_at
            FROM {name}.orders_inbox
            WHERE shipstation_order_id = $order_id
            UNION ALL
            SELECT 'shipped_order', shipstation_order_id, NULL, NULL, updated_at
            FROM {name}.shipped_orders
            WHERE shipstation_order_id = $order_id
            UNION ALL
            SELECT 'shipment', shipment_id, greatest(created_at, voided_at), first_seen_at, updated_at
            FROM {name}.shipments
            WHERE shipstation_order_id = $order_id OR shipment_id = $shipment_id
            UNION ALL
            SELECT 'fulfillment', fulfillment_id, greatest(created_at, voided_at), first_seen_at, updated_at
            FROM {name}.fulfillments
            WHERE shipstation_order_id = $order_id OR fulfillment_id = $fulfillment_id
        ),
        legacy_runs AS (
            SELECT run_id, started_at, coalesce(finished_at, 'infinity'::TIMESTAMPTZ) AS finished_at
            FROM runs
            WHERE workflow_name IN (SELECT unnest($legacy))
        )
        SELECT entity, CAST(id AS VARCHAR), version_at,
               first_at, (SELECT list(run_id ORDER BY run_id) FROM legacy_runs
                          WHERE first_at BETWEEN started_at AND finished_at),
               last_at, (SELECT list(run_id ORDER BY run_id) FROM legacy_runs
                         WHERE last_at BETWEEN started_at AND finished_at)
        FROM there
        ORDER BY last_at, entity, id
        """,  # noqa: S608 - a checked name of a lane
        {
            "order_id": order_id,
            "shipment_id": parcel.record_id if parcel is not None and parcel.kind == "shipment" else None,
            "fulfillment_id": parcel.record_id if parcel is not None and parcel.kind == "fulfillment" else None,
            "legacy": list(LEGACY),
        },
    )
    return [Written(*(*row[:4], tuple(row[4] or ()), row[5], tuple(row[6] or ()))) for row in rows]


@dataclass(frozen=True, slots=True)
class LegacyReading:
    """What the rules of the legacy workflows say to a record as it came, asked anew: they keep no record of that."""

    status_sync: str | None  # why it cannot use the record, as a sentence; None: it takes it, if the order is here
    manual_order_sync: str | None  # why it leaves the record out: a reason or a sentence; None: it takes it


def legacy_reading(con: Cursor, raw: Raw) -> LegacyReading:
    """What both legacy workflows make of the record of an order. `con` looks where the key products stand."""
    at = raw.answered_at
    if at is None:
        raise ValueError("a record of an answer has the instant of that answer")
    page = f'{{"orders": [{raw.record}]}}'
    known, manual = versions_on(page, at), manual_orders_on(page, at, manual_takes(con))
    return LegacyReading(
        next(iter(known.unreadable), None), next(iter((*manual.unreadable, *manual.passed_over)), None)
    )


@dataclass(frozen=True, slots=True)
class ReplayedOrder:
    """What the newest replay of one order alone has found."""

    finished_at: datetime
    differs: tuple[tuple[str, str, str | None, str | None], ...]  # entity, field, control, candidate


def replayed_order(con: Cursor, order_id: int) -> ReplayedOrder | None:
    """None where it was never replayed alone."""
    row = con.row(
        """
        SELECT finished_at, json_extract(result, '$.differs')
        FROM jobs
        WHERE kind = 'parity-replay'
          AND status = 'succeeded'
          AND CAST(json_extract(arguments, '$.order_id') AS BIGINT) = $order_id
        ORDER BY finished_at DESC, length(job_id) DESC, job_id DESC
        LIMIT 1
        """,
        {"order_id": order_id},
    )
    return ReplayedOrder(row[0], tuple(tuple(one) for one in json.loads(row[1]))) if row is not None else None
