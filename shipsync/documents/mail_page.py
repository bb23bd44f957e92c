"""What all mails about a report share. Both parts say the same.

The HTML has its styles inline, fetches nothing, and names neither text nor ground colour, so that it is as readable in
a dark mail program as in a light one. All texts given are texts: whatever signs they hold, they are shown as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_NAME = "padding:2px 12px 2px 0;white-space:nowrap;vertical-align:top"

CELL = (
    "padding:4px 0 6px 6px;border-bottom:1px solid #999;vertical-align:top;text-align:right;"
    "font-variant-numeric:tabular-nums"
)


def shown(text: str) -> str:
    """A text in HTML."""
    return escape(text, quote=False)


def plain(parts: Iterable[Sequence[str]]) -> str:
    """The plain part: groups of lines with an empty line between them; empty groups are left out."""
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def html(subject: str, body: str) -> str:
    """The whole HTML part."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{shown(subject)}</title></head>"
        f'<body style="margin:0;padding:16px;{_FONT};font-size:15px;line-height:1.35">{body}</body></html>\n'
    )


def head(title: str, period: str, made: str) -> str:
    """Which report it is."""
    return "".join(
        (
            f'<h1 style="font-size:20px;margin:0 0 4px">{shown(title)}</h1>',
            f'<p style="margin:0;font-weight:bold">{shown(period)}</p>',
            f'<p style="margin:2px 0 12px;font-size:13px">{shown(made)}</p>',
        )
    )


def said(sentences: Iterable[str]) -> str:
    """Sentences that nobody should overlook."""
    return "".join(
        f'<p style="margin:0 0 8px;padding-left:8px;border-left:3px solid #999">{shown(one)}</p>' for one in sentences
    )


def headlines(figures: Iterable[tuple[str, str, str]]) -> str:
    """The figures that come first: name, figure, what stands beside it."""
    rows = "".join(
        f'<tr><td style="{_NAME}">{shown(name)}</td>'
        f'<td style="{_NAME};text-align:right;font-weight:bold">{shown(text)}</td>'
        f'<td style="padding:3px 0 2px;font-size:13px;vertical-align:top">{shown(beside)}</td></tr>'
        for name, text, beside in figures
    )
    return f'<table role="presentation" style="border-collapse:collapse;margin:8px 0 16px">{rows}</table>'


def more(sentence: str | None) -> str:
    """What is left out, if anything is."""
    return f'<p style="margin:10px 0">{shown(sentence)}</p>' if sentence else ""


def link(address: str | None, name: str) -> str:
    """The way to the report on screen, if there is one."""
    return f'<p style="margin:14px 0"><a href="{escape(address)}">{name}</a></p>' if address else ""


def foot(sentence: str) -> str:
    """What the figures are."""
    return f'<p style="margin:14px 0 0;font-size:12px">{shown(sentence)}</p>'
