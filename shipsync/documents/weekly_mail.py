"""The weekly report as a mail: the summary and a small table first, the whole of it behind a link and in the files.

Both parts say the same. The HTML has its styles inline, fetches nothing, and names neither text nor ground colour, so
that it is as readable in a dark mail program as in a light one.
"""

from __future__ import annotations

from html import escape

from shipsync.documents import weekly_texts
from shipsync.documents.figures import Figure
from shipsync.documents.weekly_texts import ProductTexts
from shipsync.rules.weekly_report import WeeklyReport

_PRODUCTS_SHOWN = 20  # the worst come first; more would be no summary
_LINK_NAME = "Open the report"
_FOOT = "Figures are units. – means not known, for the reason beside it; it never means zero."

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_CELL = (
    "padding:4px 0 6px 6px;border-bottom:1px solid #999;vertical-align:top;text-align:right;"
    "font-variant-numeric:tabular-nums"
)
_WIDTHS = (15, 18, 18, 14, 35)  # percent; the dates need the most
_NAME = "padding:2px 12px 2px 0;white-space:nowrap;vertical-align:top"


def mail_texts(report: WeeklyReport, link: str | None = None) -> tuple[str, str, str]:
    """Subject, plain text and HTML. `link` leads to the report on screen; None where there is no address for it."""
    products = [weekly_texts.product(line) for line in report.lines]
    shown, left_out = products[:_PRODUCTS_SHOWN], len(products) - _PRODUCTS_SHOWN
    more = f"{left_out} more SKUs are in the report." if left_out > 0 else None
    return report.subject, _text(report, shown, more, link), _html(report, shown, more, link)


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
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _bracketed(beside: str) -> str:
    return f" ({beside})" if beside else ""


def _html(report: WeeklyReport, products: list[ProductTexts], more: str | None, link: str | None) -> str:
    head = "".join(
        (
            f'<h1 style="font-size:20px;margin:0 0 4px">{_shown(weekly_texts.TITLE)}</h1>',
            f'<p style="margin:0;font-weight:bold">{_shown(weekly_texts.period(report))}</p>',
            f'<p style="margin:2px 0 12px;font-size:13px">{_shown(weekly_texts.made(report))}</p>',
        )
    )
    said = "".join(
        f'<p style="margin:0 0 8px;padding-left:8px;border-left:3px solid #999">{_shown(one)}</p>'
        for one in weekly_texts.statements(report)
    )
    summary = "".join(
        f'<tr><td style="{_NAME}">{_shown(one.name)}</td>'
        f'<td style="{_NAME};text-align:right;font-weight:bold">{_shown(one.text)}</td>'
        f'<td style="padding:3px 0 2px;font-size:13px;vertical-align:top">{_shown(one.beside)}</td></tr>'
        for one in weekly_texts.summary(report)
    )
    after = f'<p style="margin:10px 0">{_shown(more)}</p>' if more else ""
    if link:
        after += f'<p style="margin:14px 0"><a href="{escape(link)}">{_LINK_NAME}</a></p>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{_shown(report.subject)}</title></head>"
        f'<body style="margin:0;padding:16px;{_FONT};font-size:15px;line-height:1.35">{head}{said}'
        f'<table role="presentation" style="border-collapse:collapse;margin:8px 0 16px">{summary}</table>'
        f"{_table(products) if products else ''}{after}"
        f'<p style="margin:14px 0 0;font-size:12px">{_shown(_FOOT)}</p></body></html>\n'
    )


def _table(products: list[ProductTexts]) -> str:
    """Each product across, and its figures below: on a phone there is no room for both in a row."""
    columns = _columns(products[0])
    columns = _columns(products[0])
    names = "".join(
        f'<th scope="col" style="{_CELL};width:{width}%">{name}</th>'
        for (name, _), width in zip(columns, _WIDTHS, strict=True)
    )
    rows = "".join(_row(texts, len(columns)) for texts in products)
    return (
        '<table style="border-collapse:collapse;font-size:13px;width:100%;max-width:560px;table-layout:fixed">'
        f"<tr>{names}</tr>{rows}</table>"
    )


def _row(texts: ProductTexts, across: int) -> str:
    figures = "".join(f'<td style="{_CELL}">{_figure(one)}</td>' for _, one in _columns(texts))
    return (
        f'<tr><th scope="rowgroup" colspan="{across}" style="padding:10px 0 0;text-align:left;font-weight:normal">'
        f"<b>{_shown(texts.sku)}</b> {_shown(texts.name)}<br>"
        f"<b>{_shown(texts.level)}</b>: {_shown(texts.reason)}</th></tr><tr>{figures}</tr>"
    )


def _figure(one: Figure) -> str:
    beside = f'<br><span style="font-size:12px">{_shown(one.beside)}</span>' if one.beside else ""
    return f"{_shown(one.text)}{beside}"


def _shown(text: str) -> str:
    return escape(text, quote=False)
