"""A month's charges as a mail: the summary and a small table first, the whole of it in the invoice and the workbook."""

from __future__ import annotations

from shipsync.documents import charge_texts, mail_page
from shipsync.documents.charge_texts import SummaryPart
from shipsync.documents.mail_page import CELL, shown
from shipsync.rules.charge_report import ChargeReport

_LINK_NAME = "Open the month"
_FOOT = "The invoice and the workbook are attached. Every sum is a sum of lines that they show."
_NAME_CELL = CELL.replace("text-align:right", "text-align:left").replace("6px 6px", "6px 0")


def mail_texts(made: ChargeReport, link: str | None = None) -> tuple[str, str, str]:
    """Subject, plain text and HTML. `link` leads to the month on screen; None where there is no address for it."""
    return made.subject, _text(made, link), _html(made, link)


def _title(made: ChargeReport) -> str:
    return f"{charge_texts.TITLE} {made.number}"


def _headlines(made: ChargeReport) -> list[tuple[str, str, str]]:
    """The figures that come first: name, figure, what stands beside it."""
    return [
        (charge_texts.due_name(made), charge_texts.with_currency(made.total, made), charge_texts.due_by(made)),
        *((one.name, one.text, one.beside) for one in charge_texts.counts(made)),
    ]


def _said(made: ChargeReport) -> list[str]:
    """What is unusual, and what the self-check warned of."""
    warned = [*made.warnings, charge_texts.issued_all_the_same(made)] if made.warnings else []
    missing = [one.missing for one in charge_texts.parties(made.parties) if one.missing]
    return [*charge_texts.statements(made), *missing, *warned]


def _text(made: ChargeReport, link: str | None) -> str:
    head = [_title(made), charge_texts.period(made), charge_texts.made_at(made)]
    first = [f"{name}: {text}{f' · {beside}' if beside else ''}" for name, text, beside in _headlines(made)]
    parts = [[f"{part.name}: {part.text}", *_part_lines(part)] for part in charge_texts.summary(made)]
    return mail_page.plain(
        [head, _said(made), first, *parts, [f"{_LINK_NAME}: {link}"] if link else [], [_FOOT]],
    )


def _part_lines(part: SummaryPart) -> list[str]:
    if not part.lines:
        return [f"  {part.nothing}"]
    return [f"  {one.name}: {one.text}{f' ({one.basis})' if one.basis else ''}" for one in part.lines]


def _html(made: ChargeReport, link: str | None) -> str:
    body = (
        mail_page.head(_title(made), charge_texts.period(made), charge_texts.made_at(made)),
        mail_page.said(_said(made)),
        mail_page.headlines(_headlines(made)),
        _table(charge_texts.summary(made)),
        mail_page.link(link, _LINK_NAME),
        mail_page.foot(_FOOT),
    )
    return mail_page.html(made.subject, "".join(body))


def _table(parts: list[SummaryPart]) -> str:
    """Each part with its sum, and its lines below."""
    rows = "".join(_rows(part) for part in parts)
    return (
        '<table style="border-collapse:collapse;font-size:13px;width:100%;max-width:560px">'
        f'<tr><th scope="col" style="{_NAME_CELL}">Charge</th><th scope="col" style="{CELL}">Quantity</th>'
        f'<th scope="col" style="{CELL}">Rate</th><th scope="col" style="{CELL}">Amount</th></tr>{rows}</table>'
    )


def _rows(part: SummaryPart) -> str:
    lines = "".join(
        f'<tr><td style="{_NAME_CELL}">{shown(one.name)}</td><td style="{CELL}">{shown(one.quantity)}</td>'
        f'<td style="{CELL}">{shown(one.rate)}</td><td style="{CELL}">{shown(one.text)}</td></tr>'
        for one in part.lines
    )
    nothing = f'<tr><td colspan="4" style="{_NAME_CELL}">{shown(part.nothing)}</td></tr>' if not part.lines else ""
    return (
        f'<tr><th scope="rowgroup" colspan="3" style="{_NAME_CELL};padding-top:12px">{shown(part.name)}</th>'
        f'<th style="{CELL};padding-top:12px">{shown(part.text)}</th></tr>{lines}{nothing}'
    )
