"""The month's invoice on paper: its figures, who bills whom, what was restated, and what is unusual."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shipsync.documents import charge_report, charge_texts
from shipsync.documents.typesetting import TEMPLATES, Paper, typeset
from shipsync.errors import TemplateError
from shipsync.rules.charge_report import ChargeReport, UnusedLabel
from shipsync.rules.charge_sums import day_sums
from shipsync.rules.charges import Line
from tests.documents.a_month import (
    FIRST,
    LAST,
    MADE_AT,
    PARTIES,
    RUDE,
    a_full_month,
    a_month,
    a_rude_month,
    a_small_month,
    an_empty_month,
)
from tests.documents.paper import flat, pages, read, text


def written(amount: Decimal) -> str:
    """As a person would write it."""
    return f"{amount:,.2f}".replace("-", "−")


@pytest.fixture(scope="module")
def full() -> ChargeReport:
    """All that an invoice can have on it."""
    return a_full_month()


@pytest.fixture(scope="module")
def sheets(full: ChargeReport) -> list[str]:
    """The words of its pages."""
    return pages(charge_report.pdf(full))


def test_the_first_page_says_who_pays_whom_how_much_and_when(full: ChargeReport, sheets: list[str]) -> None:
    assert sheets[0].startswith(
        "Example Fulfilment Ltd Invoice 2026-11-v2 November 2026 · Sun 1 Nov – Mon 30 Nov 2026 "
        "Made Mon 30 Nov 2026 17:04 PST · as known Mon 30 Nov 2026 17:02 PST "
        "From Example Fulfilment Ltd 12 Example Way Duluth, MN 55802 "
        "Bill to Sample Brands Inc Accounts payable 400 Sample Street, Suite 4 Portland, OR 97201 "
        "Invoice number 2026-11-v2 Version 2, replaces version 1 Issued Mon 30 Nov 2026 "
        "Due Wed 30 Dec 2026, 30 days from issue Billed days Sun 1 Nov – Mon 30 Nov 2026, all 30 days Currency USD "
        f"Amount due by Wed 30 Dec 2026 {written(full.total)} USD "
        "It replaces version 1, which said 13,480.11 USD. Summary"
    )


def test_the_total_is_the_sum_of_the_shown_sums(full: ChargeReport, sheets: list[str]) -> None:
    for name, amount in (
        ("carrier cost", full.carrier_cost),
        ("service fees", full.service_fees),
        ("added lines", full.extras),
        ("earlier months", full.restated),
    ):
        assert f"Sum of {name} {written(amount)}" in sheets[0]
    assert f"Total {written(full.total)}" in sheets[0]
    assert full.total == full.carrier_cost + full.service_fees + full.extras + full.restated
    for part in charge_texts.summary(full):
        assert sum(line.amount for line in part.lines) == part.amount, part.name
        for line in part.lines:
            assert f" {written(line.amount)} " in sheets[0], line.name


def test_a_rate_that_changed_shows_both_with_their_days(sheets: list[str]) -> None:
    assert "Orders, Sun 1 Nov – Sun 15 Nov each once, on the day its first parcel left" in sheets[0]
    assert "Orders, Mon 16 Nov – Mon 30 Nov" in sheets[0]
    assert " 2.75 " in sheets[0]
    assert " 2.95 " in sheets[0]
    assert any("Order 2.95 for each order Mon 16 Nov 2026" in page for page in sheets)


def test_each_calendar_day_stands_in_the_annex_with_its_sums(full: ChargeReport, sheets: list[str]) -> None:
    annex = next(page for page in sheets if "Day by day" in page)

    for one in day_sums(full.lines, full.days, FIRST, LAST):
        counts = f"{one.counts.orders} {one.counts.shipments} {one.counts.packages} {one.counts.units}"
        assert f"{one.day:%a} {one.day.day} Nov {counts} {written(one.carrier_cost)}" in annex
        assert f" {written(one.total)} " in annex
    assert f"{written(full.charges)} Earlier months, {written(full.restated)}, are of no day of this month." in annex
    assert "Sat 7 Nov 0 0 0 0 0.00 0.00 0.00 " in annex


def test_carriers_stock_rates_labels_and_warnings_are_there(full: ChargeReport, sheets: list[str]) -> None:
    words = " ".join(sheets)

    assert "FedEx Home Delivery 159 1 2 1,989.11" in words
    assert "Stamps.com, USPS Priority Mail 55 1 0" in words
    assert f"Carrier cost {written(full.carrier_cost)}" in words
    for one in full.stock:
        assert f"{one.sku} {one.name} {one.opening:,} " in words
        assert f"{one.closing:,} {one.pallet_size} {one.pallet_days:,}" in words
    assert "50210 750210 Wed 11 Nov 19 days Its order is cancelled. 34.12" in words
    assert "Total 43.89" in words
    assert (
        "2 labels cost nothing in ShipStation, such as that of order 700212. "
        "kim issued it all the same. The reason given: Both were sent with a prepaid label of the carrier."
    ) in words


def test_a_restated_month_shows_each_line_with_what_was_billed_and_why(full: ChargeReport, sheets: list[str]) -> None:
    words = " ".join(sheets)

    assert "October 2026 Billed with invoice 2026-10-v1: 683.18 USD. Now: 650.02 USD." in words
    assert (
        "Fri 30 Oct Voids taken back, FedEx 2Day 0.00 0 labels −31.80 1 label −31.80 "
        "Label 40001 of order 740001 was voided on Tue 3 Nov 2026."
    ) in words
    assert "Entry 8120 (receive +30 on Sat 31 Oct 2026) was entered on Wed 4 Nov 2026." in words
    assert f"Difference of October 2026 {written(full.restated)}" in words


def test_each_page_carries_firm_number_hash_and_its_own_number(full: ChargeReport, sheets: list[str]) -> None:
    for number, words in enumerate(sheets, start=1):
        assert words.endswith(
            f"Example Fulfilment Ltd · Invoice 2026-11-v2 · Content hash {full.content_hash[:16]} "
            f"Page {number} of {len(sheets)}"
        )


def test_where_nobody_has_said_who_pays_the_invoice_says_so() -> None:
    words = text(charge_report.pdf(a_small_month()))

    assert "From Nobody has set who bills (Settings). Bill to Nobody has set who pays (Settings)." in words
    words = text(charge_report.pdf(a_small_month(parties=replace(PARTIES, client_address=""))))
    assert "Bill to Sample Brands Inc Nobody has set their address (Settings)." in words


def test_a_part_of_a_month_says_so_in_its_head() -> None:
    words = text(charge_report.pdf(a_month(date(2026, 11, 12))))

    assert "November 2026 so far · Sun 1 Nov – Thu 12 Nov 2026" in words
    assert "Billed days Sun 1 Nov – Thu 12 Nov 2026, 12 of 30 days" in words
    assert charge_texts.NOT_OVER in words
    assert "Fri 13 Nov " not in words


@pytest.mark.parametrize("made", [a_small_month(), an_empty_month()], ids=["small", "empty"])
def test_a_month_of_next_to_nothing_is_an_invoice(made: ChargeReport) -> None:
    words = text(charge_report.pdf(made, paper="a4"))

    assert f"Total {written(made.total)}" in words
    assert "What changed of earlier months" not in words
    assert "apparently never used" not in words


def test_more_given_back_than_charged_is_a_credit() -> None:
    made = an_empty_month(lines=(Line("extra", FIRST, 1, Decimal("-12.00"), extra_no=1, text="Broken in our hands"),))

    words = text(charge_report.pdf(made))

    assert "Credit −12.00 USD" in words
    assert "Broken in our hands Sun 1 Nov 2026 −12.00" in words


def test_a_minimum_is_shown_with_the_fees_it_tops_up() -> None:
    top_up = Line("minimum", LAST, 1, Decimal("1498.00"), Decimal("1500"))
    fee = Line("receipt", FIRST, 1, Decimal("2.00"), Decimal("2"))

    assert "Top-up to the minimum the minimum is 1,500.00, the fees above come to 2.00 1,498.00" in text(
        charge_report.pdf(an_empty_month(lines=(fee, top_up)))
    )


def test_of_very_many_unused_labels_the_dearest_are_on_paper() -> None:
    unused = tuple(UnusedLabel(no, None, FIRST, Decimal("1.10"), 9, "It belongs to no order.") for no in range(130))

    assert "30 more, of 33.00 together, are in the workbook." in text(charge_report.pdf(an_empty_month(unused=unused)))


def test_what_people_wrote_is_text_whatever_signs_it_holds() -> None:
    words = flat(text(charge_report.pdf(a_rude_month())).replace("\u200b", "")).replace(" ", "")

    for one in RUDE:
        assert words.count(one.replace(" ", "")) >= 3, one


def test_the_same_report_gives_the_same_bytes_also_after_it_was_kept(full: ChargeReport) -> None:
    made = charge_report.pdf(full)

    assert charge_report.pdf(ChargeReport.from_json(full.as_json())) == made
    assert b"pdfuaid" in read(made).trailer["/Root"]["/Metadata"].get_object().get_data()
    assert charge_report.pdf(a_full_month(version=3)) != made


@pytest.mark.parametrize(("paper", "size"), [("us-letter", (612, 792)), ("a4", (595, 842))])
def test_it_is_made_for_letter_and_for_a4_and_can_be_heard(paper: Paper, size: tuple[int, int]) -> None:
    found = read(charge_report.pdf(a_small_month(), paper=paper))
    box, root, metadata = found.pages[0].mediabox, found.trailer["/Root"], found.metadata

    assert (round(box.width), round(box.height)) == size
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert metadata is not None
    assert metadata.creation_date == MADE_AT
    assert metadata.title == "Invoice 2026-11-v1, November 2026 · Sun 1 Nov – Mon 30 Nov 2026"


def test_a_template_changed_badly_is_named(tmp_path: Path) -> None:
    for name in ("frame.typ", "invoice.typ"):
        shutil.copy(TEMPLATES / name, tmp_path / name)
    with (tmp_path / "invoice.typ").open("a") as template:
        template.write("\n#nobody(1)\n")

    with pytest.raises(TemplateError, match=r"invoice\.typ:"):
        typeset("invoice.typ", charge_report.invoice(a_small_month(), "a4"), MADE_AT, templates=tmp_path)
