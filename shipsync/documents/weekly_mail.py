"""The weekly report as a mail: the summary and a small table first, the whole of it behind a link and in the files."""

from __future__ import annotations

from shipsync.documents import mail_page, weekly_texts
from shipsync.documents.figures import Figure
from shipsync.documents.mail_page import CELL, shown
from shipsync.documents.weekly_texts import ProductTexts
from shipsync.rules.weekly_report import WeeklyReport

_PRODUCTS_SHOWN = 20  # the worst come first; more would be no summary
_LINK_NAME = "Open the report"
_FOOT = "Figures are units. – means not known, for the reason beside it; it never means zero."

_WIDTHS = (15, 18, 18, 14, 35)  # percent; the dates need the most


def mail_texts(report: WeeklyReport, link: str | None = None) -> tuple[str, str, str]:
    """Subject, plain text and HTML. `link` leads to the report on screen; None where there is no address for it."""
    products = [weekly_texts.product(line) for line in report.lines]
    first, left_out = products[:_PRODUCTS_SHOWN], len(products) - _PRODUCTS_SHOWN
    more = f"{left_out} more SKUs are in the report." if left_out > 0 else None
    return report.subject, _text(report, first, more, link), _html(report, first, more, link)


def _columns(texts: ProductTexts) -> tuple[tuple[str, Figure], ...]:
    return (
        ("Shipped", texts.shipped),
        ("Average", texts.average),
        ("Available", texts.available),
        ("Days left", texts.days_left),
        ("Runs out", texts.runs_out),
    )


def _text(report: WeeklyReport, products: list[ProductTexts], more: str | None, link: str | None) -> str:
    head = [weekly_texts.TITLE, weekly_texts.period(report), weekly_texts.made(report)]
    summary = [
        f"{one.name}: {one.text}{f' · {one.beside}' if one.beside else ''}" for one in weekly_texts.summary(report)
    ]
    lines = []
    for texts in products:
        figures = ", ".join(f"{name} {one.text}{_bracketed(one.beside)}" for name, one in _columns(texts))
        lines.append(f"{texts.sku} {texts.name}\n  {texts.level}: {texts.reason}\n  {figures}")
    parts = [
        head,
        weekly_texts.statements(report),
        summary,
        *([one] for one in lines),
        [more] if more else [],
        [f"{_LINK_NAME}: {link}"] if link else [],
        [_FOOT],
    ]
    return mail_page.plain(parts)


def _bracketed(beside: str) -> str:
    return f" ({beside})" if beside else ""


def _html(report: WeeklyReport, products: list[ProductTexts], more: str | None, link: str | None) -> str:
    body = (
        mail_page.head(weekly_texts.TITLE, weekly_texts.period(report), weekly_texts.made(report)),
        mail_page.said(weekly_texts.statements(report)),
        mail_page.headlines((one.name, one.text, one.beside) for one in weekly_texts.summary(report)),
        _table(products) if products else "",
        mail_page.more(more),
        mail_page.link(link, _LINK_NAME),
        mail_page.foot(_FOOT),
    )
    return mail_page.html(report.subject, "".join(body))


def _table(products: list[ProductTexts]) -> str:
    """Each product across, and its figures below: on a phone there is no room for both in a row."""
    columns = _columns(products[0])
    names = "".join(
        f'<th scope="col" style="{CELL};width:{width}%">{name}</th>'
        for (name, _), width in zip(columns, _WIDTHS, strict=True)
    )
    rows = "".join(_row(texts, len(columns)) for texts in products)
    return (
        '<table style="border-collapse:collapse;font-size:13px;width:100%;max-width:560px;table-layout:fixed">'
        f"<tr>{names}</tr>{rows}</table>"
    )


def _row(texts: ProductTexts, across: int) -> str:
    figures = "".join(f'<td style="{CELL}">{_figure(one)}</td>' for _, one in _columns(texts))
    return (
        f'<tr><th scope="rowgroup" colspan="{across}" style="padding:10px 0 0;text-align:left;font-weight:normal">'
        f"<b>{shown(texts.sku)}</b> {shown(texts.name)}<br>"
        f"<b>{shown(texts.level)}</b>: {shown(texts.reason)}</th></tr><tr>{figures}</tr>"
    )


def _figure(one: Figure) -> str:
    beside = f'<br><span style="font-size:12px">{shown(one.beside)}</span>' if one.beside else ""
    return f"{shown(one.text)}{beside}"
