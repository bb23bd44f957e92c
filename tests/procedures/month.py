"""What the tests of a month's closing share: a warehouse with rates, pallets and stock, and its days."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from shipsync.procedures import eom
from shipsync.rules.charge_report import ChargeReport
from shipsync.rules.charges import Charge, Rate, RateName, total
from shipsync.store import closing_documents, rates
from shipsync.store.jobs import Job
from tests.house import House, a_house
from tests.procedures.closing_day import closed, counted

EOD, EOW, EOM, SYNC = "eod", "eow", "eom", "shipstation-sync"
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
FRIDAY = date(2026, 7, 31)  # the last day of July, and a working day
MONDAY = date(2026, 7, 27)
SKUS = ("17612", "17904", "17914", "18675", "18795")
RATES: Mapping[RateName, str] = {"order": "5", "unit": "1", "pallet_day": "0.5", "receipt": "10", "minimum": "260"}


@contextmanager
def before_july(folder: Path, *, database: Path | None = None) -> Iterator[House]:
    """A warehouse at one on the last day of June: it has read its past, and 100 of each product stand on the shelf."""
    with a_house(folder, start=datetime(2026, 6, 30, 20, tzinfo=UTC), database=database) as house:
        for sku in SKUS:
            counted(house, sku, "250237", 100)
        house.sync()
        yield house


@contextmanager
def in_july(folder: Path, *, database: Path | None = None) -> Iterator[House]:
    """The same with a rate card, and 50 of each product on a pallet."""
    with before_july(folder, database=database) as house:
        rated(house, RATES)
        on_pallets(house, 50)
        yield house


def rated(house: House, card: Mapping[RateName, str]) -> None:
    """These rates hold from the beginning of the year."""
    with house.app.db.transaction() as con:
        since = date(2026, 1, 1)
        rates.put_rates(con, [Rate(name, Decimal(amount), since) for name, amount in card.items()], house.clock.now())


def on_pallets(house: House, units: int | None) -> None:
    """So many units of each product stand on a pallet; None: nobody has said it."""
    with house.app.db.transaction() as con:
        con.execute("UPDATE products SET units_per_pallet = $units WHERE is_key", {"units": units})


def go_to(house: House, day: date, hour: int = 20) -> None:
    """Let time pass up to an hour UTC of a day; by default to one in the afternoon in the warehouse."""
    until = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    house.wait((until - house.clock.now()) / timedelta(minutes=1))


def report_of(house: House, job: Job) -> ChargeReport:
    """The report that a job issued."""
    return eom.frozen(closed(house, job))


def billed(made: ChargeReport, charge: Charge) -> Decimal:
    """All that a report bills of one kind."""
    return total(one for one in made.lines if one.charge == charge)


def closed_days(house: House) -> list[date]:
    """The days that were closed."""
    rows = house.rows("SELECT DISTINCT period_start FROM closings WHERE kind = 'eod' AND closed_at IS NOT NULL")
    return sorted(day for (day,) in rows)


def kept(house: House, month: date = JULY, version: int = 1) -> dict[str, bytes]:
    """The documents of a version by name."""
    con = house.app.db.read()
    found = {}
    for head in closing_documents.documents_of(con, "eom", month, version):
        document = closing_documents.document(con, "eom", month, version, head.name)
        assert document is not None
        assert hashlib.sha256(document.content).hexdigest() == head.sha256
        found[head.name] = document.content
    return found
