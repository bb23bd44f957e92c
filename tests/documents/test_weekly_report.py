"""The weekly report on paper: its figures, what is said of the week, and what is not known."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shipsync.documents import weekly_report, weekly_texts
from shipsync.documents.typesetting import Paper
from shipsync.rules.ledger import Waterfall
from shipsync.rules.weekly_report import ReportLine, WeeklyReport
from tests.documents.paper import pages, read, text
from tests.documents.reports import MADE_AT, a_line, a_report, many, padded, the_five, troubled


def a_page(*lines: ReportLine, **others: object) -> str:
    """The words of a report of these lines."""
    return text(weekly_report.pdf(a_report(lines, **others)))


def test_the_head_says_which_week_version_and_instant_it_is() -> None:
    words = text(weekly_report.pdf(a_report(version=2), firm="Example Fulfilment Ltd"))

    assert words.startswith(
        "Example Fulfilment Ltd Weekly inventory report Week 47 of 2026 · Mon 16 Nov – Sun 22 Nov 2026 "
        "Version 2, made Fri 20 Nov 2026 15:04 PST · stock as of Fri 20 Nov 2026 12:48 PST"
    )


def test_a_week_at_the_turn_of_the_year_has_the_year_of_its_thursday() -> None:
    week = {"week_start": date(2026, 12, 28), "week_end": date(2027, 1, 3)}

    assert weekly_texts.period(a_report(**week)) == "Week 53 of 2026 · Mon 28 Dec 2026 – Sun 3 Jan 2027"


def test_what_is_unusual_stands_before_the_figures() -> None:
    sentences = ("Thu 19 Nov 2026 is a day off.", "Nothing is known of the week of Mon 5 Oct 2026.")
    words = a_page(a_line(), stated=sentences)

    assert f"12:48 PST {' '.join(sentences)} Units shipped" in words


def test_a_week_that_is_not_over_says_so_even_if_nobody_else_does() -> None:
    words = a_page(a_line(), is_complete=False)

    assert weekly_texts.NOT_OVER in words
    assert "Units shipped 495 so far; a whole week has 491.0 (5-week average)" in words
    assert "Outlined: week 47 so far." in words
    assert weekly_texts.NOT_OVER not in a_page(a_line())


def test_the_summary_comes_first() -> None:
    words = text(weekly_report.pdf(a_report(padded(troubled()))))

    # 20 + 495 + 9 + 300 + 60 + 12 + 0 + 0; without the new product 887 against 20 + 491 + 133.8 + 48 + 4.1 + 0.02
    assert (
        "Units shipped 896 +27 % against 697.0, the average of 5 to 52 weeks, 7 of 8 products "
        "Orders shipped 142 6.3 units an order Parcels 150 6.0 units a parcel "
        "SKUs critical 1 20102 SKUs low 0 SKUs unknown 2 20101, 20104"
    ) in words


def test_a_report_where_all_is_well_has_no_unknown() -> None:
    words = a_page(a_line(quantity=3000))

    assert "SKUs critical 0 SKUs low 0 Products" in words


def test_many_skus_are_counted_and_the_first_named() -> None:
    lines = [a_line(f"{number}", quantity=10) for number in range(20001, 20007)]

    assert "SKUs critical 6 20001, 20002, 20003, 20004 and 2 more" in a_page(*lines)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (
            a_line(reason="Why."),
            # 1204 - 14 available; 1190 / 491.0 * 7 = 16.97 days from 20 Nov; 25 * 48 + 4
            "17612 Rinse, case Why. ✓ normal 495 491.0 5 weeks – not all known 493.8 1,204 14 1,190 16 "
            "Sun 6 Dec 2026 6 Dec – 7 Dec 2026 1,020 computed 25 + 4 of 48",
        ),
        (
            a_line(reason="Why.", quantity=None),
            "? unknown 495 491.0 5 weeks – not all known 493.8 – not counted yet 14 – not counted yet "
            "– not counted yet – not counted yet 1,020 computed – not counted yet",
        ),
        (
            a_line(reason="Why.", quantity=-7, weeks=[20] * 60),
            "■ critical 20 20.0 52 weeks 20.0 20.0 −7 14 −21 0 Fri 20 Nov 2026 40 computed – below zero",
        ),
        (
            a_line(reason="Why.", quantity=95, weeks=[3, 0, 9, 4, 2, 2, 1, 12], pallet_size=None, quarantined=6),
            "✓ normal 12 4.1 8 weeks – not all known 4.2 95 6 quarantined 14 75 127",
        ),
        (
            a_line(reason="Why.", quantity=300, weeks=[12, 9]),
            "? unknown 9 – 2 complete weeks known, 4 are needed – – 300 14 286 – no average yet – no average yet "
            "– no average yet 6 + 12 of 48",
        ),
        (
            a_line(reason="Why.", quantity=40, weeks=[5] + [0] * 59, reorder_point=0),
            "✓ normal 0 0.0 52 weeks 0.0 0.0 40 14 26 – none shipped – none shipped 0 given 0 + 40 of 48",
        ),
        (
            a_line(reason="Why.", quantity=700, weeks=[1] + [0] * 30 + [1] + [0] * 28, reorder_point=5),
            "✓ normal 0 < 0.1 52 weeks 0.0 0.0 −100 % 700 14 686 > 3,650 – not within ten years 5 given 14 + 28 of 48",
        ),
        (
            a_line(reason="Why.", quantity=2000, weeks=[120] * 56 + [300] * 4, lead_time_days=None),
            # (48 * 120 + 4 * 300) / 52 = 133.8; (9 * 120 + 4 * 300) / 13 = 175.4
            "? unknown 300 133.8 52 weeks 175.4 300.0 +124 % 2,000 14 1,986 103",
        ),
    ],
    ids=["normal", "never counted", "below zero", "no pallet size", "new", "not sold", "one a year", "no lead time"],
)
def test_a_product_shows_its_figures_or_why_there_are_none(line: ReportLine, row: str) -> None:
    assert row in a_page(line)


@pytest.mark.parametrize("lines", [the_five(), padded(troubled()), many(60)], ids=["five", "troubled", "many"])
def test_the_figures_on_paper_are_those_of_the_report(lines: list[ReportLine]) -> None:
    report = a_report(lines)
    words = text(weekly_report.pdf(report))

    for line in report.lines:
        shown = [f"{line.shipped:,}", "–" if line.weekly_average is None else decimals(line.weekly_average)]
        assert f"{line.level} {' '.join(shown)}" in words, line.sku
        for amount in (line.quantity, line.available, line.reorder_point):
            assert f" {minus(amount)} " in words, (line.sku, amount)
        if line.runs_out_on is not None:
            assert f"{line.runs_out_on:%a} {line.runs_out_on.day} {line.runs_out_on:%b %Y}" in words
        assert f"{line.shipped:,} in week 47, average {shown[1]}" in words
    assert f"All products {report.units_shipped:,}" in words


def decimals(amount: float) -> str:
    """As a person would write it."""
    return "< 0.1" if 0 < amount < 0.05 else f"{amount:,.1f}"


def minus(amount: int | None) -> str:
    """As a person would write it."""
    return "–" if amount is None else f"{amount:,}".replace("-", "−")


def test_the_weeks_stock_is_explained_from_monday_on() -> None:
    moved = Waterfall(opening=1139, received=480, shipped=417, voided=4, adjusted=-2, repacked=6, counted=-6)
    words = a_page(a_line(quantity=moved.expected, moved=moved))

    assert "17612 Rinse, case 1,139 +480 −417 +4 −2 +6 −6 1,204" in words


def test_a_stock_that_nobody_has_counted_is_explained_by_its_movements_alone() -> None:
    words = a_page(a_line(quantity=None, moved=Waterfall(0, 480, 417, 0, 0, 0)))

    assert "17612 Rinse, case – not counted yet +480 −417 0 0 0 0 – not counted yet" in words


@pytest.mark.parametrize(
    ("weeks", "is_complete", "first"),
    [
        ([5] * 60, True, 8),  # the newest 52
        ([5] * 60 + [2], False, 8),  # the week under way is not one of them
        ([0] * 10 + [5] * 20, True, 10),  # since the first sale
        ([5] * 20 + [None] * 20 + [5] * 20, True, 0),  # 40 known ones
        ([None] * 30 + [5] * 8, True, 30),
        ([5, 5], True, None),
    ],
)
def test_the_dashed_line_goes_over_the_weeks_of_its_average(
    weeks: list[int | None], is_complete: bool, first: int | None
) -> None:
    counted = weeks if is_complete else weeks[:-1]
    line = a_line(weeks=counted)
    values = {name: getattr(line, name) for name in ReportLine.__slots__} | {"weeks": tuple(weeks)}

    assert weekly_texts.average_from(ReportLine(**values), a_report([line], is_complete=is_complete)) == first


def test_the_axis_names_quarters_or_else_its_first_week() -> None:
    assert [name for _, name in weekly_texts.quarters(a_report())] == ["Oct 2025", "Jan 2026", "Apr", "Jul", "Oct"]
    assert weekly_texts.quarters(a_report([a_line(weeks=[1, 2, 3])])) == [(0, "Mon 2 Nov 2026")]


def test_sixty_products_go_over_pages_with_repeated_heads() -> None:
    found = pages(weekly_report.pdf(a_report(many(60)), firm="Example Fulfilment Ltd"))

    assert len(found) == 9
    for number, words in enumerate(found, start=1):
        assert words.endswith(f"Page {number} of 9")
        assert words.startswith("Weekly inventory report · Week 47 of 2026") == (number > 1)
    assert sum("Product Level Shipped Average a week" in words for words in found) == 4
    assert sum("Product On Monday Received Shipped" in words for words in found) == 2


def test_each_page_carries_the_hash_of_what_it_says() -> None:
    report = a_report(the_five())

    for words in pages(weekly_report.pdf(report)):
        assert f"Content hash {report.content_hash[:16]} Page" in words


def test_the_same_report_gives_the_same_bytes_also_after_it_was_kept() -> None:
    report = a_report(padded(troubled()))

    assert weekly_report.pdf(WeeklyReport.from_json(report.as_json())) == weekly_report.pdf(report)
    assert weekly_report.pdf(a_report(padded(troubled()), version=2)) != weekly_report.pdf(report)


def test_the_documents_date_is_the_reports() -> None:
    metadata = read(weekly_report.pdf(a_report())).metadata

    assert metadata is not None
    assert metadata.creation_date == MADE_AT
    assert metadata.title == "Weekly inventory report, Week 47 of 2026 · Mon 16 Nov – Sun 22 Nov 2026"


@pytest.mark.parametrize(("paper", "size"), [("us-letter", (792, 612)), ("a4", (842, 595))])
def test_it_is_made_for_letter_and_for_a4(paper: Paper, size: tuple[int, int]) -> None:
    box = read(weekly_report.pdf(a_report(), paper=paper)).pages[0].mediabox

    assert (round(box.width), round(box.height)) == size


@pytest.mark.parametrize("lines", [[], [a_line(weeks=[0] * 60)], [a_line(weeks=[None] * 60, quantity=None)]])
def test_a_report_of_nothing_is_a_report(lines: list[ReportLine]) -> None:
    words = text(weekly_report.pdf(a_report(lines, orders_shipped=0, parcels=0)))

    assert "Units shipped 0" in words
    assert "Orders shipped 0 Parcels 0" in words


def test_the_zone_is_the_reports() -> None:
    report = a_report(zone="Europe/Berlin", made_at=datetime(2026, 7, 1, 12, 0, tzinfo=ZoneInfo("Europe/Berlin")))

    assert "made Wed 1 Jul 2026 12:00 CEST" in weekly_texts.made(report)
    assert weekly_texts.made(report) == weekly_texts.made(
        a_report(zone="Europe/Berlin", made_at=report.made_at + timedelta(seconds=30))
    )


def test_it_can_be_heard() -> None:
    root = read(weekly_report.pdf(a_report(the_five()))).trailer["/Root"]

    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
