"""What cannot go in yet: held with all that is needed to try again, and released when it can (DESIGN D6)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from shipsync.doors.shipstation import read_page
from shipsync.procedures.reading import Decoded, Reader
from shipsync.procedures.take_in import Seen
from shipsync.procedures.work import Work
from shipsync.rules.shipstation import Feed, PoisonRow
from shipsync.rules.watermark import Window
from shipsync.store import quarantine, readings
from shipsync.store.cursor import Cursor

_LIST_KEYS: Mapping[Feed, str] = {
    "orders": "orders",
    "shipments": "shipments",
    "voids": "shipments",
    "fulfillments": "fulfillments",
}
_KIND_OF: Mapping[Feed, str] = {
    "orders": "order",
    "shipments": "shipment",
    "voids": "shipment",
    "fulfillments": "fulfillment",
}


def held_rows(
    entries: Iterable[quarantine.OpenEntry], kinds: Collection[str], feed: Feed
) -> list[tuple[Any, str, int]]:
    """Held records of these kinds that can be read by now, each with its page: what held them may be mended."""
    found: list[tuple[Any, str, int]] = []
    for held in entries:
        if held.entry.kind not in kinds:
            continue
        kept = json.loads(held.entry.raw or "{}")
        if "row" not in kept:
            continue
        body = json.dumps({_LIST_KEYS[feed]: [kept["row"]], "total": 1, "page": 1, "pages": 1})
        rows, _ = read_page(feed, body, datetime.fromisoformat(kept["answered_at"]))
        found.extend((row, *kept["page"]) for row in rows)
    return found


def kept_orders(entries: Iterable[quarantine.OpenEntry]) -> dict[tuple[int, str, int], str]:
    """What is kept of held orders, by orderId and page: to hold one again its page, of 500 orders, need not be read."""
    found: dict[tuple[int, str, int], str] = {}
    for held in entries:
        raw = held.entry.raw
        if held.entry.kind not in ("order", "conflict") or raw is None:
            continue
        kept = json.loads(raw)
        row = kept.get("row")
        if isinstance(row, dict) and isinstance(row.get("orderId"), int):
            reading_id, page_no = kept["page"]
            found[row["orderId"], reading_id, page_no] = raw
    return found


def raw_order(con: Cursor, one: Seen, kept: Mapping[tuple[int, str, int], str]) -> str | None:
    """The record of an order as it came, to be held with all that is needed to read it again."""
    known = kept.get((one.order.order_id, one.reading_id, one.page_no))
    if known is not None:
        return known
    page = readings.page(con, one.reading_id, one.page_no)
    for row in json.loads(page.body).get("orders", ()):
        if row and row.get("orderId") == one.order.order_id:
            return _kept_row(page.reading_id, page.page_no, page.answered_at, row)
    return None


def hold_what_cannot_be_read(con: Cursor, work: Work, page: Decoded, now: datetime) -> None:
    """Put a page's unreadable rows and poison places into quarantine."""
    entries = [
        quarantine.Entry(
            _KIND_OF[row.feed],
            row.entity_id,
            row.order_number,
            "unreadable",
            row.reason,
            _kept_row(page.reading_id, page.page_no, page.answered_at, json.loads(row.raw)),
        )
        for row in page.bad
    ]
    entries.extend(_poisoned(place) for place in page.poison)
    if entries:
        work.count("quarantined", len(entries))
        quarantine.put(con, entries, now)


def settle_poison(con: Cursor, asked: Mapping[str, str], reader: Reader, now: datetime) -> None:
    """Close the poison places that were asked again and answered whole; count a try for the others.

    `asked` maps a place to the reading of its answer, which is empty where it failed again.
    """
    if not asked:
        return
    held = {one.entry.entity_id: one for one in quarantine.open_entries(con, ["poison"])}
    for entity_id, reading_id in asked.items():
        answered = reading_id and not any(page.poison for page in reader.decoded([reading_id]))
        if answered:
            quarantine.resolve(con, "poison", [entity_id], "ShipStation answers again", now)
        elif entity_id in held:
            quarantine.put(con, [held[entity_id].entry], now)


def poison_place(entry: quarantine.Entry) -> tuple[Feed, Window]:
    """In which list, and between which two instants, the row lies that always answered 500."""
    place = json.loads(entry.raw or "{}")
    window = Window(datetime.fromisoformat(place["after"]), datetime.fromisoformat(place["before"]))
    return place["feed"], window


def _poisoned(place: PoisonRow) -> quarantine.Entry:
    raw = json.dumps({"feed": place.feed, "after": place.after.isoformat(), "before": place.before.isoformat()})
    return quarantine.Entry("poison", f"{place.feed} {place.entity_id}", None, "always_500", place.reason, raw)


def _kept_row(reading_id: str, page_no: int, answered_at: datetime, row: Any) -> str:
    return json.dumps({"page": [reading_id, page_no], "answered_at": answered_at.isoformat(), "row": row})
