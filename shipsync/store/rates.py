"""The rate card and what people add to a month by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

from shipsync.rules.charges import Extra, Rate, RateCard
from shipsync.store.batches import INSTANT, batch
from shipsync.store.cursor import Cursor

_RATES = pa.schema(
    [
        ("rate", pa.string()),
        ("amount", pa.decimal128(12, 4)),
        ("effective_from", pa.date32()),
        ("updated_at", INSTANT),
    ]
)


@dataclass(frozen=True, slots=True)
class RateChange:
    """A rate that is another one now. `before` is None where there was none from that day on."""

    before: Decimal | None
    after: Rate


@dataclass(frozen=True, slots=True)
class KeptExtra:
    """A line that a person added, with who did, and who took it back."""

    extra: Extra
    entered_at: datetime
    entered_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None


def rate_card(con: Cursor) -> RateCard:
    """All rates, by name and date."""
    rows = con.rows("SELECT rate, amount, effective_from FROM rates ORDER BY rate, effective_from")
    return RateCard([Rate(*row) for row in rows])


def put_rates(con: Cursor, rates: Sequence[Rate], now: datetime) -> list[RateChange]:
    """Keep these rates, each in the place of one with its name and date. Returns what is different now."""
    there = {(one.rate, one.effective_from): one.amount for one in rate_card(con).rates}
    new = [one for one in rates if there.get((one.rate, one.effective_from)) != one.amount]
    rows = [
        {"rate": one.rate, "amount": one.amount, "effective_from": one.effective_from, "updated_at": now} for one in new
    ]
    with batch(con, "incoming_rates", rows, _RATES) as incoming:
        con.execute(
            f"""
            INSERT INTO rates (rate, amount, effective_from, updated_at)
            SELECT rate, amount, effective_from, updated_at FROM {incoming}
            ON CONFLICT (rate, effective_from) DO UPDATE SET amount = excluded.amount, updated_at = excluded.updated_at
            """  # noqa: S608 - the name of our own batch
        )
    return [RateChange(there.get((one.rate, one.effective_from)), one) for one in new]


def add_extra(con: Cursor, day: date, reason: str, amount: Decimal, by: str, now: datetime) -> int:
    """Add a line to the month of a day. Returns its number."""
    number = int(con.value("SELECT coalesce(max(extra_no), 0) + 1 FROM charge_extras"))
    con.execute(
        """
        INSERT INTO charge_extras (extra_no, day, reason, amount, entered_at, entered_by)
        VALUES ($number, $day, $reason, $amount, $now, $by)
        """,
        {"number": number, "day": day, "reason": reason, "amount": amount, "now": now, "by": by},
    )
    return number


def withdraw_extra(con: Cursor, extra_no: int, by: str, now: datetime) -> bool:
    """Take a line back; it stays, and counts no more. False if there is none, or it was taken back before."""
    return bool(
        con.rows(
            """
            UPDATE charge_extras
            SET withdrawn_at = $now, withdrawn_by = $by
            WHERE extra_no = $extra_no AND withdrawn_at IS NULL
            RETURNING extra_no
            """,
            {"extra_no": extra_no, "by": by, "now": now},
        )
    )


def kept_extra(con: Cursor, extra_no: int) -> KeptExtra | None:
    """One line that a person added, whether it was taken back or not."""
    row = con.row(
        """
        SELECT extra_no, day, reason, amount, entered_at, entered_by, withdrawn_at, withdrawn_by
        FROM charge_extras
        WHERE extra_no = $extra_no
        """,
        {"extra_no": extra_no},
    )
    return KeptExtra(Extra(*row[:4]), *row[4:]) if row is not None else None


def extras(con: Cursor, first: date, through: date) -> list[Extra]:
    """The lines that count on these days."""
    return [one.extra for one in kept_extras(con, first, through) if one.withdrawn_at is None]


def kept_extras(con: Cursor, first: date, through: date) -> list[KeptExtra]:
    """All lines of these days, those that were taken back too."""
    rows = con.rows(
        """
        SELECT extra_no, day, reason, amount, entered_at, entered_by, withdrawn_at, withdrawn_by
        FROM charge_extras
        WHERE day BETWEEN $first AND $through
        ORDER BY day, extra_no
        """,
        {"first": first, "through": through},
    )
    return [KeptExtra(Extra(*row[:4]), *row[4:]) for row in rows]
