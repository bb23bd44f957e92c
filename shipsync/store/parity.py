"""Two lanes held against each other: every record of either side, by key and field (DESIGN D19).

    compare(con, control, candidate)            what differs, with both values as text, and how much was compared
    aggregates(con, control, candidate)         sums by ship date, carrier, status and SKU: the second net
    differing_orders(con, control, candidate)   the orders of which anything differs

A full outer join of each entity by its key, so what is missing on either side shows, and what is there twice. It is
made in two passes, because a row has up to forty fields and nearly all are equal: the first joins a fingerprint of 64
bits of each record's fields, the second reads the fields of those that differ. Two different records have one
fingerprint with a chance of one in 10^19.

The lanes are schemas of this database, `main` among them; they are only read. What is compared is told by
rules/parity_fields.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shipsync.rules.census import LABELS_AGAIN
from shipsync.rules.deployment import UNIFIED
from shipsync.rules.parity_fields import AGGREGATE, ENTITIES, LIST, PRESENCE, RECORDS, Entity, differing
from shipsync.rules.parity_intended import Circumstances
from shipsync.rules.parity_verdicts import ON_ORDERS, Found, Kind, Passed, Passes
from shipsync.store.cursor import Cursor

_LANE = re.compile(r"[a-z][a-z0-9_]{0,40}")
MOST_KEYS = 2_000  # of one entity that are shown; more are counted
THERE = "there"  # in place of a value, of a record that is
_NONE = "-"  # in the key of a sum, where its records have no such thing
_PASSED_OVER = ("skip", "quarantine", "conflict")  # routes that leave an order out
# Fields that say whose an order is: where they differ, both sides have seen it and took it for another one.
_ROUTED = ("order_key", "source_system", "parent_order_id")


@dataclass(frozen=True, slots=True)
class _Source:
    """Where an entity's records stand in a lane."""

    rows: str  # a FROM clause that calls the record's table `t`; {lane} is the schema
    key: tuple[str, ...]  # SQL of the parts of the key, by which both sides are joined
    order_id: str  # SQL of the ShipStation order it belongs to
    moved_at: str  # SQL of the newest instant that the record itself tells
    has_lines: bool = False  # several rows may have one key: its lines
    where: str = "true"


_MOVED = "greatest(t.created_at, t.voided_at)"  # greatest passes over null
_SOURCES: Mapping[str, _Source] = {
    "order": _Source(
        "{lane}.orders_inbox t",
        ("t.shipstation_order_id",),
        "t.shipstation_order_id",
        "coalesce(t.modified_at, t.uploaded_at, t.created_at)",
        where="t.shipstation_order_id IS NOT NULL",
    ),
    "order_item": _Source(
        "{lane}.order_items_inbox t JOIN (SELECT order_key, shipstation_order_id FROM {lane}.orders_inbox "
        "WHERE shipstation_order_id IS NOT NULL) o USING (order_key)",
        ("o.shipstation_order_id", "coalesce(t.sku, '')"),
        "o.shipstation_order_id",
        "NULL::TIMESTAMPTZ",
        has_lines=True,
    ),
    "shipped_order": _Source(
        "{lane}.shipped_orders t", ("t.shipstation_order_id",), "t.shipstation_order_id", "NULL::TIMESTAMPTZ"
    ),
    "shipped_item": _Source(
        "{lane}.shipped_items t",
        ("t.parcel_kind", "t.parcel_id", "coalesce(t.sku, '')"),
        "t.shipstation_order_id",
        "NULL::TIMESTAMPTZ",
        has_lines=True,
    ),
    "shipment": _Source("{lane}.shipments t", ("t.shipment_id",), "t.shipstation_order_id", _MOVED),
    "fulfillment": _Source("{lane}.fulfillments t", ("t.fulfillment_id",), "t.shipstation_order_id", _MOVED),
}
# Fields that are compared of some records only (rules/parity_fields.py says which).
_ONLY = {("order", "order_total"): "CASE WHEN t.source_system <> 'X-Cart' THEN t.order_total END"}
# Records of orders that are on neither side are left out.
_OF_ORDERS_HERE = ("shipment", "fulfillment")
_HERE = """
    SELECT shipstation_order_id FROM {lane}.orders_inbox WHERE shipstation_order_id IS NOT NULL
    UNION ALL
    SELECT shipstation_order_id FROM {lane}.shipped_orders
"""
# Of entities with lines: the field that adds them up, and the one that lists the same.
_SUMMED, _LISTED = "quantity", "lines"

# Orders that have changed, or whose parcels have, since an instant.
_MOVING_ORDERS = """
    SELECT shipstation_order_id FROM {lane}.orders_inbox
    WHERE coalesce(modified_at, uploaded_at, created_at) > ${instant} AND shipstation_order_id IS NOT NULL
"""
_MOVING_PARCELS = """
    SELECT shipstation_order_id FROM {lane}.shipments
    WHERE greatest(created_at, voided_at) > ${instant} AND shipstation_order_id IS NOT NULL
    UNION
    SELECT shipstation_order_id FROM {lane}.fulfillments
    WHERE greatest(created_at, voided_at) > ${instant} AND shipstation_order_id IS NOT NULL
"""

_MOVING = (_MOVING_ORDERS, _MOVING_PARCELS)
_LATELY = "orders_lately"

# Parcels from before an instant, of orders that have changed since.
_OLDER_PARCELS = """
    SELECT shipstation_order_id FROM {lane}.shipments
    WHERE created_at <= $since AND shipstation_order_id IN (FROM lately)
    UNION ALL
    SELECT shipstation_order_id FROM {lane}.fulfillments
    WHERE created_at <= $since AND shipstation_order_id IN (FROM lately)
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """How much of one entity was compared."""

    keys: int  # on either side
    pending: int  # not passed by both engines yet, so not compared
    overdue: int  # of the pending: of versions from before an instant that was asked for
    oldest_pending_at: datetime | None  # the version that has waited longest
    differing: int  # of the others: that differ as they stand
    is_cut: bool  # more differ than are listed


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison saw."""

    counted: Mapping[str, Counted]  # by entity
    found: tuple[Found, ...]
    cleaned: Mapping[tuple[str, str, str], int]  # (entity, field, cleaning rule) -> settled keys that it made equal
    about: Mapping[int, Circumstances] = field(default_factory=dict)  # of the orders that differ
    unread: Mapping[str, Sequence[Unread]] = field(default_factory=dict)  # by entity: that differ, too

    @property
    def order_ids(self) -> list[int]:
        """The orders of which something differs."""
        ids = {one.order_id for one in self.found}
        ids |= {order_id for keys in self.unread.values() for one in keys for order_id in one.order_ids}
        return sorted(order_id for order_id in ids if order_id is not None)

    @property
    def label_ids(self) -> list[int]:
        """The labels that differ."""
        keys = {one.key for one in self.found if one.entity == "shipment"}
        return sorted(int(key) for key in keys | {one.key for one in self.unread.get("shipment", ())})


@dataclass(frozen=True, slots=True)
class Unread:
    """A key that differs and whose fields were not read."""

    key: str
    order_ids: tuple[int | None, int | None]  # the order it belongs to on either side
    is_pending: bool


@dataclass(frozen=True, slots=True)
class _Key:
    parts: tuple[Any, ...]
    is_pending: bool
    order_ids: tuple[int | None, int | None]

    @property
    def text(self) -> str:
        return " · ".join(str(part) if part != "" else _NONE for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Record:
    times: int  # rows with that key: its lines, where it may have several
    order_id: int | None
    moved_at: datetime | None
    values: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class _Order:
    version_at: datetime | None
    modified_at: datetime | None
    status: str
    status_reason: str | None
    parent_order_id: int | None


def compare(
    con: Cursor,
    control: str,
    candidate: str,
    passes: Passes | None,
    *,
    overdue_before: Mapping[str, datetime] | None = None,
    read_last: Mapping[tuple[str, str], datetime] | None = None,
    most_keys: int = MOST_KEYS,
) -> Comparison:
    """Hold all records of two lanes against each other.

    `passes` says how far both engines have read; None: to the end of the same answers, so that nothing is pending.
    A key is overdue that is pending and of a version from before `overdue_before[entity]`. Of each entity at most
    `most_keys` differing keys are read, the lowest; those of `read_last` only after all others, and of them first those
    that were read longest ago. The counts hold all.
    Raises ValueError for a lane whose name is none.
    """
    lanes = (checked(control), checked(candidate))
    counted: dict[str, Counted] = {}
    listed: dict[str, list[_Key]] = {}
    unread: dict[str, Sequence[Unread]] = {}
    with _lately_told(con, lanes, passes.since if passes is not None else None):
        for name in RECORDS:
            counted[name], keys = _first_pass(con, name, lanes, passes, (overdue_before or {}).get(name), most_keys)
            if counted[name].is_cut:
                keys = _in_turn(name, keys, read_last or {})
            listed[name] = keys[:most_keys]
            unread[name] = [Unread(one.text, one.order_ids, one.is_pending) for one in keys[most_keys:]]
    records = {
        name: [_read(con, ENTITIES[name], lane, listed[name]) for lane in lanes] for name in RECORDS if listed[name]
    }
    ids = sorted(
        {one.order_id for sides in records.values() for side in sides for one in side.values() if one.order_id}
    )
    orders = [_orders(con, lane, ids) for lane in lanes]
    found: list[Found] = []
    cleaned: Counter[tuple[str, str, str]] = Counter()
    for name, sides in records.items():
        for key in listed[name]:
            found += _found(ENTITIES[name], key, sides, orders, cleaned)
    routes = [_passed_over(con, lane, ids) for lane in lanes]
    found = [_with_route(one, routes) for one in found]
    gone = _gone(con, ids) if passes is not None else frozenset()  # of a replay both sides were told the same
    about = _circumstances(con, lanes[1], ids, orders, gone)
    return Comparison(counted, tuple(found), dict(cleaned), about, unread)


def differing_orders(con: Cursor, control: str, candidate: str) -> list[int]:
    """The ShipStation orders of which anything that is compared differs between two lanes, as it stands; sorted.

    All of them, however many, those that move just now as well. Raises ValueError for a lane whose name is none.
    """
    lanes = (checked(control), checked(candidate))
    ids: set[int] = set()
    for name in RECORDS:
        rows = con.rows(
            f"{_joined(name, lanes)} SELECT DISTINCT unnest([order_0, order_1]) FROM joined WHERE differs"  # noqa: S608
        )
        ids |= {order_id for (order_id,) in rows if order_id is not None}
    return sorted(ids)


def aggregates(
    con: Cursor,
    control: str,
    candidate: str,
    passes: Passes | None,
    *,
    leaving_out: Sequence[int] = (),
    labels: Sequence[int] = (),
    most_keys: int = MOST_KEYS,
) -> tuple[Counted, tuple[Found, ...]]:
    """Sums over two lanes by ship date, carrier, status and SKU: records, units and cost, wherever they differ.

    What is moving is left out, and so are labels of orders that are on neither side, the orders `leaving_out` and the
    labels `labels`, whose difference is known already. What differs then has slipped through the first net.
    Raises ValueError for a lane whose name is none.
    """
    lanes = (checked(control), checked(candidate))
    settled = passes.settled(AGGREGATE) if passes is not None else None
    if passes is not None and settled is None:
        return Counted(0, 0, 0, None, 0, is_cut=False), ()
    covered, moving, standing = "", "", ""
    parameters: dict[str, object] = {"orders": list(leaving_out), "labels": list(labels)}
    if settled is not None:
        moving = f"UNION ({_changed(lanes, 'settled', _MOVING)})"
        standing = "AND NOT coalesce(greatest(created_at, voided_at) > $settled, false)"
        parameters["settled"] = settled
    if passes is not None and passes.since is not None:
        covered = _covered(lanes)
        moving += f"""
            UNION (SELECT shipstation_order_id
                   FROM ({" UNION ALL ".join(_HERE.format(lane=lane) for lane in lanes)})
                   WHERE shipstation_order_id NOT IN (FROM covered))
        """  # noqa: S608 - our own expressions
        standing += " AND greatest(created_at, voided_at) > $since"
        parameters["since"] = passes.since
    sums = [_SUMS.format(lane=lane, standing=standing) for lane in lanes]
    rows = con.rows(
        f"""
        WITH {covered}
        left_out AS (SELECT unnest($orders)::BIGINT AS order_id {moving}),
        known_labels AS (SELECT unnest($labels)::BIGINT AS shipment_id),
        here AS ({" UNION ALL ".join(_HERE.format(lane=lane) for lane in lanes)}),
        control AS MATERIALIZED ({sums[0]}),
        candidate AS MATERIALIZED ({sums[1]})
        SELECT coalesce(a.key, b.key), a.records, a.units, a.cost, b.records, b.units, b.cost
        FROM control a
        FULL JOIN candidate b USING (key)
        ORDER BY 1
        """,  # noqa: S608 - our own expressions
        parameters,
    )
    found = []
    count = 0
    for key, *values in rows:
        texts = [None if value is None else str(value) for value in values]
        differ, _ = differing(ENTITIES[AGGREGATE], texts[:3], texts[3:])
        count += bool(differ)
        if count <= most_keys:
            found += [
                Found(AGGREGATE, key, one.field, "field-differs", None, one.control, one.candidate, None, True, False)
                for one in differ
            ]
    return Counted(len(rows), 0, 0, None, count, is_cut=count > most_keys), tuple(found)


def passed(con: Cursor, lane: str, workflows: Sequence[str]) -> Passed:
    """How far the engine of a lane has read: one workflow, or several that only together have read everything.

    The lists of parcels are those that a workflow keeps marks for; one without any reads them with its orders.
    Raises ValueError for a lane whose name is none.
    """
    lane = checked(lane)
    names = {"names": list(workflows)}
    marks = con.rows(
        f"""
        SELECT workflow_name, CASE WHEN isfinite(complete_through) THEN complete_through END
        FROM {lane}.sync_watermark
        WHERE workflow_name IN (SELECT unnest($names))
        """,  # noqa: S608 - the checked name of a lane
        names,
    )
    feeds = con.rows(
        f"""
        SELECT feed, CASE WHEN isfinite(complete_through) THEN complete_through END
        FROM {lane}.feed_marks
        WHERE workflow_name IN (SELECT unnest($names)) AND feed IN (SELECT unnest($lists))
        """,  # noqa: S608 - the checked name of a lane
        names | {"lists": ["shipments", "voids", "fulfillments", LABELS_AGAIN]},
    )
    through: dict[str, datetime | None] = dict(marks)
    orders = [through.get(name) for name in workflows]
    parcels = [at for feed, at in feeds if feed != LABELS_AGAIN] or orders
    corrections = next((at for feed, at in feeds if feed == LABELS_AGAIN), None)
    return Passed(_least(orders), _least(parcels), corrections)


def read_from(con: Cursor, lane: str) -> datetime | None:
    """From when on the unified sync has read all orders in a lane; None where it has read none yet.

    Raises ValueError for a lane whose name is none.
    """
    since: datetime | None = con.value(
        f"SELECT min(window_start) FROM {checked(lane)}.readings WHERE workflow_name = $unified AND feed = 'orders'",  # noqa: S608
        {"unified": UNIFIED},
    )
    return since


def first_pass_at(con: Cursor, workflow: str, since: datetime) -> datetime | None:
    """When the first run of a workflow that succeeded began since an instant."""
    at: datetime | None = con.value(
        """
        SELECT min(started_at)
        FROM runs
        WHERE workflow_name = $workflow AND status = 'succeeded' AND started_at >= $since
        """,
        {"workflow": workflow, "since": since},
    )
    return at


def _least(instants: Iterable[datetime | None]) -> datetime | None:
    known = list(instants)
    there = [one for one in known if one is not None]
    return min(there) if there and len(there) == len(known) else None


def checked(lane: str) -> str:
    """The name of a lane, fit to stand in SQL. Raises ValueError for anything else."""
    if _LANE.fullmatch(lane) is None:
        raise ValueError(f"{lane!r} is no name of a lane")
    return lane


# The first pass: fingerprints


def _expressions(entity: Entity) -> list[str]:
    """SQL of each compared field of one row. The place of a line is none: lines have no order."""
    source = _SOURCES[entity.name]
    names = [one.name for one in entity.fields if not (source.has_lines and one.name == _LISTED)]
    return [_column(entity.name, name) for name in names]


def _column(entity: str, field_name: str) -> str:
    return _ONLY.get((entity, field_name), f"t.{field_name}")


def _fingerprints(name: str, lane: str) -> str:
    """One row per key of a lane: the parts of the key k0.., times, fingerprint, order_id, moved_at."""
    source = _SOURCES[name]
    keys = ", ".join(f"{sql} AS k{place}" for place, sql in enumerate(source.key))
    columns = f"hash({', '.join(_expressions(ENTITIES[name]))})"
    rows = source.rows.format(lane=lane)
    # Two orders may have one id, if an engine takes one order for two; of all others the table itself allows one.
    if not source.has_lines and name != "order":
        return (
            f"SELECT {keys}, 1 AS times, {columns} AS fingerprint, {source.order_id} AS order_id, "  # noqa: S608
            f"{source.moved_at} AS moved_at FROM {rows} WHERE {source.where}"
        )
    return (
        f"SELECT {keys}, count(*) AS times, sum({columns}) AS fingerprint, "  # noqa: S608 - our own expressions
        f"any_value({source.order_id}) AS order_id, max({source.moved_at}) AS moved_at FROM {rows} "
        f"WHERE {source.where} GROUP BY ALL"
    )


def _joined(name: str, lanes: Sequence[str]) -> str:
    """A WITH clause whose `joined` has every key of either side once: k0.., order_0, order_1, moved_at, differs."""
    parts = [f"k{place}" for place in range(len(_SOURCES[name].key))]
    here, are_here = "", "true"
    if name in _OF_ORDERS_HERE:
        here = f"here AS ({' UNION ALL '.join(_HERE.format(lane=lane) for lane in lanes)}),"
        are_here = "coalesce(a.order_id IN (FROM here), false) OR coalesce(b.order_id IN (FROM here), false)"
    return f"""
        WITH {here}
        a AS ({_fingerprints(name, lanes[0])}),
        b AS ({_fingerprints(name, lanes[1])}),
        joined AS (
            SELECT {", ".join(parts)}, a.order_id AS order_0, b.order_id AS order_1,
                   greatest(a.moved_at, b.moved_at) AS moved_at,
                   a.fingerprint IS DISTINCT FROM b.fingerprint OR a.times IS DISTINCT FROM b.times
                       {"OR a.times > 1" if name == "order" else ""} AS differs
            FROM a
            FULL JOIN b USING ({", ".join(parts)})
            WHERE {are_here}
        )
    """  # noqa: S608 - our own expressions


def _changed(lanes: Sequence[str], instant: str, lists: Sequence[str]) -> str:
    """SQL of the orders that have changed on either side since the instant of that parameter."""
    return " UNION ".join(sql.format(lane=lane, instant=instant) for sql in lists for lane in lanes)


def _covered(lanes: Sequence[str]) -> str:
    """CTEs of the orders `lately` that have changed since $since, or their parcels, and of those that are `covered`.

    Of the covered ones an engine that reads from there on sees everything: it sees the order itself, and none of its
    parcels is older. An order that has left both inboxes is told by its parcels alone.
    """
    left = "SELECT shipstation_order_id FROM {lane}.orders_inbox WHERE shipstation_order_id IN (FROM unseen)"
    outside = " UNION ALL ".join(sql.format(lane=lane) for sql in (left, _OLDER_PARCELS) for lane in lanes)
    return f"""
        changed AS MATERIALIZED ({_changed(lanes, "since", (_MOVING_ORDERS,))}),
        lately AS MATERIALIZED (FROM changed UNION {_changed(lanes, "since", (_MOVING_PARCELS,))}),
        unseen AS MATERIALIZED (FROM lately EXCEPT FROM changed),
        covered AS MATERIALIZED (SELECT shipstation_order_id FROM lately WHERE shipstation_order_id NOT IN ({outside})),
    """  # noqa: S608 - our own expressions


@contextmanager
def _lately_told(con: Cursor, lanes: Sequence[str], since: datetime | None) -> Iterator[None]:
    """While the block runs, `_LATELY` is the orders `lately` of `_covered`, each with whether it is covered.

    Told once for all entities: of a million orders it takes longer than an entity itself.
    """
    if since is None:
        yield
        return
    sql = f"""
        WITH {_covered(lanes)}
        told AS (SELECT shipstation_order_id, shipstation_order_id IN (FROM covered) AS is_covered FROM lately)
        FROM told
    """  # noqa: S608 - our own expressions
    con.register(_LATELY, con.table(sql, {"since": since}))
    try:
        yield
    finally:
        con.unregister(_LATELY)


def _first_pass(
    con: Cursor,
    name: str,
    lanes: Sequence[str],
    passes: Passes | None,
    overdue_before: datetime | None,
    most_keys: int,
) -> tuple[Counted, list[_Key]]:
    settled = passes.settled(name) if passes is not None else None
    parts = ", ".join(f"k{place}" for place in range(len(_SOURCES[name].key)))
    moving, pending = "", "false"
    parameters: dict[str, object] = {"overdue_before": overdue_before}
    since = passes.since if passes is not None else None
    is_covered = "true"
    if since is not None:
        orders = f"SELECT shipstation_order_id FROM {_LATELY}"  # noqa: S608 - our own name
        if name in _OF_ORDERS_HERE:  # a label is read by itself, and one of before is not, whatever became of its order
            parameters["since"] = since
            is_covered = "moved_at > $since AND "
        else:
            orders += " WHERE is_covered"
            is_covered = ""
        is_covered += f"(coalesce(order_0 IN ({orders}), false) OR coalesce(order_1 IN ({orders}), false))"
    if passes is not None and settled is None:
        pending = "true"
    elif settled is not None:
        parameters["settled"] = settled
        pending = "coalesce(moved_at > $settled, false)"
        if name in ("order_item", "shipped_order", "shipped_item"):
            lists = (_MOVING_ORDERS,) if name in ON_ORDERS else _MOVING
            moving = f", moving AS MATERIALIZED ({_changed(lanes, 'settled', lists)})"
            pending = "(order_0 IN (FROM moving) OR order_1 IN (FROM moving))"
            pending = f"coalesce({pending}, false)"
    row = con.rows(
        f"""
        {_joined(name, lanes)} {moving},
        told AS (
            SELECT {parts}, moved_at, differs, {pending} AS is_pending, order_0, order_1 FROM joined WHERE {is_covered}
        )
        SELECT count(*),
               count(*) FILTER (is_pending),
               count(*) FILTER (is_pending AND moved_at < $overdue_before::TIMESTAMPTZ),
               min(moved_at) FILTER (is_pending),
               count(*) FILTER (differs AND NOT is_pending),
               count(*) FILTER (differs),
               list(({parts}, is_pending, order_0, order_1)) FILTER (differs)
        FROM told
        """,  # noqa: S608 - our own expressions
        parameters,
    )[0]
    keys = [_Key(tuple(one[:-3]), one[-3], (one[-2], one[-1])) for one in row[6] or []]
    return Counted(*(*row[:5], row[5] > most_keys)), sorted(keys, key=lambda one: one.parts)


def _in_turn(name: str, keys: Iterable[_Key], read_last: Mapping[tuple[str, str], datetime]) -> list[_Key]:
    """Keys in the order in which they are to be read."""
    known = [(read_last.get((name, one.text)), one) for one in keys]
    at_last = sorted(((at, one.parts, one) for at, one in known if at is not None), key=lambda each: each[:2])
    return [one for at, one in known if at is None] + [one for _, _, one in at_last]


# The second pass: fields


def _read(con: Cursor, entity: Entity, lane: str, keys: Sequence[_Key]) -> dict[tuple[Any, ...], _Record]:
    """The records of a lane under these keys, with each field as text."""
    source = _SOURCES[entity.name]
    parts = [f"k{place}" for place in range(len(source.key))]
    wanted = ", ".join(f"unnest(${part}) AS {part}" for part in parts)
    named = ", ".join(f"{sql} AS {part}" for part, sql in zip(parts, source.key, strict=True))
    values = ", ".join(f"{_text(source, entity, one.name)} AS v{place}" for place, one in enumerate(entity.fields))
    grouped, times = "", f"count(*) OVER (PARTITION BY {source.key[0]})"
    order_id = source.order_id
    if source.has_lines:
        grouped, times, order_id = "GROUP BY ALL", "count(*)", f"any_value({source.order_id})"
    rows = con.rows(
        f"""
        WITH wanted AS MATERIALIZED (SELECT {wanted})
        SELECT {named}, {times} AS times, {order_id} AS order_id, {source.moved_at} AS moved_at, {values}
        FROM {source.rows.format(lane=lane)}
        WHERE {source.where} AND ({", ".join(source.key)}) IN (SELECT ({", ".join(parts)}) FROM wanted)
        {grouped}
        ORDER BY ALL
        """,  # noqa: S608 - our own expressions
        {part: [key.parts[place] for key in keys] for place, part in enumerate(parts)},
    )
    width = len(parts)
    # Of two under one key the first is shown; that there are two is what differs.
    return {
        row[:width]: _Record(row[width], row[width + 1], row[width + 2], row[width + 3 :]) for row in reversed(rows)
    }


def _text(source: _Source, entity: Entity, field_name: str) -> str:
    """SQL of a field as text. Of several lines under one key: units added up, all else as a list.

    All lists have one order, told by all that is in a line: equal lines give equal lists in whatever order they came.
    """
    if not source.has_lines:
        return f"CAST({_column(entity.name, field_name)} AS VARCHAR)"
    if field_name == _SUMMED:
        return f"CAST(sum(t.{_SUMMED}) AS VARCHAR)"
    column = f"t.{_SUMMED if field_name == _LISTED else field_name}"
    by = ", ".join(f"t.{one.name}" for one in entity.fields if one.name != _LISTED)
    listed = f"string_agg(coalesce(CAST({column} AS VARCHAR), '{_NONE}'), '{LIST}' ORDER BY {by})"
    return f"CASE WHEN count({column}) > 0 THEN {listed} END"


def _found(
    entity: Entity,
    key: _Key,
    sides: Sequence[Mapping[tuple[Any, ...], _Record]],
    orders: Sequence[Mapping[int, _Order]],
    cleaned: Counter[tuple[str, str, str]],
) -> Iterable[Found]:
    """What differs under one key. Adds to `cleaned` what differs only as it is written."""
    control, candidate = (side.get(key.parts) for side in sides)
    known = control or candidate
    if known is None:  # an order without an id any more: it changed between the two passes
        return
    order_id = known.order_id
    about = [side.get(order_id) if order_id is not None else None for side in orders]
    versions = [one.version_at for one in about if one is not None]
    versions += [one.moved_at for one in (control, candidate) if one is not None]
    there = [version for version in versions if version is not None]
    is_stale = about[0] is not None and about[1] is not None and about[0].modified_at != about[1].modified_at

    def one(field_name: str, kind: Kind, texts: tuple[str | None, str | None]) -> Found:
        return Found(
            entity.name,
            key.text,
            field_name,
            kind,
            order_id,
            *texts,
            max(there, default=None),
            not key.is_pending,
            is_stale,
        )

    if control is None:
        yield one(PRESENCE, "missing-control", (None, THERE))
    elif candidate is None:
        yield one(PRESENCE, "missing-candidate", (THERE, None))
    elif not _SOURCES[entity.name].has_lines and (control.times > 1 or candidate.times > 1):
        yield one(PRESENCE, "duplicate", (f"{control.times} times", f"{candidate.times} times"))
    else:
        found, alike = differing(entity, control.values, candidate.values)
        if control.times != candidate.times:  # then all lists of theirs differ, and say no more than these
            found = [each for each in found if each.field in (_SUMMED, _LISTED)]
        for field_name, rule in ((same.field, same.rule) for same in alike):
            cleaned[entity.name, field_name, rule] += not key.is_pending
        if not found and not alike:  # the fingerprint tells more than lists as text can
            yield one(PRESENCE, "field-differs", (THERE, THERE))
        for each in found:
            kind: Kind = "routed-differently" if each.field in _ROUTED else "field-differs"
            yield one(each.field, kind, (each.control, each.candidate))


def _orders(con: Cursor, lane: str, order_ids: Sequence[int]) -> dict[int, _Order]:
    rows = con.rows(
        f"""
        SELECT shipstation_order_id, coalesce(modified_at, uploaded_at, created_at), modified_at, status, status_reason,
               parent_order_id
        FROM {lane}.orders_inbox
        WHERE shipstation_order_id IN (SELECT unnest($ids))
        ORDER BY order_key
        """,  # noqa: S608 - the checked name of a lane
        {"ids": list(order_ids)},
    )
    return {order_id: _Order(*rest) for order_id, *rest in rows}


def _passed_over(con: Cursor, lane: str, order_ids: Sequence[int]) -> dict[int, str]:
    """Of these orders, those whose newest version an engine saw and left out: 'skip: no_key_sku'."""
    rows = con.rows(
        f"""
        SELECT shipstation_order_id, route, reason
        FROM {lane}.routing_log
        WHERE shipstation_order_id IN (SELECT unnest($ids))
        QUALIFY row_number() OVER (PARTITION BY shipstation_order_id ORDER BY modified_at DESC) = 1
        """,  # noqa: S608 - the checked name of a lane
        {"ids": list(order_ids)},
    )
    return {order_id: f"{route}: {reason}" for order_id, route, reason in rows if route in _PASSED_OVER}


def _with_route(found: Found, routes: Sequence[Mapping[int, str]]) -> Found:
    """An order that one side lacks because it decided so was not lost there, but routed."""
    if found.entity != "order" or found.order_id is None:
        return found
    if found.kind == "missing-control" and found.order_id in routes[0]:
        return replace(found, kind="routed-differently", control=routes[0][found.order_id])
    if found.kind == "missing-candidate" and found.order_id in routes[1]:
        return replace(found, kind="routed-differently", candidate=routes[1][found.order_id])
    return found


def _gone(con: Cursor, order_ids: Sequence[int]) -> frozenset[int]:
    """Of these orders, those that ShipStation had no more when it was asked for them."""
    rows = con.rows(
        "SELECT order_id FROM parity_asked WHERE is_gone AND order_id IN (SELECT unnest($ids))",
        {"ids": list(order_ids)},
    )
    return frozenset(order_id for (order_id,) in rows)


def _circumstances(
    con: Cursor,
    candidate: str,
    order_ids: Sequence[int],
    orders: Sequence[Mapping[int, _Order]],
    gone: frozenset[int],
) -> dict[int, Circumstances]:
    reasons: dict[int, frozenset[str]] = {
        order_id: frozenset(found)
        for order_id, found in con.rows(
            f"""
            SELECT shipstation_order_id, list(DISTINCT reason)
            FROM {candidate}.routing_log
            WHERE shipstation_order_id IN (SELECT unnest($ids))
            GROUP BY shipstation_order_id
            """,  # noqa: S608 - the checked name of a lane
            {"ids": list(order_ids)},
        )
    }
    about = {}
    for order_id in order_ids:
        control, candidate_order = (side.get(order_id) for side in orders)
        about[order_id] = Circumstances(
            control_status=control.status if control else None,
            candidate_status=candidate_order.status if candidate_order else None,
            candidate_status_reason=candidate_order.status_reason if candidate_order else None,
            candidate_parent=candidate_order.parent_order_id if candidate_order else None,
            reasons=reasons.get(order_id, frozenset()),
            is_gone=order_id in gone,
        )
    return about


# The second net: sums

_SUMS = """
    SELECT concat_ws(' · ', coalesce(CAST(ship_date AS VARCHAR), '-'), coalesce(carrier, '-'), coalesce(status, '-'),
                     coalesce(sku, '-')) AS key,
           sum(records) AS records, sum(units) AS units, sum(cost) AS cost
    FROM (
        SELECT i.ship_date, s.carrier_code AS carrier, coalesce(o.status, 'cleared') AS status, i.base_sku AS sku,
               count(*) AS records, sum(i.quantity) AS units, 0::DECIMAL(12, 2) AS cost
        FROM {lane}.shipped_items i
        LEFT JOIN {lane}.shipped_orders s USING (shipstation_order_id)
        LEFT JOIN (SELECT shipstation_order_id, status FROM {lane}.orders_inbox) o USING (shipstation_order_id)
        WHERE i.shipstation_order_id NOT IN (SELECT order_id FROM left_out WHERE order_id IS NOT NULL)
        GROUP BY ALL
        UNION ALL
        SELECT ship_date, carrier_code, CASE WHEN voided THEN 'voided label' ELSE 'label' END, NULL,
               count(*), 0, sum(shipment_cost + insurance_cost)
        FROM {lane}.shipments
        WHERE shipment_id NOT IN (SELECT shipment_id FROM known_labels WHERE shipment_id IS NOT NULL)
          AND shipstation_order_id IN (FROM here)
          AND shipstation_order_id NOT IN (SELECT order_id FROM left_out WHERE order_id IS NOT NULL)
          {standing}
        GROUP BY ALL
        UNION ALL
        SELECT NULL, shipping_carrier_code, status, NULL, count(*), 0, 0
        FROM {lane}.orders_inbox
        WHERE shipstation_order_id IS NOT NULL
          AND shipstation_order_id NOT IN (SELECT order_id FROM left_out WHERE order_id IS NOT NULL)
        GROUP BY ALL
    )
    GROUP BY ALL
"""
