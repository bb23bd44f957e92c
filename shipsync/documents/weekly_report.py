"""The weekly inventory report in all its forms: PDF, workbook, CSV and mail, all of the same frozen figures."""

from __future__ import annotations

from dataclasses import asdict

from shipsync.documents import weekly_texts, words
from shipsync.documents.figures import moved
from shipsync.documents.typesetting import Paper, typeset
from shipsync.documents.weekly_mail import mail_texts
from shipsync.documents.weekly_tables import csv, xlsx
from shipsync.rules.colours import sku_colours
from shipsync.rules.weekly_report import ReportLine, WeeklyReport

__all__ = ["csv", "mail_texts", "pdf", "xlsx"]

_HASH_SHOWN = 16


def pdf(report: WeeklyReport, *, firm: str | None = None, paper: Paper = "us-letter") -> bytes:
    """The report on paper. The same report gives the same bytes. Raises TemplateError for a template changed badly."""
    colours = sku_colours(line.sku for line in report.lines)
    lines = [(line, weekly_texts.product(line)) for line in report.lines]
    data = {
        "paper": paper,
        "firm": firm,
        "title": weekly_texts.TITLE,
        "period": weekly_texts.period(report),
        "made": weekly_texts.made(report),
        "mark": f"Content hash {report.content_hash[:_HASH_SHOWN]}",
        "statements": weekly_texts.statements(report),
        "summary": [asdict(one) | {"text": one.text} for one in weekly_texts.summary(report)],
        "products": [asdict(texts) | {"level_name": line.level} for line, texts in lines],
        "total_shipped": weekly_texts.total_shipped(report),
        "total_average": asdict(weekly_texts.total_average(report)),
        "charts": [_chart(line, texts, report, colours[line.sku]) for line, texts in lines],
        "quarters": [{"place": place, "name": name} for place, name in weekly_texts.quarters(report)],
        "week": report.week_start.isocalendar().week,
        "is_complete": report.is_complete,
        "moved": [
            {"sku": line.sku, "name": line.name} | asdict(moved(line.moved, is_known=line.quantity is not None))
            for line in report.lines
        ],
        "how_to_read": weekly_texts.HOW_TO_READ,
    }
    return typeset("weekly_report.typ", data, report.made_at)


def _chart(line: ReportLine, texts: weekly_texts.ProductTexts, report: WeeklyReport, colour: str) -> dict[str, object]:
    """What one product's small bar chart is drawn from; `alt` is for those who hear the document."""
    known = [amount for amount in line.weeks if amount is not None]
    top = max([*known, line.weekly_average or 0, 1])  # what the height of the chart stands for
    basis = f"average {texts.average.text} ({texts.average.beside})"
    return {
        "sku": line.sku,
        "name": line.name,
        "weeks": line.weeks,
        "top": top,
        "top_text": words.average(top) if top % 1 else words.number(int(top)),
        "average": line.weekly_average,
        "average_from": weekly_texts.average_from(line, report),
        "colour": colour,
        "caption": f"{texts.shipped.text} in week {report.week_start.isocalendar().week}, {basis}",
        "alt": f"Units of {line.sku} shipped per week over {len(line.weeks)} weeks, {_range(known)}; "
        f"{texts.shipped.text} in the last, {basis}.",
    }


def _range(known: list[int]) -> str:
    """'between 187 and 1,221'."""
    return f"between {min(known):,} and {max(known):,}" if known else "none of them known"
