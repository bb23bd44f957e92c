"""PDF documents: a template of ours, or as a user has changed it, and the data it shows.

    templates/frame.typ              what all documents share: head, foot, tables
    templates/<document>.typ         one document

Templates get texts as they are to be shown and lay them out; what a figure is, and how it is written, is decided in
Python. So a changed template can hide a figure, but not get one wrong. They are read anew each time. Fonts are those
that Typst brings, and any font file beside the templates; nothing is fetched for ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import typst

from shipsync.errors import TemplateError

TEMPLATES = Path(__file__).parent / "templates"

Paper = Literal["us-letter", "a4"]

# '  ┌─ shipsync/documents/templates/frame.typ:12:4' in what Typst says of an error.
_PLACE = re.compile(r"┌─ .*?([^/\\\s]+\.typ:[0-9]+)")

# Signs that turn the direction of all that follows, so that a name could mirror the figures beside it.
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# Typst keeps what it worked out until it has made so many more documents. Of a report of 60 products that is 25 MB, and
# 500 MB after twenty of them; making empty ones (10 ms, measured) lets go of it.
_KEPT_FOR = 11
_NO_FONTS = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False)

# What people who hear a document need: titles, reading order, texts in the place of charts.
_ACCESSIBLE: Literal["ua-1"] = "ua-1"
_NOT_ACCESSIBLE = "PDF/UA-1 error"


def typeset(template: str, data: Mapping[str, object], made_at: datetime, *, templates: Path = TEMPLATES) -> bytes:
    """The PDF of a template, 'weekly_report.typ', with its data. The same data give the same bytes.

    `data` reaches the template as JSON; texts in it are text, whatever signs they hold. `made_at` becomes the PDF's
    date. The PDF is an accessible one (PDF/UA-1), unless the template or a letter that no font has forbids it. Raises
    TemplateError for a template that is missing or wrong.
    """
    path = templates / template
    if not path.is_file():
        raise TemplateError(template, "there is no such file")
    try:
        try:
            return _compile(path, data, made_at, _ACCESSIBLE)
        except typst.TypstError as error:
            if not error.message.startswith(_NOT_ACCESSIBLE):
                raise
            return _compile(path, data, made_at, None)
    except typst.TypstError as error:
        place = _PLACE.search(error.diagnostic)
        raise TemplateError(place[1] if place else template, error.message) from error
    finally:
        _let_go()


def _compile(path: Path, data: Mapping[str, object], made_at: datetime, standard: Literal["ua-1"] | None) -> bytes:
    return typst.compile(
        path,
        root=path.parent,
        font_paths=[path.parent],
        ignore_system_fonts=True,  # else the same report would differ from machine to machine
        sys_inputs={"data": json.dumps(data, ensure_ascii=False).translate(_TURNING)},
        timestamp=int(made_at.timestamp()),
        pdf_standards=standard,
        format="pdf",
    )


def _let_go() -> None:
    for _ in range(_KEPT_FOR):
        typst.compile(b"", font_paths=_NO_FONTS, format="svg")
