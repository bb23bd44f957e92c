"""The weekly report as a mail: both parts say the same, and neither needs anything from outside."""

from __future__ import annotations

import html
import re

import pytest

from shipsync.documents import weekly_report, weekly_texts
from shipsync.rules.weekly_report import ReportLine, WeeklyReport
from tests.documents.paper import flat
from tests.documents.reports import a_line, a_report, many, padded, the_five, troubled

LINK = "https://warehouse.example.com/weekly_report?week=2026-W47&version=1"


def seen(part: str) -> str:
    """What a reader of the HTML sees."""
    body = part[part.index("<body") :]
    return flat(html.unescape(re.sub(r"<[^>]+>", " ", body)))


def words_of(shown: str) -> set[str]:
    """Its words and figures: '1,190' is one."""
    return set(re.findall(r"\w+(?:[.,]\w+)*", shown))


def mailed(lines: list[ReportLine], **others: object) -> tuple[WeeklyReport, str, str, str]:
    """The report, and its mail."""
    report = a_report(lines, **others)
    return report, *weekly_report.mail_texts(report, LINK)


def test_the_subject_tells_the_result() -> None:
    report, subject, _, _ = mailed(padded(troubled()))

    assert subject == report.subject
    assert subject.startswith("Week 47: 896 units, 1 SKU critical")


def test_the_text_reads_from_the_top() -> None:
    line = a_line(reason="1,190 are available, above the computed reorder point of 1,020.")
    _, _, text, _ = mailed([line], stated=("Thu 19 Nov 2026 is a day off.",))

    assert text == (
        """\
Weekly inventory report
Week 47 of 2026 · Mon 16 Nov – Sun 22 Nov 2026
Version 1, made Fri 20 Nov 2026 15:04 PST · stock as of Fri 20 Nov 2026 12:48 PST

Thu 19 Nov 2026 is a day off.

Units shipped: 495 · +1 % against 491.0, the 5-week average
Orders shipped: 142 · 3.5 units an order
Parcels: 150 · 3.3 units a parcel
SKUs critical: 0
SKUs low: 0

17612 Rinse, case
  ✓ normal: 1,190 are available, above the computed reorder point of 1,020.
  Shipped 495, Average 491.0 (5 weeks), Available 1,190, Days left 16, Runs out Sun 6 Dec 2026 (6 Dec – 7 Dec 2026)

Open the report: https://warehouse.example.com/weekly_report?week=2026-W47&version=1

Figures are units. – means not known, for the reason beside it; it never means zero.
"""
    )


@pytest.mark.parametrize("lines", [the_five(), padded(troubled()), many(60), []])
def test_both_parts_say_the_same(lines: list[ReportLine]) -> None:
    report, _, text, part = mailed(lines, stated=("Thu 19 Nov 2026 is a day off.",))
    shown = seen(part)

    said = [weekly_texts.TITLE, weekly_texts.period(report), weekly_texts.made(report), *report.stated]
    for one in weekly_texts.summary(report):
        said += [one.name, one.text, one.beside]
    for line in report.lines[:20]:
        told = weekly_texts.product(line)
        said += [f"{told.sku} {told.name}", told.level, told.reason]
        for figure in (told.shipped, told.average, told.available, told.days_left, told.runs_out):
            said += [figure.text, figure.beside]
    for words in said:
        assert flat(words) in flat(text)
        assert flat(words) in shown
    # The other way round: every word and figure of the one is in the other.
    assert words_of(shown) == words_of(text.replace(LINK, ""))


def test_a_long_shelf_shows_the_worst_and_says_how_many_more_there_are() -> None:
    report, _, text, part = mailed(many(60))

    assert "40 more SKUs are in the report." in text
    assert "40 more SKUs are in the report." in seen(part)
    assert f"\n{report.lines[19].sku} " in text
    assert f"\n{report.lines[20].sku} " not in text


def test_the_html_fetches_nothing_and_names_no_colour_of_text_or_ground() -> None:
    _, _, _, part = mailed(padded(troubled()))

    assert re.findall(r"<(?:img|link|script|style|iframe|object|video)\b|url\(|@import|\bsrc=|\bon\w+=", part) == []
    assert re.findall(r"https?://", part) == ["https://"]  # the link to the page alone
    assert re.findall(r"(?<!-)\bcolor:|background", part) == []
    assert '<meta name="color-scheme" content="light dark">' in part


def test_names_are_text_in_html() -> None:
    _, _, _, part = mailed([a_line(name='<b onclick="x">&amp;</b><script>', reason="<i>")], stated=("<img src=x>",))

    assert "<script>" not in part
    assert "<img" not in part
    assert 'onclick="x"' in html.unescape(seen(part))
    assert '<b onclick="x">&amp;</b><script>' in seen(part)


def test_a_link_is_quoted_and_may_be_missing() -> None:
    _, _, _, part = mailed([a_line()])
    assert 'href="https://warehouse.example.com/weekly_report?week=2026-W47&amp;version=1"' in part

    _, text, without = weekly_report.mail_texts(a_report([a_line()]))
    assert "Open the report" not in text + without
