"""A month's charges as a mail: both parts say the same, and neither needs anything from outside."""

from __future__ import annotations

import html
import re

import pytest

from shipsync.documents import charge_report, charge_texts
from shipsync.rules.charge_report import ChargeReport
from tests.documents.a_month import a_full_month, a_month, a_rude_month, a_small_month, an_empty_month
from tests.documents.paper import flat

LINK = "https://warehouse.example.com/end_of_month?month=2026-11&version=1"


def seen(part: str) -> str:
    """What a reader of the HTML sees."""
    body = part[part.index("<body") :]
    return flat(html.unescape(re.sub(r"<[^>]+>", " ", body)))


def words_of(said: str) -> set[str]:
    """Its words and figures: '1,190.00' is one."""
    return set(re.findall(r"\w+(?:[.,]\w+)*", said))


def test_the_subject_tells_the_result() -> None:
    made = a_full_month()

    subject, _, _ = charge_report.mail_texts(made, LINK)

    assert subject == made.subject
    assert subject.startswith(f"November 2026: {made.total:,.2f} USD, ")


def test_the_text_reads_from_the_top() -> None:
    _, text, _ = charge_report.mail_texts(a_small_month(), LINK)

    assert text == (
        """\
Invoice 2026-11-v1
November 2026 · Sun 1 Nov – Mon 30 Nov 2026
Made Mon 30 Nov 2026 17:04 PST · as known Mon 30 Nov 2026 17:02 PST

Nobody has set who bills (Settings).
Nobody has set who pays (Settings).

Amount due: 27.59 USD · by Wed 30 Dec 2026
Orders: 1 · each once, on the day its first parcel left
Shipments: 1 · labels that went out and were not voided
Packages: 1 · parcels that left, those marked as shipped elsewhere too
Units: 1 · of key products, on the day their parcel left

Carrier cost: 9.40
  Postage: 9.40 (1)

Service fees: 18.19
  Orders: 2.75 (1 × 2.75)
  Units: 0.44 (1 × 0.4375)
  Pallet-days: 15.00 (30 × 0.50)

Open the month: https://warehouse.example.com/end_of_month?month=2026-11&version=1

The invoice and the workbook are attached. Every sum is a sum of lines that they show.
"""
    )


@pytest.mark.parametrize("made", [a_full_month(), a_month(), a_small_month(), an_empty_month(), a_rude_month()])
def test_both_parts_say_the_same(made: ChargeReport) -> None:
    _, text, part = charge_report.mail_texts(made, LINK)
    shown = seen(part)

    said = [*charge_texts.statements(made), *made.warnings, charge_texts.with_currency(made.total, made)]
    for kind in charge_texts.summary(made):
        said += [kind.name, kind.text, *(word for one in kind.lines for word in (one.name, one.quantity, one.text))]
    for words in said:
        assert flat(words) in flat(text)
        assert flat(words) in shown
    # The other way round: every word and figure of the one is in the other, but for the heads of the table.
    assert words_of(shown) - {"Charge", "Quantity", "Rate", "Amount"} <= words_of(text)
    assert words_of(text.replace(LINK, "")) <= words_of(shown)


def test_the_html_fetches_nothing_and_names_no_colour_of_text_or_ground() -> None:
    _, _, part = charge_report.mail_texts(a_full_month(), LINK)

    assert re.findall(r"<(?:img|link|script|style|iframe|object|video)\b|url\(|@import|\bsrc=|\bon\w+=", part) == []
    assert re.findall(r"https?://", part) == ["https://"]  # the link to the page alone
    assert re.findall(r"(?<!-)\bcolor:|background", part) == []


def test_what_people_wrote_is_text_in_html() -> None:
    _, _, part = charge_report.mail_texts(a_rude_month())

    assert "<script>" not in part
    assert 'onclick="x"' in html.unescape(seen(part))
    assert "<a " not in part
