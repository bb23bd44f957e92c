"""What every document carries of the firm: its name, and the paper it is set for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

Paper = Literal["us-letter", "a4"]

# Names of `settings`, and what is taken while nobody has set them.
FIRM = "firm"
PAPER = "paper"
PAPERS: Mapping[Paper, str] = {"us-letter": "US Letter", "a4": "A4"}  # on screen
DEFAULT_PAPER: Paper = "us-letter"

LONGEST_FIRM = 80  # characters: one line of a page's head


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The head of a document."""

    firm: str | None  # None: nobody has said its name
    paper: Paper


def letterhead(firm: str | None, paper: str | None) -> Letterhead:
    """Read the two settings; None for one that nobody has set. Raises ValueError with a sentence."""
    return Letterhead(firm or None, paper_called(paper or DEFAULT_PAPER))


def paper_called(text: str) -> Paper:
    """'a4' as a kind of paper. Raises ValueError with a sentence."""
    name = text.strip().lower()
    if name not in PAPERS:
        raise ValueError(f"There is no paper '{text}' here. Choose one of: {', '.join(PAPERS)}.")
    return cast(Paper, name)
