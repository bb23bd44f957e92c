"""Reads a PDF the way a search does: its words in reading order."""

from __future__ import annotations

import io

from pypdf import PdfReader


def read(pdf: bytes) -> PdfReader:
    """The document."""
    return PdfReader(io.BytesIO(pdf))


def pages(pdf: bytes) -> list[str]:
    """Each page's words, with one space between them."""
    return [flat(page.extract_text()) for page in read(pdf).pages]


def text(pdf: bytes) -> str:
    """All pages' words."""
    return " ".join(pages(pdf))


def flat(words: str) -> str:
    """With one space between words, wherever lines were broken."""
    return " ".join(words.split())
