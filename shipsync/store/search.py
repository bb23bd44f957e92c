"""Orders by anything a person knows of them.

    a number, a tracking number or an id, whole -> the orders that have exactly this
    nothing has exactly this -> the orders in which every word occurs: number, customer, tracking, SKU, lot

Orders that were cleaned up answer too, with what is still kept of them. There is no index to lean on (DESIGN D22):
every question is a scan, so one asks for as few columns as its word can be in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shipsync.rules.search import Query, Word
from shipsync.store.cursor import Cursor, Row

_ALL = "true"  # the condition that every order fulfils
_HIT = "o.order_key, o.status = 'failed' AS has_failed, coalesce(o.ordered_at, o.created_at) AS sort_at"
_CHUNK = 20_000  # orders read at once for a file of all of them


@dataclass(frozen=True, slots=True)
class Filters:
    """What else an order has to be. None, or no state, lets everything through."""

    states: tuple[str, ...] = ()
    source_system: str | None = None
    ordered_from: datetime | None = None  # an instant, as is the next; the window is closed at its start only
    ordered_before: datetime | None = None
    carrier_code: str | None = None
    shipped: tuple[date, date] | None = None  # first and last business date on which its first parcel left
    parcels: tuple[date, date] | None = None  # the same of any of its parcels


@dataclass(frozen=True, slots=True)
class Found:
    """One order in a list. What of a cleaned-up one is no longer kept is None."""

    order_key: str
    order_number: str
    source_system: str
    status: str
    status_reason: str | None
    shipstation_order_id: int | None
    customer: str | None  # name and company, as far as there are both
    items: str | None  # '2 × 17612, 1 × 17904'
    ordered_at: datetime | None
    ship_date: date | None
    carrier: str | None  # the carrier's name, or its code where ShipStation has not told the name
    tracking_number: str | None
    is_cleaned_up: bool


@dataclass(frozen=True, slots=True)
class Results:
    """The first orders that match, and how many there are."""

    orders: tuple[Found, ...]
    total: int
    is_exact: bool  # they have exactly what was searched for; orders that only contain it are not among them


@dataclass(frozen=True, slots=True)
class NotKept:
    """An order or label that was seen at ShipStation and is not in our tables."""

    shipstation_order_id: int | None
    order_number: str | None
    reason: str  # of rules/routing.py; 'label_without_order' for a label whose order we never saw
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier that some order ships with."""

    code: str
    name: str


def search(con: Cursor, query: Query, filters: Filters, limit: int, *, everything: bool = False) -> Results:
    """The first `limit` orders that match: failed uploads, then the newest.

    `everything` also finds orders that only contain the text where others have exactly it.
    """
    if query.has_digit and not everything:
        total, keys = _keys(con, _exactly(con, query), filters, limit)
        if total:
            return Results(tuple(_found(con, keys)), total, is_exact=True)
    total, keys = _keys(con, _containing(con, query.words), filters, limit)
    return Results(tuple(_found(con, keys)), total, is_exact=False)


def all_matches(con: Cursor, query: Query, filters: Filters, *, everything: bool = False) -> Iterator[Found]:
    """Every order that matches, in the order of `search`, read piece by piece."""
    keys: Sequence[str] = ()
    if query.has_digit and not everything:
        _, keys = _keys(con, _exactly(con, query), filters, None)
    if not keys:
        _, keys = _keys(con, _containing(con, query.words), filters, None)
    for start in range(0, len(keys), _CHUNK):
        yield from _found(con, keys[start : start + _CHUNK])


def not_kept(con: Cursor, query: Query) -> list[NotKept]:
    """What ShipStation showed under exactly this number or tracking number and we do not keep, newest first."""
    rows = con.rows(
        """
        WITH labels AS (
            SELECT shipstation_order_id, order_number, updated_at
            FROM shipments
            WHERE tracking_number IN ($compact, $upper) OR shipment_id = $number
        ),
        versions AS (
            SELECT shipstation_order_id, order_number, reason, seen_at
            FROM routing_log
            WHERE order_number = $compact OR shipstation_order_id = $number
               OR shipstation_order_id IN (SELECT shipstation_order_id FROM labels)
            QUALIFY row_number() OVER (PARTITION BY shipstation_order_id ORDER BY modified_at DESC) = 1
        ),
        seen AS (
            SELECT shipstation_order_id, order_number, reason, seen_at FROM versions
            UNION ALL
            SELECT shipstation_order_id, order_number, 'label_without_order', updated_at
            FROM labels
            WHERE shipstation_order_id IS NULL
               OR shipstation_order_id NOT IN (SELECT shipstation_order_id FROM versions)
        )
        SELECT s.shipstation_order_id, s.order_number, s.reason, s.seen_at
        FROM seen s
        WHERE s.shipstation_order_id IS NULL
           OR (NOT EXISTS (SELECT 1 FROM orders_inbox o WHERE o.shipstation_order_id = s.shipstation_order_id)
               AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.shipstation_order_id = s.shipstation_order_id))
        ORDER BY s.seen_at DESC
        LIMIT 20
        """,
        {"compact": query.compact, "upper": query.compact.upper(), "number": query.number},
    )
    return [NotKept(*row) for row in rows]


def carriers(con: Cursor) -> list[Carrier]:
    """The carriers that orders ship with, by name."""
    rows = con.rows(
        """
        SELECT used.code, coalesce(c.name, used.code) AS name
        FROM (SELECT DISTINCT shipping_carrier_code AS code FROM orders_inbox) used
        LEFT JOIN (SELECT code, arg_max(name, is_primary) AS name FROM carriers GROUP BY code) c USING (code)
        WHERE used.code IS NOT NULL
        ORDER BY name, used.code
        """
    )
    return [Carrier(*row) for row in rows]


Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What orders are searched for, as conditions of SQL."""

    here: str  # on orders_inbox o
    gone: str  # on tombstones t
    given: Parameters  # of all of them
    products: tuple[str, ...] = ()  # each on a table of lines: an order has a line of each of them


def _keys(con: Cursor, asked: _Asked, filters: Filters, limit: int | None) -> tuple[int, list[str]]:
    """How many orders fulfil these conditions, and the keys of the first ones."""
    only_here, only_gone, wanted = _filtered(filters)
    given = {**asked.given, **wanted}
    first, bound = ("", {}) if limit is None else ("LIMIT $limit", {"limit": limit})
    if asked.here == _ALL and not asked.products:
        # Counting and sorting apart is quicker than keeping a million hits.
        total = con.value(f"SELECT count(*) FROM orders_inbox o WHERE {only_here}", given)  # noqa: S608 - see below
        steps = f"hits AS (SELECT {_HIT} FROM orders_inbox o WHERE {only_here})"  # noqa: S608
    else:
        steps = f"""
            {_seen(asked, only_here)},
            hits AS MATERIALIZED (
                SELECT order_key, has_failed, sort_at FROM here
                UNION ALL
                SELECT t.order_key, false, NULL FROM tombstones t WHERE {asked.gone} AND {only_gone}
            )
        """  # noqa: S608
        total = None
    rows = con.rows(
        f"""
        WITH {steps}
        SELECT order_key, {"(SELECT count(*) FROM hits)" if total is None else "NULL"}
        FROM hits
        ORDER BY has_failed DESC, sort_at DESC NULLS LAST, order_key DESC
        {first}
        """,  # noqa: S608 - conditions written in this module; every value is a parameter
        {**given, **bound},
    )
    if total is None:
        total = rows[0][1] if rows else 0
    return total, [row[0] for row in rows]


def _seen(asked: _Asked, only_here: str) -> str:
    """The orders that are here and fulfil the conditions, as the table `here` of a WITH.

    Whether one has a line of a product is asked of its lines at ShipStation first, where the lot is, by number; and by
    the text key of what was ordered only for those that have none there: a third less time, if every one of a million
    orders has one.
    """
    if not asked.products:
        return f"here AS (SELECT {_HIT} FROM orders_inbox o WHERE {asked.here} AND {only_here})"  # noqa: S608
    there = "SELECT shipstation_order_id FROM shipstation_order_line_items WHERE {0}"
    ordered = "order_key IN (SELECT order_key FROM order_items_inbox WHERE {0})"
    marks = ", ".join(
        f"coalesce(o.shipstation_order_id IN ({there.format(product)}), false) AS has_{place}"
        for place, product in enumerate(asked.products)
    )
    has = [f"has_{place}" for place in range(len(asked.products))]
    rest = [f"({mark} OR {ordered.format(product)})" for mark, product in zip(has, asked.products, strict=True)]
    if len(has) == 1:  # which it has not, in the rest
        rest = [ordered.format(asked.products[0])]
    return f"""
        seen AS MATERIALIZED (SELECT {_HIT}, {marks} FROM orders_inbox o WHERE {asked.here} AND {only_here}),
        here AS (
            SELECT * FROM seen WHERE {" AND ".join(has)}
            UNION ALL
            SELECT * FROM seen WHERE NOT ({" AND ".join(has)}) AND {" AND ".join(rest)}
        )
    """  # noqa: S608 - conditions written in this module


def _filtered(filters: Filters) -> tuple[str, str, Parameters]:
    """Filters as a condition on o, one on t, and their parameters. What is not known of t lets none through."""
    here, gone = ["true"], ["true"]
    given: dict[str, object] = {}
    if filters.states:
        # One state is the usual case, and a comparison is quicker than a list of one.
        given["states"] = filters.states[0] if len(filters.states) == 1 else list(filters.states)
        among = "= $states" if len(filters.states) == 1 else "IN (SELECT unnest($states))"
        here.append(f"o.status {among}")
        gone.append(f"t.last_status {among}")
    if filters.source_system is not None:
        here.append("o.source_system = $source")
        gone.append("t.source_system = $source")
        given["source"] = filters.source_system
    if filters.ordered_from is not None:
        here.append("coalesce(o.ordered_at, o.created_at) >= $ordered_from")
        gone.append("false")
        given["ordered_from"] = filters.ordered_from
    if filters.ordered_before is not None:
        here.append("coalesce(o.ordered_at, o.created_at) < $ordered_before")
        gone.append("false")
        given["ordered_before"] = filters.ordered_before
    if filters.carrier_code is not None:
        here.append("o.shipping_carrier_code = $carrier")
        gone.append(
            "t.shipstation_order_id IN (SELECT shipstation_order_id FROM shipped_orders WHERE carrier_code = $carrier)"
        )
        given["carrier"] = filters.carrier_code
    for table, span in (("shipped_orders", filters.shipped), ("shipped_items", filters.parcels)):
        if span is not None:
            left = f"SELECT shipstation_order_id FROM {table} WHERE ship_date BETWEEN ${table}_0 AND ${table}_1"  # noqa: S608 - see above
            here.append(f"o.shipstation_order_id IN ({left})")
            gone.append(f"t.shipstation_order_id IN ({left})")
            given[f"{table}_0"], given[f"{table}_1"] = span
    return " AND ".join(here), " AND ".join(gone), given


def _exactly(con: Cursor, query: Query) -> _Asked:
    """The orders that have exactly this number, tracking number or id."""
    ids = [
        row[0]
        for row in con.rows(
            """
            SELECT shipstation_order_id FROM shipments WHERE tracking_number IN ($compact, $upper)
            UNION
            SELECT shipstation_order_id FROM shipments WHERE shipment_id = $number
            UNION
            SELECT shipstation_order_id FROM fulfillments
            WHERE tracking_number IN ($compact, $upper) OR fulfillment_id = $number
            """,
            {"compact": query.compact, "upper": query.compact.upper(), "number": query.number},
        )
        if row[0] is not None
    ]
    if query.number is not None:
        ids.append(query.number)
    lower, upper = query.compact.lower(), query.compact.upper()
    given: dict[str, object] = {"ids": ids, "lower": lower}
    by_id = "{0}.shipstation_order_id IN (SELECT unnest($ids::BIGINT[]))"
    # Digits have no case, and the number as it is takes a third of the time of the number in small letters.
    text = "{0}.order_number" if lower == upper else "lower({0}.order_number)"
    number = f"({text} = $lower OR {by_id})"
    return _Asked(number.format("o"), number.format("t"), given)


def _containing(con: Cursor, words: Sequence[Word]) -> _Asked:
    """The orders in which every word occurs. Without words: every order that is not gone."""
    if not words:
        return _Asked(_ALL, "false", {})
    here, gone, products = [], [], []
    given: dict[str, object] = {}
    for place, word in enumerate(words):
        name = f"w{place}"
        product, values = _product(word, name)
        if word.has_digit and _is_product(con, product, values):
            # It means the product: that its digits also stand in some tracking number is of no use to anybody.
            given |= values
            products.append(product)
            gone.append(f"t.shipstation_order_id IN (SELECT shipstation_order_id FROM shipped_items WHERE {product})")  # noqa: S608
        else:
            given |= {name: word.text, f"{name}_typed": word.as_typed, f"{name}_upper": word.text.upper()}
            here.append(f"({' OR '.join(_text_places(word, name))})")
            gone.append(f"contains(lower(t.order_number), ${name})" if word.has_digit else "false")
    return _Asked(" AND ".join(here) or _ALL, " AND ".join(gone), given, tuple(products))


def _text_places(word: Word, name: str) -> list[str]:
    """Where a word can stand, the likeliest first. People have no digits in their names; their companies do."""
    # Digits have no case, and the text as it is takes half the time of the text in small letters.
    text = "o.{0}" if word.text == word.text.upper() else "lower(o.{0})"

    def within(column: str) -> str:
        return f"contains({text.format(column)}, ${name})"

    def within_other(column: str, other: str) -> str:
        # Most bill to where they ship: comparing is quicker than searching twice.
        return f"(o.{column} IS DISTINCT FROM o.{other} AND {within(column)})"

    if word.has_digit:
        places = [within("order_number"), f"contains(o.tracking_number, ${name}_upper)"]
    else:
        places = [within("ship_name"), within_other("bill_name", "ship_name")]
    return [
        *places,
        within("ship_company"),
        within_other("bill_company", "ship_company"),
        within("email"),
        # The shop's code for a customer is copied whole; a look into every one of them would cost as much as names.
        f"o.customer_ref IN (${name}, ${name}_typed, ${name}_upper)",
    ]


def _product(word: Word, name: str) -> tuple[str, Parameters]:
    """A condition on a table of lines: the word is the SKU, the lot, both, or the text that could not be read."""
    if word.base_sku is not None and word.lot is not None:
        return f"base_sku = ${name}_sku AND lot = ${name}_lot", {f"{name}_sku": word.base_sku, f"{name}_lot": word.lot}
    typed, upper = f"{name}_typed", f"{name}_upper"
    condition = f"base_sku = ${typed} OR lot = ${typed} OR sku = ${typed} OR sku = ${upper}"
    return condition, {typed: word.as_typed, upper: word.text.upper()}


def _is_product(con: Cursor, product: str, values: Parameters) -> bool:
    """Whether any line is of this product or lot."""
    tables = ("order_items_inbox", "shipstation_order_line_items")
    return any(con.value(f"SELECT 1 FROM {table} WHERE {product} LIMIT 1", values) for table in tables)  # noqa: S608


def _found(con: Cursor, keys: Sequence[str]) -> list[Found]:
    """These orders as a list shows them, in the order of the keys.

    In several statements: one that joins them builds its tables from every order there is (230 ms against 40).
    """
    if not keys:
        return []
    heads = {row[0]: row for row in _heads(con, keys)}
    ids = [row[5] for row in heads.values() if row[5] is not None]
    parcels = _left(con, ids)
    names = {carrier.code: carrier.name for carrier in _carrier_names(con)}
    remote = _remote(con, ids)
    # Asked by a text key, which is the slowest of all, so only for the few that are not at ShipStation.
    items = _ordered(con, [row[0] for row in heads.values() if row[5] not in remote])
    found = []
    for key in keys:
        _, number, source, status, reason, order_id, customer, ordered_at, ship_date, code, tracking, is_gone = heads[
            key
        ]
        left = parcels.get(order_id)
        if left is not None:
            ship_date, code, tracking = left[0], code or left[1], tracking or left[2]
        found.append(
            Found(
                order_key=key,
                order_number=number,
                source_system=source,
                status=status,
                status_reason=reason,
                shipstation_order_id=order_id,
                customer=customer or None,
                items=items.get(key) or remote.get(order_id),
                ordered_at=ordered_at,
                ship_date=ship_date,
                carrier=None if code is None else names.get(code, code),
                tracking_number=tracking,
                is_cleaned_up=is_gone,
            )
        )
    return found


def _heads(con: Cursor, keys: Sequence[str]) -> list[Row]:
    """The orders themselves, and for those that are not here any more what their tombstones say."""
    here = con.rows(
        """
        SELECT order_key, order_number, source_system, status, status_reason, shipstation_order_id,
               concat_ws(', ', ship_name, ship_company), ordered_at, ship_date, shipping_carrier_code,
               tracking_number, false
        FROM orders_inbox
        WHERE order_key IN (SELECT unnest($keys))
        """,
        {"keys": list(keys)},
    )
    gone = set(keys) - {row[0] for row in here}
    if not gone:
        return here
    return here + con.rows(
        """
        SELECT order_key, order_number, source_system, last_status, NULL, shipstation_order_id, NULL, NULL, NULL, NULL,
               NULL, true
        FROM tombstones
        WHERE order_key IN (SELECT unnest($keys))
        """,
        {"keys": sorted(gone)},
    )


def _left(con: Cursor, order_ids: Sequence[int]) -> dict[int, tuple[date, str | None, str | None]]:
    """When, with whom and under which number these orders left, by ShipStation id."""
    rows = con.rows(
        """
        SELECT shipstation_order_id, last_ship_date, carrier_code, tracking_number
        FROM shipped_orders
        WHERE shipstation_order_id IN (SELECT unnest($ids::BIGINT[]))
        """,
        {"ids": list(order_ids)},
    )
    return {order_id: (ship_date, code, tracking) for order_id, ship_date, code, tracking in rows}


def _ordered(con: Cursor, keys: Sequence[str]) -> dict[str, str]:
    return dict(
        con.rows(
            """
            SELECT order_key,
                   string_agg(quantity || ' × ' || coalesce(base_sku, sku, name, 'no SKU'), ', ' ORDER BY line_no)
            FROM order_items_inbox
            WHERE order_key IN (SELECT unnest($keys))
            GROUP BY order_key
            """,
            {"keys": list(keys)},
        )
    )


def _remote(con: Cursor, order_ids: Sequence[int]) -> dict[int, str]:
    """What these orders hold at ShipStation: parts split off, and cleaned-up ones, have only that."""
    return dict(
        con.rows(
            """
            SELECT shipstation_order_id,
                   string_agg(quantity || ' × ' || coalesce(base_sku, sku, name, 'no SKU'), ', ' ORDER BY line_no)
            FROM shipstation_order_line_items
            WHERE NOT is_adjustment AND shipstation_order_id IN (SELECT unnest($ids::BIGINT[]))
            GROUP BY shipstation_order_id
            """,
            {"ids": list(order_ids)},
        )
    )


def _carrier_names(con: Cursor) -> list[Carrier]:
    rows = con.rows("SELECT code, arg_max(name, is_primary) FROM carriers GROUP BY code")
    return [Carrier(*row) for row in rows]
