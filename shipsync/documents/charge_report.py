"""A month's charges in all their forms: invoice, workbook, CSV and mail, all of the same frozen figures."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal

from shipsync.documents import charge_texts, words
from shipsync.documents.charge_mail import mail_texts
from shipsync.documents.charge_tables import csv, xlsx
from shipsync.documents.charge_texts import SummaryPart, short_day
from shipsync.documents.figures import Figure
from shipsync.documents.typesetting import Paper, typeset
from shipsync.rules.charge_report import ChargeReport, StockOfMonth
from shipsync.rules.charge_sums import DaySum, LabelSum, day_sums, label_sums
from shipsync.rules.charges import NOTHING, Charge, Key, total
from shipsync.rules.months import month_words
from shipsync.rules.restatement import Restatement

__all__ = ["csv", "mail_texts", "pdf", "xlsx"]

_HASH_SHOWN = 16
_UNUSED_SHOWN = 100  # on paper; the workbook has them all


def pdf(made: ChargeReport, *, paper: Paper = "us-letter") -> bytes:
    """The invoice. The same report gives the same bytes. Raises TemplateError for a template changed badly."""
    return typeset("invoice.typ", invoice(made, paper), made.made_at)


def invoice(made: ChargeReport, paper: Paper) -> dict[str, object]:
    """What the template shows."""
    firm = made.parties.firm
    mark = f"Invoice {made.number} · Content hash {made.content_hash[:_HASH_SHOWN]}"
    return {
        "paper": paper,
        "firm": firm or None,
        "title": f"{charge_texts.TITLE} {made.number}",
        "period": charge_texts.period(made),
        "made": charge_texts.made_at(made),
        "mark": f"{firm} · {mark}" if firm else mark,
        "statements": charge_texts.statements(made),
        "parties": [asdict(one) for one in charge_texts.parties(made.parties)],
        "facts": [
            {"name": "Invoice number", "text": made.number},
            {"name": "Version", "text": charge_texts.version(made)},
            {"name": "Issued", "text": words.day(made.issued_on)},
            {"name": "Due", "text": charge_texts.due(made)},
            {"name": "Billed days", "text": charge_texts.billed_days(made)},
            {"name": "Currency", "text": made.parties.currency},
        ],
        "due": {
            "name": charge_texts.due_name(made),
            "text": charge_texts.with_currency(made.total, made),
            "beside": charge_texts.due_by(made),
        },
        "summary": [_part(one) for one in charge_texts.summary(made)],
        "total": words.money(made.total),
        "counts": [asdict(one) | {"text": one.text} for one in charge_texts.counts(made)],
        "counts_note": f"{charge_texts.besides(made)} {charge_texts.WHY_THEY_DIFFER}".strip(),
        "days": _days(made),
        "carriers": _carriers(made),
        "stock": [_stock(one) for one in made.stock],
        "pallet_days": words.number(sum(one.pallet_days for one in made.stock)),
        "restated": [_restated(one, made) for one in made.restatements],
        "restated_rule": charge_texts.RESTATED_RULE,
        "rates": [
            {
                "name": charge_texts.RATE_NAMES[one.rate],
                "amount": charge_texts.rate_words(one),
                "note": charge_texts.RATE_NOTES[one.rate],
                "from": words.day(one.effective_from),
            }
            for one in made.rates
        ],
        "unused": _unused(made),
        "warnings": list(made.warnings),
        "issued_all_the_same": charge_texts.issued_all_the_same(made),
        "how_to_read": charge_texts.how_to_read(made),
    }


def _part(one: SummaryPart) -> dict[str, object]:
    return {
        "name": one.name,
        "lines": [
            {"name": line.name, "note": line.note, "quantity": line.quantity, "rate": line.rate, "text": line.text}
            for line in one.lines
        ],
        "nothing": one.nothing,
        "text": one.text,
    }


def _days(made: ChargeReport) -> dict[str, object]:
    """Every calendar day: its counts, its amounts, and their sums."""
    found = day_sums(made.lines, made.days, made.month, made.billed_through)
    fees = charge_texts.day_charges(made)
    totals = (
        *(sum(one.counts.orders for one in found), sum(one.counts.shipments for one in found)),
        *(sum(one.counts.packages for one in found), sum(one.counts.units for one in found)),
    )
    return {
        "columns": [
            *("Orders", "Shipments", "Packages", "Units", charge_texts.CARRIER_COST_NAME),
            *(charge_texts.DAY_NAMES[charge] for charge in fees),
            "Total",
        ],
        "rows": [[short_day(one.day), *_day(one, fees)] for one in found],
        "total": [
            *(words.number(amount) for amount in totals),
            words.money(made.carrier_cost),
            *(words.money(total(line for line in made.lines if line.charge == charge)) for charge in fees),
            words.money(made.charges),
        ],
        "restated": (
            f"Earlier months, {words.money(made.restated)}, are of no day of this month." if made.restatements else ""
        ),
    }


def _day(one: DaySum, fees: list[Charge]) -> list[str]:
    counts = (one.counts.orders, one.counts.shipments, one.counts.packages, one.counts.units)
    amounts = (one.carrier_cost, *(one.amounts.get(charge, NOTHING) for charge in fees), one.total)
    return [*(words.number(amount) for amount in counts), *(words.money(amount) for amount in amounts)]


def _carriers(made: ChargeReport) -> dict[str, object]:
    """Carrier cost by carrier and service, by warehouse where there are several; the markup is of no carrier."""
    found = label_sums(made.lines, lambda one: (one.carrier_code, one.service_code))
    rows = [(charge_texts.sent_with(*codes), amounts) for codes, amounts in found.items()]
    of_warehouse = label_sums(made.lines, lambda one: one.warehouse_id)
    everything = label_sums(made.lines, lambda _: None)
    markup = total(one for one in made.lines if one.charge == "markup")
    return {
        "rows": [_labels(*row) for row in sorted(rows, key=lambda row: row[0])],
        "warehouses": [
            _labels(charge_texts.warehouse_name(number), amounts)
            for number, amounts in sorted(of_warehouse.items(), key=lambda item: item[0] or 0)
        ] if len(of_warehouse) > 1 else [],
        "all": [_labels("All labels", amounts) for amounts in everything.values()],
        "markup": words.money(markup) if markup else "",
        "total": words.money(made.carrier_cost),
    }  # fmt: skip


def _labels(name: str, amounts: LabelSum) -> dict[str, object]:
    return {
        "name": name,
        "counts": [words.number(one) for one in (amounts.labels, amounts.returns, amounts.voided)],
        "amounts": [
            words.money(one)
            for one in (amounts.postage, amounts.insurance, amounts.returned, amounts.voids, amounts.total)
        ],
    }


def _stock(one: StockOfMonth) -> dict[str, object]:
    return {
        "sku": one.sku,
        "name": one.name,
        "opening": words.number(one.opening),
        "moved": [
            words.change(amount)
            for amount in (one.received, -one.shipped, one.voided, one.adjusted, one.repacked, one.counted)
        ],
        "closing": words.number(one.closing),
        "pallet_size": words.number(one.pallet_size),
        "pallet_days": words.number(one.pallet_days),
    }


def _restated(one: Restatement, made: ChargeReport) -> dict[str, object]:
    return {
        "month": month_words(one.month),
        "said": (
            f"Billed with invoice {one.billed_by}: {charge_texts.with_currency(one.billed, made)}. "
            f"Now: {charge_texts.with_currency(one.now, made)}."
        ),
        "lines": [
            {
                "day": short_day(line.difference.key.day),
                "what": charge_texts.what(line.difference.key),
                "billed": _amount(line.difference.key, line.difference.billed_quantity, line.difference.billed),
                "now": _amount(line.difference.key, line.difference.now_quantity, line.difference.now),
                "amount": words.money(line.amount),
                "causes": list(line.causes),
            }
            for line in one.lines
        ],
        "amount": words.money(one.amount),
    }


def _amount(key: Key, quantity: int, amount: Decimal) -> dict[str, str]:
    return asdict(Figure(words.money(amount), charge_texts.counted(key.charge, quantity)))


def _unused(made: ChargeReport) -> dict[str, object]:
    """The dearest come first; on paper not all of very many."""
    shown, left_out = made.unused[:_UNUSED_SHOWN], made.unused[_UNUSED_SHOWN:]
    more = sum((one.cost for one in left_out), NOTHING)
    return {
        "note": charge_texts.UNUSED_LABELS,
        "rows": [
            {
                "label": f"{one.shipment_id}",
                "order": one.order_number or words.UNKNOWN,
                "day": _label_day(one.day, made),
                "age": words.count(one.age_days, "day"),
                "why": one.why,
                "amount": words.money(one.cost),
            }
            for one in shown
        ],
        "more": f"{len(left_out):,} more, of {words.money(more)} together, are in the workbook." if left_out else "",
        "total": words.money(sum((one.cost for one in made.unused), NOTHING)),
    }


def _label_day(day: date, made: ChargeReport) -> str:
    return short_day(day) if day.year == made.month.year else words.day(day)
