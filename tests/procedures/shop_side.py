"""What the tests of the shop's side share: a database in memory, a run of one procedure, order files by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from shipsync.config import load_settings
from shipsync.errors import LockLost
from shipsync.procedures.work import Procedure, Work
from shipsync.rules.catalogue import DEFAULT_CATALOGUE
from shipsync.store import products
from shipsync.store.db import Database, open_database
from shipsync.store.migrations import migrate

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
SETTINGS = load_settings({}, None)
ZONE = SETTINGS.zone


class HeldLease:
    """A lock that is held for so many checks and then lost to somebody else."""

    def __init__(self, workflow: str, checks: int | None) -> None:
        self.workflow = workflow
        self.run_id = f"{workflow}.1"
        self.token = 1
        self.checks = checks

    def check(self, _con: object) -> None:
        """Raise LockLost once the checks are used up."""
        if self.checks == 0:
            raise LockLost(self.workflow, self.run_id)
        if self.checks is not None:
            self.checks -= 1

    def beat(self) -> None:
        """Nothing expires here."""


def a_database() -> Database:
    """A database in memory with the real schema and the default catalogue."""
    db = open_database(None)
    migrate(db, NOW)
    with db.transaction() as con:
        products.seed(con, DEFAULT_CATALOGUE, NOW)
    return db


def run(
    procedure: Procedure,
    db: Database,
    *,
    now: datetime = NOW,
    folder: Path | None = None,
    checks: int | None = None,
    **arguments: object,
) -> tuple[Work, list[str]]:
    """Run a procedure to its end. Returns the work, with its counts, and the lines it logged."""
    lines: list[str] = []
    work = Work(
        db=db,
        lease=HeldLease(procedure.workflow, checks),
        arguments=arguments,
        now=lambda: now,
        doors={"order_files": folder},
        settings=SETTINGS,
        log=lines.append,
        progress=lambda done, total, what: None,
        check_cancel=lambda: None,
    )
    for step in procedure.steps:
        work.results[step.name] = step.do(work) or {}
    return work, lines


def an_order(number: str = "700015", *lines: tuple[str, str], **fields: str) -> str:
    """One order of an X-Cart dump; lines are (SKU, amount)."""
    kept = {
        "orderid": number,
        "date": "1763650800",
        "s_firstname": "Robin",
        "s_lastname": "Sample",
        "s_address": "12 Example Way",
        "s_city": "Duluth",
        "shipping_cost": "19.95",
    } | fields
    head = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in kept.items())
    details = "".join(
        f"<order_detail><orderid>{number}</orderid><amount>{amount}</amount><product>Case</product>"
        f"<productid>{sku}</productid></order_detail>"
        for sku, amount in lines or [("17612", "2")]
    )
    return f"<order>{head}{details}</order>"


def write_dump(folder: Path, *orders: str, name: str = "orders.xml") -> Path:
    """Write a dump of these orders."""
    path = folder / name
    path.write_text(f"<orders>{''.join(orders)}</orders>", encoding="utf-8")
    return path


def ordered(db: Database) -> dict[str, dict[str, int]]:
    """What the inbox says was ordered: units by SKU, by order number."""
    found: dict[str, dict[str, int]] = {}
    for number, sku, quantity in db.read().rows(
        """
        SELECT o.order_number, i.base_sku, i.quantity
        FROM orders_inbox o
        JOIN order_items_inbox i USING (order_key)
        ORDER BY o.order_number, i.line_no
        """
    ):
        found.setdefault(number, {})[sku] = quantity
    return found


def tables(db: Database) -> Mapping[str, list[Any]]:
    """The content of every table the shop's side writes, in a fixed order, without the times of quarantine."""
    db_now = db.read()
    whole = {
        name: db_now.rows(f"SELECT * FROM {name} ORDER BY ALL")  # noqa: S608 - names from this list
        for name in ("orders_inbox", "order_items_inbox", "order_files", "tombstones", "products", "bundles")
    }
    held = db_now.rows("SELECT kind, entity_id, reason, detail, held, resolved_at IS NULL FROM quarantine ORDER BY ALL")
    return whole | {"quarantine": held}


def set_status(db: Database, number: str, status: str, **columns: object) -> None:
    """Do to an order of the shop what another procedure would have done."""
    with db.transaction() as con:
        for name, value in ({"status": status} | columns).items():
            con.execute(
                f"UPDATE orders_inbox SET {name} = $value WHERE order_number = $number",  # noqa: S608 - our own columns
                {"value": value, "number": number},
            )
